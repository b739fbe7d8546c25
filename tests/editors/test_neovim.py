"""Neovim 0.11 and 0.10, headless but real, with the plugin and the real server."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import neovim
import pytest
import terminal
from neovim import Installed, Neovim
from project import BASE, RISKY, Project
from wire import Wire, interpreter

# Lines of the project's shop.py that the assistant wrote, 1-based.
WRITTEN = list(range(10, 18))
# The promise of DESIGN §6 for changes that another process records.
SOON = 0.5
CODES = "return vim.tbl_map(function(d) return d.code end, vim.diagnostic.get(0))"


Reached = Callable[[str, str, str], None]


@pytest.fixture(scope="module", params=["Neovim 0.11", "Neovim 0.10"])
def nvim(request: pytest.FixtureRequest, editors: Path, other_editors: Path) -> Installed:
    """Each Neovim that the plugin is for."""
    return neovim.installed(other_editors)[request.param]


@pytest.fixture(scope="module")
def shared(nvim: Installed, project: Project) -> Iterator[Neovim]:
    """One Neovim for the tests that only look."""
    with neovim.running(nvim, project, "shop.py") as editor:
        editor.wait_signs(WRITTEN)
        yield editor


def test_ai_lines_have_a_sign_and_are_counted(shared: Neovim, nvim: Installed, reached: Reached) -> None:
    assert shared.lua("return require('earmark').statusline()") == f"AI {len(WRITTEN)}/17"
    reached(nvim.name, "regions", "signs")


def test_the_screen_shows_signs_and_risks(nvim: Installed, project: Project, tmp_path: Path) -> None:
    command = [part for part in neovim.arguments(nvim, "shop.py") if part != "--headless"]
    settings = project.environment | {"EARMARK_PYTHON": str(interpreter(tmp_path))}
    with terminal.running(tmp_path, command, project.top, settings) as screen:
        screen.wait_text("▎ def rate(country):", "W   ")
        screen.keep(nvim.name.lower().replace(" ", "-"))


def test_a_risky_line_has_a_diagnostic(shared: Neovim, nvim: Installed, reached: Reached) -> None:
    codes = shared.wait("diagnostics", CODES, lambda found: len(found) >= 3)
    assert "py-http-no-timeout" in codes
    severities = shared.lua("return vim.tbl_map(function(d) return d.severity end, vim.diagnostic.get(0))")
    assert set(severities) == {2}, "in AI text a risk is a warning"
    reached(nvim.name, "risk", "a diagnostic")


def test_the_rule_of_a_line_is_explained(shared: Neovim, nvim: Installed, reached: Reached) -> None:
    shared.wait("diagnostics", CODES)
    shared.lua("vim.cmd('15EarmarkExplain')")
    page = shared.wait("the page", FLOATING)
    assert "py-http-no-timeout" in page
    reached(nvim.name, "explain", ":EarmarkExplain")


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
def test_what_another_process_records_appears_at_once(
    nvim: Installed, tmp_path: Path, first: str, reached: Reached
) -> None:
    project = Project(tmp_path)
    project.commit("Add shipping rates", shop__py=BASE)
    with neovim.running(nvim, project, "shop.py") as editor:
        editor.wire.wait_call("textDocument/publishDiagnostics", "server")
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
        reached(nvim.name, "live", "at once")


ACCEPT = """
local line = {line}
local text = {{ {text} }}
vim.api.nvim_win_set_cursor(0, {{ line, 0 }})
local insert = function() vim.api.nvim_buf_set_text(0, line - 1, {column}, line - 1, {end_column}, text) end
local accept = {how}
require('earmark').accepting(accept, {{ tool = 'Probe', model = 'probe-1' }})()
"""


@pytest.mark.parametrize("how", ["insert", "function() vim.schedule(insert) end"])
def test_an_accepted_completion_belongs_to_its_tool(
    nvim: Installed, tmp_path: Path, how: str, reached: Reached
) -> None:
    project = Project(tmp_path)
    project.commit("Add prices", prices__py="# Größe 😀: pr\nVAT = 0.19\n")
    with neovim.running(nvim, project, "prices.py") as editor:
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
        project.wait_kinds("prices.py", ["ai", "unknown"])
        reached(nvim.name, "completion", "earmark.accepting")


TEXT_OF_FIRST_REGION = """
local encoding = vim.lsp.get_clients({ name = 'earmark' })[1].offset_encoding
local function byte(position)
  local line = vim.api.nvim_buf_get_lines(0, position.line, position.line + 1, false)[1] or ''
  return encoding == 'utf-8' and position.character or vim.str_byteindex(line, position.character, true)
end
local range = require('earmark.regions').of()[1].range
return table.concat(vim.api.nvim_buf_get_text(
  0, range.start.line, byte(range.start), range['end'].line, byte(range['end']), {}), '\\n')
"""


def test_a_person_can_say_they_wrote_it(nvim: Installed, tmp_path: Path, reached: Reached) -> None:
    project = Project(tmp_path)
    project.commit("Add shipping rates", shop__py=BASE)
    project.ai_edit("shop.py", "    return sum(prices)\n", "    return sum(prices)\n" + RISKY)
    project.earmark("trust")
    with neovim.running(nvim, project, "shop.py") as editor:
        editor.wait_signs(WRITTEN)
        editor.lua("vim.cmd('10,17EarmarkMark human I typed this myself')")
        editor.wait_signs([])
        reached(nvim.name, "mark", ":EarmarkMark")


def test_a_commit_message_gets_its_trailers(nvim: Installed, tmp_path: Path, reached: Reached) -> None:
    project = Project(tmp_path)
    project.commit("Add shipping rates", shop__py=BASE)
    project.ai_edit("shop.py", "    return sum(prices)\n", "    return sum(prices)\n" + RISKY)
    project.earmark("trust")
    project.git("add", "-A")
    script = tmp_path / "commit.lua"
    script.write_text(COMMIT)
    editor = shlex.join(neovim.arguments(nvim, "-S", str(script)))
    project.git("commit", GIT_EDITOR=editor, EARMARK_PYTHON=str(interpreter(tmp_path)))
    Wire(tmp_path).hold_to_protocol()
    message = project.git("log", "-1", "--format=%B")
    assert message.startswith("Ask the carrier for its rates\n\nAI-Assisted: yes\n"), message
    assert project.git("log", "-1", "--format=%(trailers:key=AI-Assisted,valueonly)") == "yes"
    reached(nvim.name, "tag", ":EarmarkTag")
    reached(nvim.name, "commit", "yes")


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


def test_nothing_in_the_workspace_decides_what_runs(nvim: Installed, tmp_path: Path) -> None:
    project = Project(tmp_path)
    ran = tmp_path / "ran"
    hostile = f"open({str(ran)!r}, 'a').write('x')\n"
    project.commit("Be hostile", shop__py=BASE, earmark__py=hostile, json__py=hostile, sitecustomize__py=hostile)
    with neovim.running(nvim, project, "shop.py") as editor:
        editor.wait("the server", "return #vim.lsp.get_clients({ bufnr = 0 }) == 1")
        editor.lua("vim.cmd('checkhealth earmark')")
    assert not ran.exists()


def test_a_missing_server_is_named_once(nvim: Installed, project: Project, reached: Reached) -> None:
    with neovim.running(nvim, project, "shop.py", EARMARK_PYTHON="/nowhere/python") as editor:
        said = editor.wait("the message", "return vim.fn.execute('messages')", lambda text: "Earmark" in text)
        assert said.count("Earmark is not running") == 1
        assert 'EARMARK_PYTHON names "/nowhere/python"' in said
        refused = editor.lua("return select(2, pcall(vim.cmd, 'EarmarkTag'))")
        assert "EARMARK_PYTHON names" in refused
        reached(nvim.name, "missing", "a message, :checkhealth")


def written(folder: Path) -> Project:
    """A trusted project in which an assistant has just written the risky function."""
    project = Project(folder)
    project.commit("Add shipping rates", shop__py=BASE)
    project.ai_edit("shop.py", "    return sum(prices)\n", "    return sum(prices)\n" + RISKY)
    project.earmark("trust")
    return project


def test_hover_says_who_and_why(shared: Neovim, nvim: Installed, reached: Reached) -> None:
    shared.lua("vim.api.nvim_win_set_cursor(0, { 12, 5 })")
    shared.wait_after("vim.lsp.buf.hover()", FLOATING, lambda page: "Written by AI" in page and "Still open" in page)
    reached(nvim.name, "hover", "vim.lsp.buf.hover")
    reached(nvim.name, "open", "vim.lsp.buf.hover, lens")


def test_the_queue_begins_with_the_riskiest(shared: Neovim, nvim: Installed, reached: Reached) -> None:
    listed = "return vim.tbl_map(function(i) return { i.lnum, i.text } end, vim.fn.getqflist())"
    items = shared.wait_after("vim.cmd('EarmarkQueue')", listed, lambda found: len(found) >= 3)
    assert items[0][0] == 13 and "py-retry-unbounded" in items[0][1]
    shared.lua("vim.cmd('cclose')")
    reached(nvim.name, "queue", ":EarmarkQueue, quickfix")


PICK = """
vim.ui.select = function(items, options, on_choice)
  for _, item in ipairs(items) do
    local text = options.format_item and options.format_item(item) or tostring(item)
    if text:find(%s, 1, true) then
      return on_choice(item)
    end
  end
  on_choice(nil)
end
vim.ui.input = function(_, on_confirm) on_confirm('the caller retries') end
"""


def test_actions_fix_and_suppress(nvim: Installed, tmp_path: Path, reached: Reached) -> None:
    with neovim.running(nvim, written(tmp_path), "shop.py") as editor:
        editor.wait("diagnostics", CODES, lambda found: "py-http-no-timeout" in found)
        for line, column, title, done, what in (
            (15, 20, "Give up after 30 seconds", "timeout=30", "fix"),
            (16, 9, "suppress", "ignore[py-bare-except-pass] the caller retries", "suppress"),
        ):
            editor.lua(f"vim.api.nvim_win_set_cursor(0, {{ {line}, {column} }}) " + PICK % f"'{title}'")
            editor.lua("vim.lsp.buf.code_action()")
            editor.wait(what, f"return vim.fn.search([[\\V{done}]], 'nw') > 0")
            reached(nvim.name, what, "vim.lsp.buf.code_action")
        editor.wait("what is left", CODES, lambda found: set(found) <= {"py-retry-unbounded"})


def test_a_stale_lens_still_tags_the_next_commit(nvim: Installed, tmp_path: Path, reached: Reached) -> None:
    project = written(tmp_path)
    project.git("add", "-A")
    with neovim.running(nvim, project, "shop.py") as editor:
        editor.wait_signs(WRITTEN)
        lenses = (
            "return vim.tbl_map(function(lens) return lens.range.start.line + 1 end,"
            " vim.lsp.codelens.get(vim.api.nvim_get_current_buf()))"
        )
        line = editor.wait_after("vim.lsp.codelens.refresh({ bufnr = 0 })", lenses, bool)[0]
        editor.lua(
            PICK % "'declare'" + "vim.api.nvim_buf_set_lines(0, 0, 3, false, {}) "
            f"vim.api.nvim_win_set_cursor(0, {{ {line}, 0 }}) vim.lsp.codelens.run()"
        )
        tagged = editor.wire.wait_call("window/showMessage", "server")["params"]["message"]
        assert "the next commit will declare it" in tagged
        reached(nvim.name, "stale", "yes")
        reached(nvim.name, "next", "lens, :EarmarkTag")
        editor.lua("vim.cmd('EarmarkReview')")
        editor.wait("an answer", "return vim.fn.execute('messages')", lambda said: "HEAD adds nothing to main" in said)
        reached(nvim.name, "review", ":EarmarkReview")


def test_undo_and_redo_of_a_completion(nvim: Installed, tmp_path: Path, reached: Reached) -> None:
    project = Project(tmp_path)
    project.commit("Add prices", prices__py="VAT = 0.19\n")
    with neovim.running(nvim, project, "prices.py") as editor:
        editor.wait("the server", "return #vim.lsp.get_clients({ bufnr = 0 }) == 1")
        text = "'# 😀', 'NET = 100', ''"
        editor.lua(ACCEPT.format(line=1, column=0, end_column=0, how="insert", text=text))
        editor.wait_signs([1, 2])
        editor.lua("vim.cmd('silent undo')")
        editor.wait_signs([])
        editor.lua("vim.cmd('silent redo')")
        editor.wait_signs([1, 2])
        reached(nvim.name, "undo", "yes")


def test_a_reload_and_a_formatter_keep_the_owner(nvim: Installed, tmp_path: Path, reached: Reached) -> None:
    project = written(tmp_path)
    with neovim.running(nvim, project, "shop.py") as editor:
        editor.wait_signs(WRITTEN)
        project.git("stash", "-q")
        editor.lua("vim.cmd('silent edit!')")
        editor.wait_signs([])
        project.git("stash", "pop", "-q")
        editor.lua("vim.cmd('silent edit!')")
        editor.wait_signs(WRITTEN)
        reached(nvim.name, "reload", "yes")
        editor.lua(
            "vim.api.nvim_create_autocmd('BufWritePre', { buffer = 0, command = '%s/(country)/( country )/e' })"
            " vim.api.nvim_buf_set_lines(0, 0, 0, false, { '# Rates' }) vim.cmd('silent write')"
        )
        editor.wait_signs([line + 1 for line in WRITTEN])
        assert "rate( country )" in (project.top / "shop.py").read_text()
        ai = [(r["start"], r["end"]) for r in project.blame("shop.py") if r["kind"] == "ai"]
        assert ai == [(WRITTEN[0] + 1, WRITTEN[-1] + 1)]
        reached(nvim.name, "format", "yes")
