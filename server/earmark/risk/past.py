"""What a history says about files: how often they changed, were mended and taken back, and by whom.

Pure bookkeeping over commits in the order they were made; a question about one commit is put before it is learnt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

# A file that one person made most changes of, out of at least so many, is in one head.
_MOSTLY, _AT_LEAST = 0.8, 5
_RECENT = 90 * 86400
_MENDING = (b"fix", b"bug", b"regression", b"crash", b"hotfix", b"broken", b"repair", b"correct")


class Done(NamedTuple):
    """One commit as far as it matters later: who (an e-mail address), when it was committed (seconds since the epoch),
    whether its message says that it mends or takes back, and (old path, new path) of each file, the old one empty when
    added."""

    author: str
    time: int
    fix: bool
    revert: bool
    paths: tuple[tuple[str, str], ...]


class History(NamedTuple):
    """About the files of one change, summed over them: earlier changes, those of the last 90 days, fixes, reverts; how
    many people changed them; how many changes of any file the author had made (`experience`); the paths that nearly
    only one person, and not the author, has changed."""

    changes: int = 0
    recent: int = 0
    fixes: int = 0
    reverts: int = 0
    people: int = 0
    experience: int = 0
    concentrated: tuple[str, ...] = ()


class _Touch(NamedTuple):
    """One change of one file."""

    time: int
    author: str
    fix: bool
    revert: bool


class Past:
    """What is known of a history so far. A renamed file keeps its past. A commit that was made on another branch at a
    later time than the one that is asked about was not known then, and does not count."""

    def __init__(self) -> None:
        self._touches: dict[str, list[_Touch]] = {}
        self._made: dict[str, list[int]] = {}

    def learn(self, done: Done) -> None:
        """Take a commit into account, in the order they were made."""
        self._made.setdefault(done.author, []).append(done.time)
        touch = _Touch(done.time, done.author, done.fix, done.revert)
        for old, path in done.paths:
            touches = self._touches.setdefault(path, [])
            if old and old != path:
                touches += self._touches.get(old, ())
            touches.append(touch)

    def of(self, paths: Sequence[str], author: str, when: int) -> History:
        """The history of the files that a change by `author` at `when` touches, by the paths they had before it."""
        by_path = {p: [t for t in self._touches.get(p, ()) if t.time <= when] for p in dict.fromkeys(paths)}
        every = [touch for touches in by_path.values() for touch in touches]
        return History(
            changes=len(every),
            recent=sum(when - touch.time <= _RECENT for touch in every),
            fixes=sum(touch.fix for touch in every),
            reverts=sum(touch.revert for touch in every),
            people=len({touch.author for touch in every}),
            experience=sum(time <= when for time in self._made.get(author, ())),
            concentrated=tuple(path for path, touches in by_path.items() if _is_in_one_head(touches, author)),
        )


def _is_in_one_head(touches: Sequence[_Touch], author: str) -> bool:
    if len(touches) < _AT_LEAST:
        return False
    owner, made = Counter(touch.author for touch in touches).most_common(1)[0]
    return made >= _MOSTLY * len(touches) and owner != author


def learned(commits: Iterable[Done]) -> Past:
    """The past that `commits`, oldest first, make."""
    past = Past()
    for done in commits:
        past.learn(done)
    return past


def is_fix(message: bytes) -> bool:
    """Whether a commit's title says that it mends something."""
    title = message.split(b"\n", 1)[0].lower()
    return is_revert(message) or any(word in title for word in _MENDING)


def is_revert(message: bytes) -> bool:
    """Whether a commit says that it takes an earlier one back."""
    return message[:7].lower() == b"revert " or b"\nThis reverts commit " in message
