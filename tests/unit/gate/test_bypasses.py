"""Ways round the gate, each tried for real, and the violation under which it is found.

`docs/gates.md` has the same table; `test_the_page_tells_of_each` keeps it so.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from gated import RISKY, SAFE, Gated
from test_approvals import Keys

from earmark.commit import install
from earmark.git import trust
from earmark.trailers.message import insert

PAGE = Path(__file__).parents[3] / "docs" / "gates.md"
SENIOR = (
    '[[review]]\nlevel = "senior"\n[[roster.people]]\nname = "Bob"\nemails = ["bob@example.com"]\nlevel = "junior"\n'
)


class Bypass(NamedTuple):
    """`tried`: what somebody does, in words; `found`: the codes it is found under; `policy`: the repository's; `play`
    does it and returns more arguments for `check`, which judges `main..topic` in phase merge."""

    tried: str
    found: str
    play: Callable[[Gated], tuple[str, ...]]
    policy: str = "review = []\n"


def stripped(repo: Gated) -> tuple[str, ...]:
    repo.declared("a.py", SAFE)
    repo.amended(b"Add\n")
    return ()


def not_verified(repo: Gated) -> tuple[str, ...]:
    install.apply(install.plan(repo.repo, python=sys.executable))
    trust.trust(repo.repo)
    repo.assistant("a.py", SAFE)
    editor = repo.write("../editor", "#!/bin/sh\nsed -i '1s/^/Add/' \"$1\"\n")
    editor.chmod(0o755)
    repo("commit", "-q", "--no-verify", GIT_EDITOR=str(editor))
    assert repo.message() == b"Add\n"
    return ()


def another_client(repo: Gated) -> tuple[str, ...]:
    repo.assistant("a.py", SAFE)
    tree = repo("write-tree")
    repo("reset", "-q", "--soft", repo("commit-tree", tree, "-p", "HEAD", "-m", "Add"))
    return ()


def edited_digest(repo: Gated) -> tuple[str, ...]:
    repo.declared("a.py", SAFE)
    message = repo.message()
    at = message.index(b"sha256:") + 7
    repo.amended(message[:at] + b"0" * 64 + message[at + 64 :])
    return ()


def edited_text(repo: Gated) -> tuple[str, ...]:
    repo.declared("a.py", SAFE)
    repo.write("a.py", SAFE.replace("item.price", "item.cost"))
    repo("add", "-A")
    repo.amended(repo.message())
    return ()


def forged_note(repo: Gated) -> tuple[str, ...]:
    repo.declared("a.py", SAFE)
    repo("notes", "--ref=ai", "add", "-f", "-F", "-", "HEAD", input=repo.note().replace("1-5", "1-2").encode())
    return ()


def no_note(repo: Gated) -> tuple[str, ...]:
    repo.declared("a.py", SAFE)
    repo("notes", "--ref=ai", "add", "-f", "-m", "nothing to see", "HEAD")
    return ()


def deleted_note(repo: Gated) -> tuple[str, ...]:
    repo.declared("a.py", SAFE)
    repo("notes", "--ref=ai", "remove", "HEAD")
    return ()


def emptied_note(repo: Gated) -> tuple[str, ...]:
    repo.declared("a.py", SAFE)
    kept = "---\n" + repo.note().partition("---\n")[2]
    repo("notes", "--ref=ai", "add", "-f", "-F", "-", "HEAD", input=kept.encode())
    return ()


def bot(repo: Gated) -> tuple[str, ...]:
    repo.commit("Write", {"a.py": SAFE}, "--author=Cursor <cursoragent@cursor.com>")
    return ()


def co_author(repo: Gated) -> tuple[str, ...]:
    repo.commit("Write\n\nCo-Authored-By: Claude <noreply@anthropic.com>", {"a.py": SAFE})
    return ()


def removed_guard(repo: Gated) -> tuple[str, ...]:
    guarded = "def pay(user):\n    if not user.ok:\n        raise Denied\n    charge(user)\n"
    repo.commit("Write", {"a.py": guarded})
    repo.assistant("a.py", "def pay(user):\n    charge(user)\n")
    repo("commit", "-q", "-m", "Simplify")
    return ()


def said_no(repo: Gated) -> tuple[str, ...]:
    repo.declared("a.py", SAFE)
    repo.amended(b"Add\n\nAI-Assisted: no\n")
    return ()


def lower_risk(repo: Gated) -> tuple[str, ...]:
    repo.declared("a.py", RISKY)
    at = repo.message().index(b"AI-Risk: ")
    end = repo.message().index(b"\n", at)
    repo.amended(repo.message()[:at] + b"AI-Risk: low" + repo.message()[end:])
    return ()


def fewer_lines(repo: Gated) -> tuple[str, ...]:
    repo.declared("a.py", SAFE)
    repo.amended(repo.message().replace(b"AI-Lines: 5/5", b"AI-Lines: 1/5"))
    return ()


def other_tool(repo: Gated) -> tuple[str, ...]:
    repo.declared("a.py", SAFE)
    repo.amended(repo.message().replace(b"Claude:", b"Other:"))
    return ()


def hidden(repo: Gated) -> tuple[str, ...]:
    repo.declared("a.py", SAFE)
    repo.amended(repo.message() + b"one more word\n")
    return ()


def trivial_pieces(repo: Gated) -> tuple[str, ...]:
    lines = SAFE.splitlines(keepends=True)
    for count in range(1, len(lines) + 1):
        repo.assistant("a.py", "".join(lines[:count]))
        repo("commit", "-q", "-m", f"Piece {count}")
    return ()


def budget_pieces(repo: Gated) -> tuple[str, ...]:
    lines = SAFE.splitlines(keepends=True)
    for count in (3, 5):
        repo.declared("a.py", "".join(lines[:count]))
    return ()


def renamed_away(repo: Gated) -> tuple[str, ...]:
    repo.commit("Write", {"deploy/a.py": RISKY})
    repo("mv", "deploy/a.py", "elsewhere.py")
    repo.declared("elsewhere.py", RISKY + "x = 1\ny = 2\nz = 3\n")
    return ()


def weakened_policy(repo: Gated) -> tuple[str, ...]:
    repo.assistant("a.py", SAFE)
    repo.commit("Write", {".earmark.toml": 'review = []\n[declare]\nmode = "ai-only"\n'})
    return ()


def broken_policy(repo: Gated) -> tuple[str, ...]:
    repo.commit("Write", {".earmark.toml": "[declare\n"})
    return ()


def no_policy(repo: Gated) -> tuple[str, ...]:
    """There is no key that names the organisation's policy, so there is none to take out; the file goes as a whole."""
    base = repo.write("../base.toml", '[declare]\nmode = "forbid"\n')
    repo("rm", "-q", ".earmark.toml")
    repo.declared("a.py", SAFE)
    return ("--base-policy", str(base))


def raised_level(repo: Gated) -> tuple[str, ...]:
    """Bob, a junior, makes himself a senior in his change and approves it."""
    trust.trust(repo.repo)
    keys = Keys(repo.top.parent)
    keys.make("bob")
    repo("switch", "-q", "main")
    repo.commit("Signers", {".earmark/allowed_signers": f"bob@example.com {keys.public('bob')}\n"})
    repo("switch", "-q", "-C", "topic")
    repo.assistant("a.py", SAFE)
    raised = SENIOR.replace('level = "junior"', 'level = "senior"')
    repo.write(".earmark.toml", raised)
    repo("add", "-A")
    repo.committed(insert(b"Add\n", repo.block()))
    repo("config", "user.email", "bob@example.com")
    command = [sys.executable, "-m", "earmark", "review", "approve", "main..HEAD", "--key", str(keys.folder / "bob")]
    done = subprocess.run(command, cwd=repo.top, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return ()


ALWAYS = '[declare]\nmode = "always"\n[gate]\nmissing_notes = "fail"\n'
BYPASSES = (
    Bypass("trailers stripped from the message", "undeclared-ai", stripped),
    Bypass("`git commit --no-verify`", "undeclared-ai", not_verified),
    Bypass("a client that runs no hooks", "undeclared-ai", another_client),
    Bypass("the digest edited", "digest-mismatch", edited_digest),
    Bypass("text edited after tagging, under the old note", "digest-mismatch", edited_text),
    Bypass("a note forged to claim fewer lines", "digest-mismatch", forged_note),
    Bypass("a note emptied, the declaration kept", "digest-mismatch", emptied_note),
    Bypass("a note replaced by something else", "notes-invalid", no_note),
    Bypass("a note deleted (`missing_notes = \"fail\"`)", "notes-missing", deleted_note, ALWAYS),
    Bypass("an assistant's own commit, not declared", "undeclared-ai", bot),
    Bypass("an assistant as co-author, not declared", "undeclared-ai", co_author),
    Bypass("a guard removed, not one AI line", "undeclared-ai", removed_guard),
    Bypass("`AI-Assisted: no`", "trailer-contradiction", said_no),
    Bypass("a lower risk declared", "trailer-contradiction", lower_risk),
    Bypass("fewer lines declared", "trailer-contradiction", fewer_lines),
    Bypass("another tool declared", "trailer-contradiction", other_tool),
    Bypass("the block hidden by a line of prose", "trailer-hidden", hidden),
    Bypass("a change cut into trivial commits", "undeclared-ai", trivial_pieces, "[declare]\ntrivial_lines = 2\n"),
    Bypass("a change cut into commits under the budget", "budget-exceeded", budget_pieces,
           '[[paths]]\nmatch = ["**"]\nmax_ai_lines = 4\n'),
    Bypass("a file renamed out of a rule's paths", "budget-exceeded", renamed_away,
           '[[paths]]\nmatch = ["deploy/**"]\nmax_ai_lines = 2\n'),
    Bypass("the policy weakened in the same change", "approval-missing, forbidden-ai", weakened_policy,
           '[declare]\nmode = "forbid"\n[[review]]\nlevel = "senior"\n'),
    Bypass("the policy made unreadable", "policy-invalid", broken_policy),
    Bypass("the policy deleted, to be rid of the organisation's", "approval-missing, forbidden-ai", no_policy,
           "[gate]\n"),
    Bypass("one's own level raised in the same change", "approval-level, approval-missing", raised_level, SENIOR),
)  # fmt: skip


@pytest.mark.parametrize("bypass", BYPASSES, ids=[bypass.play.__name__ for bypass in BYPASSES])
def test_it_is_found(bypass: Bypass, home: Path, tmp_path: Path) -> None:
    repo = Gated(tmp_path / "repo", bypass.policy)
    repo("switch", "-q", "-c", "topic")
    more = bypass.play(repo)
    answer = repo.check("main..topic", "--phase", "merge", *more)
    assert answer.code == 1, answer.out + answer.err
    assert ", ".join(sorted(set(answer.codes))) == bypass.found
    honest = answer.verdict["violations"]
    assert all(violation["message"] and violation["fix"] for violation in honest)


def test_the_page_tells_of_each() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    for bypass in BYPASSES:
        codes = ", ".join(f"`{code}`" for code in bypass.found.split(", "))
        assert f"| {bypass.tried} | {codes} |" in rows
