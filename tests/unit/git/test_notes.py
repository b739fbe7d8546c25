"""Notes, written by us and read by git, and the other way round."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from real_git import RealGit

from earmark.git import notes
from earmark.git.objects import Objects
from earmark.git.repository import Repository, find
from earmark.git.run import GitError

REF = "refs/notes/ai"


@pytest.fixture
def repo(git: RealGit) -> Repository:
    found = find(git.top)
    assert found is not None
    return found


def _id(n: int) -> str:
    return hashlib.sha1(str(n).encode()).hexdigest()


def _listed_by_git(git: RealGit) -> dict[str, str]:
    lines = git("notes", "--ref", REF, "list").splitlines()
    return {line.split()[1]: line.split()[0] for line in lines}


def test_git_reads_what_we_write(git: RealGit, repo: Repository) -> None:
    ids = [git.commit(f"c{n}") for n in range(3)]
    assert notes.tip(repo, REF) is None and notes.read(repo, REF, ids) == {}
    tip = notes.write(repo, REF, {ids[0]: b"zero\n", ids[1]: b"bytes \0\xff, no line feed"}, None)
    assert notes.tip(repo, REF) == tip == git("rev-parse", REF)
    assert git("notes", "--ref", REF, "show", ids[0]) == "zero"
    assert notes.read(repo, REF, ids) == {ids[0]: b"zero\n", ids[1]: b"bytes \0\xff, no line feed"}
    again = notes.write(repo, REF, {ids[0]: None, ids[2]: b"two\n"}, tip)
    assert notes.read(repo, REF, ids) == {ids[1]: b"bytes \0\xff, no line feed", ids[2]: b"two\n"}
    assert git("rev-parse", f"{again}^") == tip
    assert notes.read(repo, tip, ids)[ids[0]] == b"zero\n"
    assert git("for-each-ref", "refs/earmark") == ""
    assert git("log", "-1", "--format=%cn <%ce>", REF) == "Ada Example <ada@example.com>"


def test_we_read_what_git_writes(git: RealGit, repo: Repository) -> None:
    ids = [git.commit(f"c{n}") for n in range(4)]
    for id_ in ids[:3]:
        git("notes", "--ref", REF, "add", "-m", f"note {id_}", id_)
    assert notes.read(repo, REF, ids) == {id_: f"note {id_}\n".encode() for id_ in ids[:3]}
    assert notes.listed(repo, REF) == _listed_by_git(git)


def test_a_note_of_a_commit_that_is_not_here(git: RealGit, repo: Repository) -> None:
    git.commit("one")
    tip = notes.write(repo, REF, {_id(1): b"far away"}, None)
    assert notes.read(repo, tip, [_id(1)]) == {_id(1): b"far away"}


def test_the_reference_moves_only_from_the_tip_that_was_read(git: RealGit, repo: Repository) -> None:
    one, two = git.commit("one"), git.commit("two")
    first = notes.write(repo, REF, {one: b"1"}, None)
    with pytest.raises(notes.NotesMoved):
        notes.write(repo, REF, {two: b"2"}, None)
    second = notes.write(repo, REF, {two: b"2"}, first)
    with pytest.raises(notes.NotesMoved):
        notes.write(repo, REF, {one: b"lost"}, first)
    git("update-ref", REF, first)
    with pytest.raises(notes.NotesMoved):
        notes.write(repo, REF, {one: b"lost"}, second)
    assert notes.read(repo, REF, [one, two]) == {one: b"1"}


def test_thousands_in_one_go_stay_readable_for_git_and_small_in_every_folder(git: RealGit, repo: Repository) -> None:
    git.commit("one")
    many = {_id(n): f"note {n}".encode() for n in range(3000)}
    tip = notes.write(repo, REF, many, None)
    assert set(_listed_by_git(git)) == set(many)
    assert notes.read(repo, REF, list(many)) == many
    with Objects(repo) as objects:
        assert len(objects.tree(REF)) <= 512
    tip = notes.write(repo, REF, {_id(5): b"changed", _id(6): None, _id(9999): b"new"}, tip)
    after = notes.read(repo, REF, [*many, _id(9999)])
    assert after == {k: v for k, v in many.items() if k != _id(6)} | {_id(5): b"changed", _id(9999): b"new"}
    assert set(_listed_by_git(git)) == set(after)


def test_gits_own_fan_out_is_kept_and_continued(git: RealGit, repo: Repository) -> None:
    head = git.commit("one")
    stream = ["commit refs/notes/ai\ncommitter A <a@x> 1 +0000\ndata 0\n"]
    stream += [f"N inline {head}\ndata 1\nx\n"]
    git("fast-import", "--quiet", input="".join(stream).encode())
    tip = notes.write(repo, REF, {_id(n): b"n" for n in range(400)}, notes.tip(repo, REF))
    git("notes", "--ref", REF, "add", "-f", "-m", "by git", head)
    assert notes.read(repo, REF, [head, _id(3)]) == {head: b"by git\n", _id(3): b"n"}
    tip = notes.write(repo, REF, {head: b"by us"}, notes.tip(repo, REF))
    assert git("notes", "--ref", REF, "show", head) == "by us"
    paths = git("ls-tree", "-r", "--name-only", tip).splitlines()
    assert [path.replace("/", "") for path in paths].count(head) == 1


def test_foreign_entries_survive_and_a_note_stored_twice_becomes_one(git: RealGit, repo: Repository) -> None:
    head = git.commit("one")
    blob = git("hash-object", "-w", "--stdin", input=b"x\n")
    inner = git("mktree", input=f"100644 blob {blob}\t{head[4:]}\n".encode())
    middle = git("mktree", input=f"040000 tree {inner}\t{head[2:4]}\n".encode())
    root = git(
        "mktree",
        input=(
            f"100644 blob {blob}\t{head}\n040000 tree {middle}\t{head[:2]}\n"
            f"100644 blob {blob}\tREADME\n100644 blob {blob}\t{'z' * 40}\n"
        ).encode(),
    )
    tip = git("commit-tree", "-m", "x", root)
    git("update-ref", REF, tip)
    assert notes.read(repo, REF, [head]) == {head: b"x\n"}
    new = notes.write(repo, REF, {head: b"y\n"}, tip)
    assert sorted(git("ls-tree", "-r", "--name-only", new).splitlines()) == sorted(["README", head, "z" * 40])
    gone = notes.write(repo, REF, {head: None}, new)
    assert notes.read(repo, gone, [head]) == {}


@pytest.mark.parametrize("id_", ["", "HEAD", "abc", "f" * 39, "F" * 40, "f" * 41])
def test_only_full_ids_can_be_annotated(git: RealGit, repo: Repository, id_: str) -> None:
    git.commit("one")
    with pytest.raises(GitError, match="full object id"):
        notes.write(repo, REF, {id_: b"x"}, None)


def test_a_user_without_a_name_and_a_name_that_breaks_the_format(git: RealGit, repo: Repository) -> None:
    git.commit("one")
    git("config", "user.name", "Evil\n<x> Name")
    git("config", "user.email", "e>vil@x\nfrom deadbeef")
    tip = notes.write(repo, REF, {_id(1): b"x"}, None)
    assert git("log", "-1", "--format=%cn|%ce", tip) == "Evilx Name|evil@xfrom deadbeef"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.dictionaries(st.integers(0, 40), st.none() | st.binary(max_size=20), min_size=1, max_size=8), max_size=5
    )
)
def test_any_sequence_of_writes_equals_a_dictionary(
    git: RealGit, repo: Repository, writes: list[dict[int, bytes | None]]
) -> None:
    git("update-ref", "-d", REF)
    model: dict[str, bytes] = {}
    tip = None
    for step in writes:
        tip = notes.write(repo, REF, {_id(n): note for n, note in step.items()}, tip)
        for n, note in step.items():
            model.pop(_id(n), None)
            if note is not None:
                model[_id(n)] = note
    assert notes.read(repo, REF, [_id(n) for n in range(41)]) == model


def test_sha256(home: object, tmp_path_factory: pytest.TempPathFactory) -> None:
    git = RealGit(tmp_path_factory.mktemp("wide"), init=False)
    git("init", "-q", "--object-format=sha256")
    head = git.commit("one")
    repo = find(git.top)
    assert repo is not None
    notes.write(repo, REF, {head: b"wide\n"}, None)
    assert git("notes", "--ref", REF, "show", head) == "wide"
    assert notes.read(repo, REF, [head]) == {head: b"wide\n"}
