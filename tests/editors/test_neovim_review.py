"""A review in Neovim: the request is a file that is read and written in, then sent by an answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import neovim
import pytest
from neovim import Installed, Neovim
from reviewing import SHOWN, Review, under_review

# Answers every question with its first choice, and keeps what was asked.
FIRST = "vim.ui.select = function(items, options, done) ASKED = options.prompt; done(items[1], 1) end"
LENSES = """
vim.lsp.codelens.refresh({ bufnr = 0 })
local found = vim.lsp.codelens.get(0)
return vim.tbl_map(function(lens) return lens.command and lens.command.title or "" end, found)
"""


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Review]:
    with under_review(tmp_path_factory.mktemp("review")) as found:
        yield found


@pytest.fixture(scope="module")
def editor(editors: Path, review: Review) -> Iterator[Neovim]:
    newest = editors / "venv" / "bin" / "nvim"
    with neovim.running(Installed("Neovim 0.11", (str(newest),), newest), review.project, SHOWN) as found:
        yield found


def test_the_request_is_read_before_it_is_sent_and_its_state_shows(editor: Neovim, review: Review) -> None:
    pending = "Review: not reviewed, and not asked for from here"
    editor.wait("the lens", LENSES, lambda found: pending in found)
    editor.lua(f"{FIRST}\nvim.cmd('EarmarkReview')")
    page = "return vim.fn.bufname() .. '\\n' .. table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\\n')"
    shown = editor.wait("the page", page, lambda text: "review-request.md" in text.partition("\n")[0])
    assert "### Risk:" in shown
    asked = editor.wait("the question", "return ASKED or ''")
    assert "send the review request “Keep trying to charge” to Grace Example" in asked
    editor.wait("the request", "return true", lambda _: review.forge.told == {"grace": 1, "orders": 1})
    assert len(review.forge.pulls) == 1
    editor.lua(f"vim.cmd.edit('{SHOWN}')")
    editor.wait("its state", LENSES, lambda found: "Review: waits for grace, orders" in found)
