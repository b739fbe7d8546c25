"""Neovim 0.11, headless but real, with the plugin and the real server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import neovim
import pytest
from neovim import Neovim
from project import BASE, RISKY, Project

# Lines of the project's shop.py that the assistant wrote, 1-based.
WRITTEN = list(range(10, 18))
# The promise of DESIGN §6 for changes that another process records.
SOON = 0.5
CODES = "return vim.tbl_map(function(d) return d.code end, vim.diagnostic.get(0))"


@pytest.fixture(scope="module")
def shared(editors: Path, project: Project) -> Iterator[Neovim]:
    """One Neovim for the tests that only look."""
    with neovim.running(editors, project, "shop.py") as editor:
        editor.wait_signs(WRITTEN)
        yield editor


def test_ai_lines_have_a_sign_and_are_counted(shared: Neovim) -> None:
    assert shared.lua("return require('earmark').statusline()") == f"AI {len(WRITTEN)}/17"


def test_a_risky_line_has_a_diagnostic(shared: Neovim) -> None:
    codes = shared.wait("diagnostics", CODES, lambda found: len(found) >= 3)
    assert "py-http-no-timeout" in codes
    severities = shared.lua("return vim.tbl_map(function(d) return d.severity end, vim.diagnostic.get(0))")
    assert set(severities) == {2}, "in AI text a risk is a warning"


def test_the_rule_of_a_line_is_explained(shared: Neovim) -> None:
    shared.wait("diagnostics", CODES)
    shared.lua("vim.cmd('15EarmarkExplain')")
    page = shared.wait("the page", FLOATING)
    assert "py-http-no-timeout" in page


FLOATING = """
for _, window in ipairs(vim.api.nvim_list_wins()) do
  if vim.api.nvim_win_get_config(window).relative ~= '' then
    return table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, true), '\\n')
  end
end
return ''
"""


def test_the_next_region_is_found_from_anywhere(shared: Neovim) -> None:
    for start in (1, 12):
        shared.lua(f"vim.api.nvim_win_set_cursor(0, {{ {start}, 0 }}) vim.cmd('EarmarkNext')")
        assert shared.lua("return vim.api.nvim_win_get_cursor(0)") == [10, 0]


def test_versions_without_lsp_config_are_served(editors: Path, project: Project) -> None:
    with neovim.running(editors, project, "shop.py", "lua vim.lsp.config = nil") as editor:
        editor.wait_signs(WRITTEN)


def test_the_health_check_names_the_server(shared: Neovim) -> None:
    report = shared.lua(
        "vim.cmd('checkhealth earmark') local text = vim.api.nvim_buf_get_lines(0, 0, -1, true)"
        " vim.cmd('bdelete') return table.concat(text, '\\n')"
    )
    assert "earmark 0." in report and "The server runs for" in report and "ERROR" not in report


def test_the_help_has_every_command(shared: Neovim) -> None:
    shared.lua(f"vim.cmd('helptags {neovim.PLUGIN}/doc')")
    try:
        commands = shared.lua("return vim.fn.getcompletion('Earmark', 'command')")
        tags = (neovim.PLUGIN / "doc" / "tags").read_text()
        assert commands and [name for name in commands if f":{name}\t" not in tags] == []
    finally:
        (neovim.PLUGIN / "doc" / "tags").unlink()


@pytest.mark.parametrize("first", ["hook", "reload"])
def test_what_another_process_records_appears_at_once(editors: Path, tmp_path: Path, first: str) -> None:
    project = Project(tmp_path)
    project.commit("Add shipping rates", shop__py=BASE)
    with neovim.running(editors, project, "shop.py") as editor:
        editor.wait("the server", "return #vim.lsp.get_clients({ bufnr = 0 }) == 1")
        editor.lua(
            "vim.api.nvim_create_autocmd('User', { pattern = 'EarmarkRegions', callback = function()"
            " if #require('earmark.regions').of() > 0 and not Seen then Seen = vim.uv.hrtime() end end })"
        )

        def reload() -> None:
            editor.lua("vim.cmd('checktime')")

        project.ai_edit(
            "shop.py", "    return sum(prices)\n", "    return sum(prices)\n" + RISKY,
            written=reload if first == "reload" else None,
        )  # fmt: skip
        if first == "hook":
            reload()
        done = time.monotonic_ns()
        editor.wait_signs(WRITTEN)
        assert (editor.lua("return Seen") - done) / 1e9 < SOON


ACCEPT = """
local line = {line}
local text = {{ {text} }}
vim.api.nvim_win_set_cursor(0, {{ line, 0 }})
local insert = function() vim.api.nvim_buf_set_text(0, line - 1, {column}, line - 1, {end_column}, text) end
local accept = {how}
require('earmark').accepting(accept, {{ tool = 'Probe', model = 'probe-1' }})()
"""


@pytest.mark.parametrize("how", ["insert", "function() vim.schedule(insert) end"])
def test_an_accepted_completion_belongs_to_its_tool(editors: Path, tmp_path: Path, how: str) -> None:
    project = Project(tmp_path)
    project.commit("Add prices", prices__py="# Größe 😀: pr\nVAT = 0.19\n")
    with neovim.running(editors, project, "prices.py") as editor:
        editor.wait("the server", "return #vim.lsp.get_clients({ bufnr = 0 }) == 1")
        # "pr" was typed; the completion repeats it and goes on.
        column = len("# Größe 😀: ".encode())
        text = "'prices below', 'NET = 100', 'GROSS = NET'"
        editor.lua(ACCEPT.format(line=1, column=column, end_column=column + 2, how=how, text=text))
        editor.wait_signs([1, 2, 3])
        [region] = editor.lua("return require('earmark.regions').of()")
        assert (region["tool"], region["model"], region["kind"]) == ("Probe", "probe-1", "ai")
        assert editor.lua(TEXT_OF_FIRST_REGION) == "ices below\nNET = 100\nGROSS = NET"
        editor.lua("vim.cmd('silent write')")
        ranges = editor.project.blame("prices.py")
        assert [r["kind"] for r in ranges] == ["ai", "unknown"]


TEXT_OF_FIRST_REGION = """
local range = require('earmark.regions').of()[1].range
return table.concat(vim.api.nvim_buf_get_text(
  0, range.start.line, range.start.character, range['end'].line, range['end'].character, {}), '\\n')
"""


def test_a_person_can_say_they_wrote_it(editors: Path, tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.commit("Add shipping rates", shop__py=BASE)
    project.ai_edit("shop.py", "    return sum(prices)\n", "    return sum(prices)\n" + RISKY)
    project.earmark("trust")
    with neovim.running(editors, project, "shop.py") as editor:
        editor.wait_signs(WRITTEN)
        editor.lua("vim.cmd('10,17EarmarkMark human I typed this myself')")
        editor.wait_signs([])


def test_a_commit_message_gets_its_trailers(editors: Path, tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.commit("Add shipping rates", shop__py=BASE)
    project.ai_edit("shop.py", "    return sum(prices)\n", "    return sum(prices)\n" + RISKY)
    project.earmark("trust")
    project.git("add", "-A")
    script = tmp_path / "commit.lua"
    script.write_text(COMMIT)
    editor = " ".join(f"'{part}'" for part in neovim.arguments(editors / "venv/bin/nvim", "-S", str(script)))
    project.git("commit", GIT_EDITOR=editor)
    message = project.git("log", "-1", "--format=%B")
    assert message.startswith("Ask the carrier for its rates\n\nAI-Assisted: yes\n"), message
    assert project.git("log", "-1", "--format=%(trailers:key=AI-Assisted,valueonly)") == "yes"


COMMIT = """
local function wait(what, done)
  if not vim.wait(15000, done, 20) then
    vim.cmd('cquit 1')
  end
end
assert(vim.bo.filetype == 'gitcommit', vim.bo.filetype)
vim.api.nvim_buf_set_lines(0, 0, 1, true, { 'Ask the carrier for its rates' })
wait('the server', function() return #vim.lsp.get_clients({ bufnr = 0 }) == 1 end)
vim.cmd('EarmarkTag')
wait('the trailers', function() return vim.fn.search('^AI-Assisted: yes$', 'nw') > 0 end)
vim.cmd('wqall')
"""


def test_nothing_in_the_workspace_decides_what_runs(editors: Path, tmp_path: Path) -> None:
    project = Project(tmp_path)
    ran = tmp_path / "ran"
    hostile = f"open({str(ran)!r}, 'a').write('x')\n"
    project.commit("Be hostile", shop__py=BASE, earmark__py=hostile, json__py=hostile, sitecustomize__py=hostile)
    with neovim.running(editors, project, "shop.py") as editor:
        editor.wait("the server", "return #vim.lsp.get_clients({ bufnr = 0 }) == 1")
        editor.lua("vim.cmd('checkhealth earmark')")
    assert not ran.exists()


def test_a_missing_server_is_named_once(editors: Path, project: Project) -> None:
    with neovim.running(editors, project, "shop.py", EARMARK_PYTHON="/nowhere/python") as editor:
        said = editor.wait("the message", "return vim.fn.execute('messages')", lambda text: "Earmark" in text)
        assert said.count("Earmark is not running") == 1
        assert 'EARMARK_PYTHON names "/nowhere/python"' in said
        refused = editor.lua("return select(2, pcall(vim.cmd, 'EarmarkTag'))")
        assert "EARMARK_PYTHON names" in refused
