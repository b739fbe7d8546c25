"""The part in AGENTS.md and CLAUDE.md: written once, brought up to date, taken out without a trace."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.origin.agents import instructions
from earmark.origin.agents.files import InstallError
from earmark.origin.agents.install import apply

LINES = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=8), max_size=5)


@given(LINES, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_taking_it_out_gives_every_byte_back(lines: list[str], line_end: str, ends: bool) -> None:
    text = line_end.join(lines) + (line_end if ends else "")
    written = instructions.merged(text)
    assert written.startswith(text)
    assert "earmark status --json" in written
    assert instructions.merged(written) == written
    assert instructions.without(written) == text


def test_the_line_ends_of_the_file_are_kept() -> None:
    written = instructions.merged("# Shop\r\n")
    assert written.count("\n") == written.count("\r\n")


def test_a_part_of_another_version_is_replaced_where_it_stands() -> None:
    written = instructions.merged("before\n") + "after\n"
    old = written.replace("earmark status --json", "earmark status")
    assert instructions.merged(old) == written
    assert instructions.without(written) == "before\nafter\n"


def test_half_a_part_is_left_alone(tmp_path: Path) -> None:
    half = instructions.merged("").replace("<!-- earmark: end -->", "")
    with pytest.raises(InstallError, match="missing"):
        instructions.without(half)
    (tmp_path / "AGENTS.md").write_text(half)
    [change] = instructions.plan(str(tmp_path), ["auto"], undo=False)
    assert "AGENTS.md: one of Earmark's two marks is missing" in change.problem


@pytest.mark.parametrize(
    ("there", "written"),
    [
        ([], ["AGENTS.md"]),
        (["CLAUDE.md"], ["CLAUDE.md"]),
        (["AGENTS.md", ".github/copilot-instructions.md"], [".github/copilot-instructions.md", "AGENTS.md"]),
    ],
)
def test_auto_means_the_files_that_are_there(
    tmp_path: Path, there: list[str], written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path.parent / "config"))
    for name in there:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("# Shop\n")
    apply(instructions.plan(str(tmp_path), ["auto"], undo=False))
    found = [path for path in sorted(tmp_path.rglob("*")) if path.is_file()]
    assert [str(path.relative_to(tmp_path)) for path in found] == written
    assert all("obligations" in path.read_text() for path in found)
    assert instructions.plan(str(tmp_path), ["auto"], undo=False) == []
    apply(instructions.plan(str(tmp_path), ["auto"], undo=True))
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()) == sorted(there)
    assert {path.read_text() for path in found if path.exists()} <= {"# Shop\n"}


def test_a_link_out_of_the_repository_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text("mine\n")
    top = tmp_path / "shop"
    top.mkdir()
    (top / "CLAUDE.md").symlink_to(outside)
    [change] = instructions.plan(str(top), ["auto"], undo=False)
    assert "leads out of the repository" in change.problem
    assert outside.read_text() == "mine\n"
