"""A real `git commit` that waits for its message: in Neovim, and in VS Code's own commit editor."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import neovim
import pytest
import workbench
from neovim import Neovim
from project import BASE, RISKY, Project

SUBJECT = "Ask the carrier for its rates"
SIGNED = "Co-Authored-By: Claude <noreply@anthropic.com>"
MESSAGE = ".git/COMMIT_EDITMSG"
MEND = "Earmark: write the trailers and mend this message"


@pytest.fixture
def staged(tmp_path: Path) -> Project:
    """An assistant's function is staged, and our hooks are installed."""
    project = Project(tmp_path)
    project.commit("Add shipping rates", shop__py=BASE)
    project.ai_edit("shop.py", "    return sum(prices)\n", "    return sum(prices)\n" + RISKY)
    project.earmark("init", "--git-hooks", "--yes")
    project.git("add", "shop.py")
    return project


def block_of(project: Project) -> str:
    """What the staged change declares, as the command line has it."""
    return project.earmark("tag", "--dry-run")


@contextmanager
def committing(editors: Path, project: Project, where: Path) -> Iterator[Neovim]:
    """Neovim as git's editor, while git waits for it."""
    editor = Neovim(editors / "venv" / "bin" / "nvim", project, where)
    plugin = ["--cmd", f"set runtimepath^={neovim.PLUGIN}"]
    start = [str(editor.program), "--clean", "--headless", "-n", *plugin, "--listen", str(editor.socket)]
    environment = project.environment | {"GIT_EDITOR": shlex.join(start)}
    command = ["git", "-C", str(project.top), "commit", "-q"]
    with workbench.group(command, environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as git:
        workbench.wait("git opens its editor", lambda: editor.socket.exists() or git.poll() is not None)
        yield editor
        assert git.wait(neovim.LIMIT) == 0


DIAGNOSTICS = "return vim.tbl_map(function(d) return { d.code, d.lnum, d.message } end, vim.diagnostic.get(0))"
LABELS = """
vim.api.nvim_buf_set_lines(0, 3, 4, true, { 'AI-' })
local params = vim.lsp.util.make_position_params(0, 'utf-8')
params.position = { line = 3, character = 3 }
local answers = vim.lsp.buf_request_sync(0, 'textDocument/completion', params, 15000)
vim.api.nvim_buf_set_lines(0, 3, 4, true, { '' })
local labels = {}
for _, answer in pairs(answers) do
  for _, item in ipairs(answer.result) do table.insert(labels, item.label) end
end
return labels
"""


def test_neovim(editors: Path, staged: Project, tmp_path: Path) -> None:
    block = block_of(staged)
    with committing(editors, staged, tmp_path) as editor:
        assert editor.wait("the file type", "return vim.bo.filetype") == "gitcommit"
        shown = editor.lua("return vim.api.nvim_buf_get_lines(0, 0, -1, true)")
        assert [line.removeprefix("# earmark:   ") for line in shown if line.startswith("# earmark:   ")] == (
            block.splitlines()
        ), "the preview is what is written"
        editor.wait("the server", "return #vim.lsp.get_clients({ bufnr = 0 }) == 1")
        editor.lua(f"vim.api.nvim_buf_set_lines(0, 0, 1, true, {{ '{SUBJECT}', '', '{SIGNED}', '', '' }})")
        found = editor.wait("the signature", DIAGNOSTICS)
        assert [(code, line) for code, line, _ in found] == [("assistant-signature", 2)], "the preview stands"
        assert set(block.splitlines()[1:]) <= set(editor.lua(LABELS))
        editor.lua("vim.cmd('silent g/^# earmark:/d _')")
        found = editor.wait("the diagnostics", DIAGNOSTICS, lambda found: len(found) == 2)
        [missing] = [message for code, line, message in found if (code, line) == ("undeclared-ai", 0)]
        assert missing.endswith(block.rstrip("\n"))
        editor.lua(f"vim.lsp.buf.code_action({{ apply = true, filter = function(a) return a.title == '{MEND}' end }})")
        editor.wait("the message is mended", DIAGNOSTICS, lambda found: found == [])
        editor.lua("vim.schedule(function() vim.cmd('wqall') end)")
    assert staged.git("log", "-1", "--format=%B") == f"{SUBJECT}\n\n{block}".strip()


def test_vscode(editors: Path, staged: Project, tmp_path: Path) -> None:
    block = block_of(staged)
    settings = {"editor.acceptSuggestionOnEnter": "off", "git.useEditorAsCommitInput": True}
    with workbench.running(editors, staged, tmp_path / "code", staged.top / "shop.py", settings=settings) as code:
        code.run("Git: Commit")
        code.page("waitFor", workbench.tab("COMMIT_EDITMSG"))
        code.page("waitForText", ".view-line", "# earmark: declare")
        code.page("type", f"{SUBJECT}\n\n{SIGNED}\n")
        [signed] = code.wait_diagnostics(MESSAGE, 1)
        assert (signed["code"], signed["line"]) == ("assistant-signature", 2)
        code.page("type", "AI-R")
        code.page("waitForText", ".suggest-widget .monaco-list-row", "AI-Risk: ")
        code.page("press", "Escape")
        for _ in "AI-R":
            code.page("press", "Backspace")
        code.act(MEND)
        workbench.wait("the message is mended", lambda: not code.api("diagnostics", code.path(MESSAGE)))
        code.keep_screen()
        code.api("execute", "workbench.action.files.save")
        code.api("execute", "git.commitMessageAccept")
        workbench.wait("the commit is made", lambda: staged.git("log", "-1", "--format=%s") == SUBJECT)
    assert staged.git("log", "-1", "--format=%B") == f"{SUBJECT}\n\n{block}".strip()
