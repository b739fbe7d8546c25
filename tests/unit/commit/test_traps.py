"""git's own traps for trailers, each with a real commit: git reads our block back, and the rest is as git itself would
have committed it.

Those of a message's form are listed here; traps of what git does to commits have their tests in
`test_messages_end_to_end.py` (editors, amends, modes) and `test_rewrites_end_to_end.py` (rebase, squash, pick, revert).
"""

from __future__ import annotations

import subprocess

import pytest
from hooked import Hooked

TRAPS = {
    "only-the-last-paragraph-counts": "Subject\n",
    "a-trailer-right-below-the-subject-is-none": "Subject\nReviewed-by: B <b@x>\n",
    "a-message-that-is-one-trailer-has-none": "Fix: the parser\n",
    "one-line-of-prose-hides-a-paragraph": "Subject\n\nSee: the wiki\nand this sentence.\n",
    "a-sign-off-makes-a-quarter-enough": "Subject\n\none\ntwo\nSigned-off-by: Ada <a@x>\n",
    "a-quarter-is-not-reached": "Subject\n\none\ntwo\nthree\nfour\nfive\nSigned-off-by: Ada <a@x>\n",
    "a-cherry-picks-line-counts-as-gits-own": "Subject\n\n(cherry picked from commit 0123456789)\n",
    "keys-with-other-characters-are-none": "Subject\n\nkey_x: y\na b: c\n",
    "an-address-reads-as-a-trailer": "Subject\n\nhttps://example.com/x\n",
    "blanks-before-the-colon-are-taken": "Subject\n\nAcked-by : B <b@x>\n",
    "an-empty-value-is-a-value": "Subject\n\nFixes:\n",
    "folded-lines-belong-to-their-trailer": "Subject\n\nNote: one\n  and folded\n",
    "a-divider-ends-no-message": "Subject\n\nabove\n\n---\n\nbelow\n",
    "the-nine-dashes-of-a-forge": "Subject (#1)\n\n* one\n\n---------\n\nCo-authored-by: B <b@x>\n",
    "a-blank-line-inside-hides-what-is-above": "Subject\n\nReviewed-by: B <b@x>\n\nSigned-off-by: Ada <a@x>\n",
    "no-line-end-at-the-end": "Subject",
    "no-line-end-behind-a-trailer": "Subject\n\nReviewed-by: B <b@x>",
    "carriage-returns": "Subject\r\n\r\nBody\r\n",
    "another-trailer-between-repeats": "Subject\n\nCc: C <c@x>\nReviewed-by: B <b@x>\nCc: C <c@x>\n",
    "a-persons-own-assisted-by-is-no-field-of-ours": "Subject\n\nAssisted-by: LLM coccinelle\nReviewed-by: B <b@x>\n",
    "a-list-of-conflicts": "Merge branch 'x'\n\nConflicts:\n\tapp.py\n",
}


def ours(line: str) -> bool:
    return line.startswith(("AI-", "Assisted-by: Claude:"))


@pytest.mark.parametrize("given", TRAPS.values(), ids=TRAPS)
def test_form(repo: Hooked, given: str) -> None:
    plain = repo.write("../plain", given)
    repo("-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-F", str(plain))
    alone = repo.message()
    repo("reset", "-q", "--soft", "HEAD~")
    repo.stage_ai()
    repo("commit", "-q", "-F", str(plain))
    assert repo.is_declared()
    block = [line for line in repo.message().splitlines() if ours(line)]
    tool = subprocess.run(
        ["git", "interpret-trailers", "--parse", "--no-divider"], input=repo.body(), capture_output=True, check=True
    ).stdout.decode()
    assert [line for line in tool.splitlines() if ours(line)] == block
    assert [line for line in repo.message().splitlines() if line.strip() and not ours(line)] == [
        line for line in alone.splitlines() if line.strip()
    ]


def test_tagging_again_changes_nothing(repo: Hooked) -> None:
    """git's own default puts a repeated trailer in twice when another stands between."""
    repo.stage_ai()
    repo("commit", "-q", "-m", "Subject\n\nReviewed-by: B <b@x>")
    before = repo.message()
    for _ in range(2):
        repo("commit", "-q", "--amend", "--no-edit")
        assert repo.message() == before


def test_a_note_is_not_lost_with_an_amend(repo: Hooked) -> None:
    """Plain git leaves the note with the old commit."""
    repo.stage_ai()
    repo("commit", "-q", "-m", "Subject")
    assert repo.note() is not None
    repo("commit", "-q", "--amend", "-m", "Other words")
    note = repo.note()
    assert note is not None and repo.declared().digest.encode() in note
