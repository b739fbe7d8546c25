"""From a hook event to the note of a commit, with a real repository and a real ledger."""

from __future__ import annotations

import pytest
from real_git import RealGit
from story import BASE, CLAUDE, CURSOR, Story

from earmark.origin import notes, state
from earmark.origin.blame import blame
from earmark.origin.evidence import FileEvent, Replacement
from earmark.origin.seen import Refused


def test_a_write_is_credited_line_by_line(story: Story) -> None:
    story.writes(CLAUDE, "pay.py", BASE + "\n\ndef refund(user):\n    return user\n")
    assert story.kinds("pay.py") == "....cccc"


def test_a_deleted_guard_alone_is_an_ai_change(story: Story) -> None:
    story.writes(CLAUDE, "pay.py", "def pay(user):\n    charge(user)\n")
    change = state.worktree(story.repo, story.ledger)
    assert (change.ai_lines, change.ai_removed, change.is_ai) == (0, 2, True)
    story.git("commit", "-qam", "drop the guard")
    note = story.settled()
    assert note is not None and note.files == {}
    assert notes.removals(note, "pay.py")[0].lines == (2, 3)
    assert state.commits(story.repo, story.ledger, [story.git("rev-parse", "HEAD")])[0].ai_removed == 2


def test_text_typed_between_two_events_is_not_the_assistants(story: Story) -> None:
    story.git.write("pay.py", BASE + "typed = 1\n")
    story.event("before", CLAUDE, FileEvent("pay.py"))
    story.git.write("pay.py", BASE + "typed = 1\nwritten = 2\n")
    story.event(
        "after", CLAUDE, FileEvent("pay.py", replacements=(Replacement("typed = 1\n", "typed = 1\nwritten = 2\n"),))
    )
    assert story.kinds("pay.py") == ".....c"


def test_typing_while_the_write_is_in_flight_stays_the_persons(story: Story) -> None:
    story.event("before", CLAUDE, FileEvent("pay.py"))
    story.git.write("pay.py", "# typed meanwhile\n" + BASE + "written = 2\n")
    story.event("after", CLAUDE, FileEvent("pay.py", before=BASE, after=BASE + "written = 2\n"))
    assert story.kinds("pay.py") == ".....c"


def test_one_edit_reported_twice_counts_once(story: Story) -> None:
    text = BASE + "written = 2\n"
    story.writes(CLAUDE, "pay.py", text, key="tool-1")
    story.event("after", CURSOR, FileEvent("pay.py", before=BASE, after=text), key="other")
    story.event("after", CLAUDE, FileEvent("pay.py", after=text), key="tool-1")
    assert story.kinds("pay.py") == "....c"


def test_a_save_listener_that_was_faster_than_the_hook_does_not_take_the_credit(story: Story) -> None:
    text = BASE + "written = 2\n"
    story.event("before", CLAUDE, FileEvent("pay.py"))
    story.git.write("pay.py", text)
    story.event("human", None, FileEvent("pay.py"))
    assert story.kinds("pay.py") == "....h"
    story.event("after", CLAUDE, FileEvent("pay.py", before=BASE, after=text))
    assert story.kinds("pay.py") == "....c"


def test_events_out_of_order_credit_each_session_with_its_own(story: Story) -> None:
    one, two = BASE + "first = 1\n", BASE + "first = 1\nsecond = 2\n"
    story.git.write("pay.py", two)
    story.event("after", CURSOR, FileEvent("pay.py", before=one, after=two))
    story.event("after", CLAUDE, FileEvent("pay.py", before=BASE, after=one))
    sessions = [r.session for r in blame(story.repo, story.ledger, "pay.py") if r.kind == "ai"]
    assert sessions == [CLAUDE.id, CURSOR.id]


def test_an_event_about_another_content_takes_nothing_away(story: Story) -> None:
    story.writes(CLAUDE, "pay.py", BASE + "written = 2\n")
    story.event("after", CURSOR, FileEvent("pay.py", before="x = 1\n", after="x = 2\n"))
    assert story.kinds("pay.py") == "....c"


def test_a_formatter_run_after_the_write_changes_no_owner(story: Story) -> None:
    written = BASE + "def f(a,b):\n    return  a\n"
    story.event("before", CLAUDE, FileEvent("pay.py"))
    story.git.write("pay.py", BASE + "\n\ndef f(a, b):\n    return a\n")
    story.event("after", CLAUDE, FileEvent("pay.py", before=BASE, after=written))
    assert story.kinds("pay.py") == "......cc"


def test_an_event_that_names_only_a_file_is_a_candidate(story: Story) -> None:
    story.git.write("pay.py", BASE + "who = 1\n")
    story.event("after", CLAUDE, FileEvent("pay.py"))
    assert story.kinds("pay.py") == "....."
    assert story.ledger.candidates()[0][0] == "pay.py"


def test_commit_then_amend_keeps_the_note_and_the_digest(story: Story) -> None:
    story.writes(CLAUDE, "pay.py", BASE + "written = 2\n")
    story.git("commit", "-qam", "one")
    first = story.settled()
    story.git("commit", "-q", "--amend", "-m", "one, said better")
    second = story.settled()
    assert first is not None and second is not None
    assert notes.recorded_digest(first) == notes.recorded_digest(second)
    assert second.meta["base_commit_sha"] == story.git("rev-parse", "HEAD")
    assert story.kinds("pay.py", "HEAD") == "....c"


def test_amend_with_a_hand_edit_credits_what_is_left(story: Story) -> None:
    story.writes(CLAUDE, "pay.py", BASE + "a = 1\nb = 2\n")
    story.git("commit", "-qam", "one")
    story.settled()
    story.git.write("pay.py", BASE + "a = 1\nb = 2222\n")
    story.git("commit", "-qa", "--amend", "--no-edit")
    story.settled()
    assert story.kinds("pay.py", "HEAD") == "....c."


def test_partial_staging_notes_only_what_is_committed(story: Story) -> None:
    story.writes(CLAUDE, "pay.py", "import first\n" + BASE + "last = 1\n")
    story.git.write("staged", BASE + "last = 1\n")
    blob = story.git("hash-object", "-w", "staged")
    story.git("update-index", "--cacheinfo", f"100644,{blob},pay.py")
    story.git("commit", "-qm", "half")
    assert story.settled() is not None
    assert story.kinds("pay.py", "HEAD") == "....c"
    assert story.kinds("pay.py") == "c....c"


def test_a_commit_without_ai_text_gets_no_note_and_the_hooks_have_nothing_to_do(story: Story) -> None:
    story.git.commit("by hand", {"pay.py": BASE + "x = 1\n"})
    assert story.settled() is None
    story.writes(CLAUDE, "pay.py", BASE + "x = 1\ny = 2\n")
    active = story.git.top / ".git" / "earmark" / "active"
    assert active.exists()
    story.git("commit", "-qam", "ai")
    assert story.settled() is not None
    assert not active.exists()


def test_a_colleagues_commit_does_not_pick_up_our_uncommitted_evidence(story: Story, git: RealGit) -> None:
    clone = RealGit(git.top.parent / "clone", init=False)
    git("clone", "-q", str(git.top), str(clone.top))
    clone.commit("theirs", {"pay.py": BASE + "def other():\n    a = 1\n    return a\n"})
    story.writes(CLAUDE, "pay.py", BASE + "def mine():\n    a = 1\n    return a\n")
    git("stash", "-q")
    git("pull", "-q", str(clone.top), "main")
    assert story.settled() is None


def test_session_details_travel_without_the_transcript_path(story: Story) -> None:
    session = CLAUDE._replace(transcript="/home/ada/secret.jsonl", transcript_digest="sha256:" + "0" * 64)
    story.writes(session, "pay.py", BASE + "written = 2\n")
    story.git("commit", "-qam", "one")
    note = story.settled()
    assert note is not None
    assert "secret" not in str(note.meta)
    known = notes.sessions(note)[CLAUDE.id]
    assert (known.model, known.director, known.transcript_digest) == (
        "claude-opus-4.5",
        "Ada Example <ada@example.com>",
        "sha256:" + "0" * 64,
    )


@pytest.mark.parametrize(
    ("path", "content", "why"),
    [
        ("../outside.py", b"x", "outside the worktree"),
        ("image.png", b"\x89PNG\0\0", "binary"),
        ("large.txt", b"x" * 5_000_000, "more than"),
    ],
)
def test_files_that_are_not_recorded_are_named(story: Story, path: str, content: bytes, why: str) -> None:
    if not path.startswith(".."):
        story.git.write(path, content)
    with pytest.raises(Refused, match=why):
        story.event("after", CLAUDE, FileEvent(path, after="x"), FileEvent("pay.py", before=BASE, after=BASE))


def test_a_symbolic_link_out_of_the_repository_is_refused(story: Story) -> None:
    (story.git.top / "link.py").symlink_to("/etc/hostname")
    with pytest.raises(Refused, match="cannot be read"):
        story.event("after", CLAUDE, FileEvent("link.py", after="x"))


def test_a_shell_command_is_credited_for_what_it_wrote_and_nothing_else(story: Story) -> None:
    story.git.write("mine.py", "typed = 1\n")
    story.event("before", CLAUDE, key="b1", command="make gen")
    story.git.write("pay.py", BASE + "generated = 1\n")
    story.git.write("package-lock.json", "{}\n")
    story.event("after", CLAUDE, key="b1", command="make gen")
    assert story.kinds("pay.py") == "....c"
    assert story.kinds("mine.py") == "."
    assert story.kinds("package-lock.json") == "."


def test_a_shell_command_that_moves_head_is_not_credited(story: Story) -> None:
    story.git.commit("two", {"pay.py": BASE + "x = 1\n"})
    story.event("before", CLAUDE, key="b1", command="git reset --hard HEAD~1")
    story.git("reset", "-q", "--hard", "HEAD~1")
    story.git.write("pay.py", BASE + "y = 1\n")
    story.event("after", CLAUDE, key="b1", command="git reset --hard HEAD~1")
    assert story.kinds("pay.py") == "....."
    assert "git reset" in story.ledger.candidates()[0][1]
