"""Neovim 0.7, which has no plugin of ours: the few lines that its users copy, in the real one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import neovim
from neovim import Installed
from project import BASE, RISKY, Project

Reached = Callable[[str, str, str], None]
NAME = "Neovim 0.7, no plugin"
LINES = neovim.PLUGIN / "older.lua"
CODES = "return vim.tbl_map(function(d) return { d.lnum + 1, d.code } end, vim.diagnostic.get(0))"
HOVER = """
local text = ''
for _, window in ipairs(vim.api.nvim_list_wins()) do
  if vim.api.nvim_win_get_config(window).relative ~= '' then
    text = table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, true), ' ')
  end
end
return text
"""


def test_a_day_in_an_older_neovim(other_editors: Path, editors: Path, tmp_path: Path, reached: Reached) -> None:
    project = Project(tmp_path)
    project.commit("Add shipping rates", shop__py=BASE)
    project.ai_edit("shop.py", "    return sum(prices)\n", "    return sum(prices)\n" + RISKY)
    project.earmark("trust")
    project.git("add", "-A")
    older = Installed(NAME, ("/usr/bin/nvim",), editors / "venv" / "bin" / "nvim")
    with neovim.running(older, project, "shop.py", "let g:earmark = v:false", f"luafile {LINES}") as editor:
        found = editor.wait("diagnostics", CODES, lambda found: len(found) == 4)
        assert [12, "ai-region"] in found and [15, "py-http-no-timeout"] in found
        reached(NAME, "regions", "a diagnostic at their start")
        reached(NAME, "risk", "a diagnostic")
        editor.lua("vim.api.nvim_win_set_cursor(0, { 12, 5 })")
        editor.wait_after("vim.lsp.buf.hover()", HOVER, lambda page: "Written by AI" in page and "Still open" in page)
        reached(NAME, "hover", "vim.lsp.buf.hover")
        reached(NAME, "open", "vim.lsp.buf.hover")
        editor.lua(
            "vim.api.nvim_win_set_cursor(0, { 15, 20 })"
            " vim.ui.select = function(items, _, choose) choose(vim.tbl_filter(function(i)"
            " return i[2].title:find('Give up', 1, true) end, items)[1]) end vim.lsp.buf.code_action()"
        )
        editor.wait("the fix", "return vim.fn.search('timeout=30', 'nw') > 0")
        reached(NAME, "fix", "vim.lsp.buf.code_action")
        editor.lua("vim.cmd('EarmarkTag')")
        said = editor.wire.wait_call("window/showMessage", "server")["params"]["message"]
        assert "the next commit will declare it" in said
        reached(NAME, "next", ":EarmarkTag")
