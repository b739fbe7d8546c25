"""Labelling a history by its own later fixes, with a real git."""

from pathlib import Path

import pytest
from real_git import RealGit

from earmark.policy import calibrate
from earmark.risk.calibration import parse

BODY = "def total(cart):\n    tax = 2\n    return sum(cart)\n"


def test_a_commit_whose_lines_a_later_fix_takes_away_is_bad(
    git: RealGit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = git.commit("Start", {"app/a.py": BODY, "README.md": "one\n"})
    second = git.commit("Halve", {"app/a.py": BODY.replace("sum(cart)", "sum(cart) / 2")})
    third = git.commit("Add", {"app/b.py": "x = 1\n"})
    git.commit("Words", {"README.md": "two\n"})
    fix = git.commit("Fix the total", {"app/a.py": BODY.replace("sum(cart)", "sum(cart) / 3"), "README.md": "three\n"})
    kept = tmp_path / "kept.jsonl"
    assert calibrate.main(["--write", str(kept), str(git.top)]) == 0
    labels = {row.commit: row.bad for row in parse(kept.read_text())}
    assert labels == {first: False, second: True, third: False, fix: False}
    said = capsys.readouterr().out
    assert "4 commits, 1 bad (25.0%)" in said
    assert "fitted weight" in said
    assert calibrate.main([str(kept)]) == 0
    assert capsys.readouterr().out == said


def test_what_is_neither_is_said(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="neither a repository nor a file"):
        calibrate.main([str(tmp_path / "nowhere")])
