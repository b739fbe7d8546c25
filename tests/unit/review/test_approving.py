"""`earmark review approve`, and the gate that counts it: over a rebase, per region, by the target's signers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from real_git import RealGit
from request_story import CHARGE, POLICY, RETRIED, Story
from test_approvals import Keys

from earmark.cli.check import run as check
from earmark.cli.review import run
from earmark.review.approvals import REF

SECOND = "\n\ndef refund(order):\n    return provider.refund(order)\n"


class Reviewed(Story):
    """The story with a signer at the target and a reviewer who has the same repository."""

    def __init__(self, git: RealGit, keys: Keys) -> None:
        super().__init__(git)
        git("switch", "-q", "main")
        signers = f"grace@example.com {keys.public('grace')}\neve@example.com {keys.public('eve')}\n"
        git.commit("Signers", {".earmark/allowed_signers": signers})
        git("update-ref", "refs/remotes/origin/main", "HEAD")
        git("switch", "-q", "retry")
        git("rebase", "-q", "main")

    def as_(self, name: str) -> None:
        self.git("config", "user.email", f"{name}@example.com")


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    made = Keys(tmp_path)
    for name in ("grace", "eve", "other"):
        made.make(name)
    return made


@pytest.fixture
def story(git: RealGit, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reviewed]:
    monkeypatch.chdir(git.top)
    told = Reviewed(git, keys)
    told.writes("payments/charge.py", RETRIED)
    told.git.write("tests/test_charge.py", "def test_charge():\n    assert retried\n")
    told.commit("Retry failed charges")
    yield told
    told.ledger.close()


def approve(story: Reviewed, keys: Keys, name: str = "grace", *more: str) -> int:
    story.as_(name)
    code = run(["approve", "--key", str(keys.folder / name), *more])
    story.as_("dev")
    return code


def gaps(capsys: pytest.CaptureFixture[str], given: str = "origin/main..HEAD") -> list[tuple[str, Any]]:
    capsys.readouterr()
    check([given, "--phase", "merge", "--format", "json"])
    out = json.loads(capsys.readouterr().out)
    return [(v["code"], v["lines"]) for v in out["violations"] if v["code"].startswith(("approval", "self"))]


def test_without_an_approval_the_gate_refuses(story: Reviewed, capsys: pytest.CaptureFixture[str]) -> None:
    assert gaps(capsys) == [("approval-missing", None)]


def test_a_signed_approval_is_counted(story: Reviewed, keys: Keys, capsys: pytest.CaptureFixture[str]) -> None:
    assert approve(story, keys) == 0
    assert gaps(capsys) == []
    assert gaps(capsys, "main..retry") == []


def test_it_holds_over_a_rebase_and_an_amend(story: Reviewed, keys: Keys, capsys: Any) -> None:
    approve(story, keys)
    story.git("switch", "-q", "main")
    story.git.commit("Elsewhere", {"README": "x\n", "payments/charge.py": "import provider\n\n\n" + CHARGE})
    story.git("update-ref", "refs/remotes/origin/main", "HEAD")
    story.git("switch", "-q", "retry")
    story.git("rebase", "-q", "main")
    story.git("commit", "-q", "--amend", "-m", "Retry failed charges, again")
    assert gaps(capsys) == []


def test_only_the_region_that_changed_opens_again(story: Reviewed, keys: Keys, capsys: Any) -> None:
    story.writes("payments/charge.py", RETRIED + "\n\n# by hand\n")
    story.git.write("payments/charge.py", RETRIED + "\n\n# by hand: refunds\n")
    story.commit("By hand")
    story.writes("payments/charge.py", RETRIED + "\n\n# by hand: refunds\n" + SECOND)
    story.commit("Refund")
    approve(story, keys)
    assert gaps(capsys) == []
    story.writes("payments/charge.py", RETRIED + "\n\n# by hand: refunds\n" + SECOND.replace("order)\n", "order.id)\n"))
    story.commit("Refund by id")
    ((code, lines),) = gaps(capsys)
    assert code == "approval-stale"
    assert lines[0] > RETRIED.count("\n")


def test_below_the_level_or_by_the_author_it_does_not_count(story: Reviewed, keys: Keys, capsys: Any) -> None:
    approve(story, keys, "eve")
    assert [code for code, _ in gaps(capsys)] == ["approval-level"]
    story.as_("dev")
    assert run(["approve", "--key", str(keys.folder / "grace")]) == 2
    assert "your own approval does not count" in capsys.readouterr().err


def test_a_key_the_target_does_not_name(story: Reviewed, keys: Keys, capsys: pytest.CaptureFixture[str]) -> None:
    assert approve(story, keys, "other") == 1
    assert "does not name this key" in capsys.readouterr().err
    assert [code for code, _ in gaps(capsys)] == ["approval-missing"]


def test_the_change_cannot_name_its_own_signers(story: Reviewed, keys: Keys, capsys: Any) -> None:
    story.git.write(".earmark/allowed_signers", f"grace@example.com {keys.public('other')}\n")
    story.commit("Sign it ourselves")
    story.as_("grace")
    assert run(["approve", "--key", str(keys.folder / "other")]) == 1
    assert "approval-missing" in [code for code, _ in gaps(capsys)]


def test_an_approval_of_another_target_or_expired(story: Reviewed, keys: Keys, capsys: Any, monkeypatch: Any) -> None:
    story.git("branch", "release", "main")
    approve(story, keys, "grace", "--target", "release")
    assert [code for code, _ in gaps(capsys)] == ["approval-stale"]
    approve(story, keys, "grace", "--expires", "1")
    assert gaps(capsys) == []
    import time

    later = time.time() + 2 * 86_400
    monkeypatch.setattr(time, "time", lambda: later)
    assert [code for code, _ in gaps(capsys)] == ["approval-stale"]


def test_what_is_signed_is_shown_first(story: Reviewed, keys: Keys, capsys: pytest.CaptureFixture[str]) -> None:
    assert approve(story, keys, "grace", "--dry-run", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert [(s["path"], s["lines"]) for s in shown["subjects"]] == [("payments/charge.py", [2, 6])]
    assert story.git("for-each-ref", REF) == ""
    assert approve(story, keys, "grace", "--path", "nothing.py") == 2


def test_the_key_git_signs_with(story: Reviewed, keys: Keys, capsys: pytest.CaptureFixture[str]) -> None:
    story.as_("grace")
    assert run(["approve"]) == 2
    assert "which key?" in capsys.readouterr().err
    story.git("config", "gpg.format", "ssh")
    story.git("config", "user.signingkey", str(keys.folder / "grace"))
    assert run(["approve"]) == 0


def test_nothing_is_signed_where_nobody_trusts(story: Reviewed, keys: Keys, capsys: Any) -> None:
    from earmark.git.trust import distrust

    distrust(story.repo)
    assert approve(story, keys) == 2
    assert "earmark trust" in capsys.readouterr().err


def test_the_policy_of_the_story_asks_for_a_senior() -> None:
    assert 'level = "senior"' in POLICY
