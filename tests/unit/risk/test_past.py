"""What a history says about files, against counting it all again."""

from hypothesis import given
from hypothesis import strategies as st

from earmark.risk.past import Done, History, Past, is_fix, is_revert, learned

DAY = 86400


def commit(author: str, day: int, *paths: str, fix: bool = False, revert: bool = False) -> Done:
    return Done(author, day * DAY, fix, revert, tuple((path, path) for path in paths))


def test_changes_fixes_people_and_experience_are_counted() -> None:
    past = learned(
        [
            commit("ada", 1, "a.py", "b.py"),
            commit("bob", 2, "a.py", fix=True),
            commit("ada", 150, "a.py", fix=True, revert=True),
            commit("ada", 160, "c.py"),
        ]
    )
    assert past.of(["a.py"], "ada", 200 * DAY) == History(3, 1, 2, 1, 2, 3, ())
    assert past.of(["a.py", "b.py", "new.py", "a.py"], "eve", 200 * DAY) == History(4, 1, 2, 1, 2, 0, ())


def test_a_renamed_file_keeps_its_past() -> None:
    past = learned([commit("ada", 1, "a.py", fix=True), Done("bob", 2 * DAY, False, False, (("a.py", "b.py"),))])
    known = past.of(["b.py"], "eve", 9 * DAY)
    assert (known.changes, known.fixes, known.people) == (2, 1, 2)


def test_a_file_in_one_head_is_so_for_everybody_else() -> None:
    past = learned([commit("ada", day, "a.py") for day in range(6)] + [commit("bob", 7, "a.py")])
    assert past.of(["a.py"], "bob", 9 * DAY).concentrated == ("a.py",)
    assert past.of(["a.py"], "ada", 9 * DAY).concentrated == ()
    assert learned([commit("ada", 1, "a.py")]).of(["a.py"], "bob", 9 * DAY).concentrated == ()


def test_what_a_title_says() -> None:
    assert is_fix(b"Fix the total of an empty cart\n")
    assert is_fix(b'Revert "Add rates"\n\nThis reverts commit 1234.\n')
    assert is_revert(b"Put it back\n\nThis reverts commit 1234.\n")
    assert not is_fix(b"Add rates\n\nfixes nothing\n")


NAMES = st.sampled_from(["a", "b", "c"])
COMMITS = st.lists(
    st.builds(
        lambda who, at, fix, paths: Done(who, at * DAY, fix, False, tuple((p, p) for p in sorted(paths))),
        NAMES, st.integers(0, 200), st.booleans(), st.sets(NAMES, max_size=3),
    ),
    max_size=12,
)  # fmt: skip


@given(COMMITS, st.sets(NAMES), NAMES, st.integers(0, 200))
def test_it_counts_what_was_known_then(commits: list[Done], paths: set[str], author: str, day: int) -> None:
    now = day * DAY
    earlier = [c for c in commits if c.time <= now]
    touches = [(c, path) for c in earlier for _, path in c.paths if path in paths]
    known = learned(commits).of(sorted(paths), author, now)
    assert known.changes == len(touches)
    assert known.fixes == sum(c.fix for c, _ in touches)
    assert known.recent == sum(now - c.time <= 90 * DAY for c, _ in touches)
    assert known.people == len({c.author for c, _ in touches})
    assert known.experience == sum(c.author == author for c in earlier)


def test_nothing_is_known_of_nothing() -> None:
    assert Past().of(["a.py"], "ada", DAY) == History()
