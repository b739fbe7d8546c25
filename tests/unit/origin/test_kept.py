"""What is kept of a staged file is what would be derived again."""

from __future__ import annotations

import pytest
from real_git import RealGit
from story import CLAUDE, Story

from earmark.git.changes import staged_changes
from earmark.git.objects import Objects
from earmark.origin import kept, state
from earmark.origin.model import Change


@pytest.fixture
def story(git: RealGit) -> Story:
    git.commit("more", {"a.py": "one\ntwo\nthree\nfour\n", "b\u00e9.py": "x\n"})
    return Story(git)


def indexed(story: Story) -> Change:
    with Objects(story.repo) as objects:
        return state.record_index(story.repo, story.ledger, objects, staged_changes(story.repo))


def afresh(story: Story, monkeypatch: pytest.MonkeyPatch) -> Change:
    with monkeypatch.context() as without:
        without.setattr(kept, "find", lambda ledger, key: None)
        return indexed(story)


def test_the_same_with_and_without(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    git = story.git
    steps = (
        lambda: story.writes(CLAUDE, "a.py", "one\n2 \u00e9\nthree\nnew\n"),
        lambda: story.writes(CLAUDE, "b\u00e9.py", "x\n\u00ff\n"),
        lambda: git.write("a.py", "one\n2 \u00e9\nby hand\nnew\n"),
        lambda: git("mv", "a.py", "moved.py"),
        lambda: story.writes(CLAUDE, "moved.py", ""),
        lambda: git("rm", "-q", "--cached", "moved.py"),
    )
    for step in steps:
        step()
        git("add", "-A")
        expected = afresh(story, monkeypatch)
        assert indexed(story) == expected
        assert indexed(story) == expected
        assert state.staged(story.repo, story.ledger) == expected
    git("commit", "-q", "-m", "all")
    story.writes(CLAUDE, "b\u00e9.py", "x\ny\n")
    git("add", "-A")
    assert indexed(story) == afresh(story, monkeypatch), "against another parent"


def test_what_is_kept_is_read_without_its_contents(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    story.writes(CLAUDE, "a.py", "one\ntwo\nthree\nfour\nfive\n")
    story.git("add", "-A")
    first = indexed(story)
    assert first.ai_lines == 1
    read: list[str] = []
    monkeypatch.setattr(Objects, "blob", lambda self, name: read.append(name) or b"")
    assert indexed(story) == first
    assert read == []
