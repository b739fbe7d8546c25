"""What is known around a change: from commits alone, and only what was known before it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from agent import Agent
from real_git import RealGit

from earmark.git import history
from earmark.git.changes import FileChange, commit_changes, worktree_changes
from earmark.git.objects import Objects
from earmark.git.repository import Repository, find
from earmark.origin import state
from earmark.origin.ledger import Ledger
from earmark.policy import load
from earmark.policy.assessed import assessed
from earmark.policy.background import Background, background, changed_files
from earmark.policy.dependents import Dependents, dependents, store
from earmark.risk.changed import ChangedFile
from earmark.risk.past import History
from earmark.risk.score import Context

PRICES = "def total(a):\n    return a\n\n\ndef other():\n    return 2\n"
CART = "from app.prices import total\n\n\ndef pay(cart):\n    return total(cart) + total(1)\n"


@pytest.fixture
def git(git: RealGit) -> RealGit:
    git.commit("Start", {"app/prices.py": PRICES, "app/cart.py": CART, "deploy/prod.yaml": "a: 1\n"})
    git.commit("Fix rates", {"app/prices.py": PRICES.replace("return 2", "return 3")})
    git.commit("Halve", {"app/prices.py": PRICES.replace("return a", "return a / 2")})
    return git


@pytest.fixture
def repo(git: RealGit) -> Repository:
    found = find(git.top)
    assert found is not None
    return found


@pytest.fixture
def objects(repo: Repository) -> Iterator[Objects]:
    with Objects(repo) as reader:
        yield reader


def judged(repo: Repository, objects: Objects, rev: str) -> tuple[list[ChangedFile], history.Commit]:
    commit = history.read(repo, [history.resolve(repo, rev) or ""], objects=objects)[0]
    return changed_files(objects, commit_changes(repo, [commit.id])[commit.id]), commit


def built(done: int, total: int) -> bool:
    return True


def test_a_commit_is_judged_by_what_was_known_before_it(repo: Repository, objects: Objects, git: RealGit) -> None:
    files, commit = judged(repo, objects, "HEAD")
    context, users = background(repo, objects, commit.parent).of(files, "a@x", commit.committer_time, told=built)
    assert context.history is not None
    assert (context.history.changes, context.history.fixes) == (2, 1)
    assert users is not None
    assert users.described() == ("total of app/prices.py: 2 callers in 1 file: app/cart.py",)
    assert (users.places, users.by_path(), context.dependents) == (2, {"app/prices.py": 2}, 2)


def test_walking_a_range_gives_what_single_looks_give(repo: Repository, objects: Objects, git: RealGit) -> None:
    first, second = git("rev-parse", "HEAD~1", "HEAD").split()
    pairs = commit_changes(repo, [first, second])
    read = history.read(repo, [first, second], objects=objects)
    known = background(repo, objects, read[0].parent).after(read[0], pairs[first])
    alone = background(repo, objects, read[1].parent)
    files = changed_files(objects, pairs[second])
    when = read[1].committer_time
    assert known.of(files, "a@x", when) == alone.of(files, "a@x", when)
    assert known.tip == read[1].parent
    assert known.files() == alone.files()


def test_the_past_is_read_from_the_store_and_without_it(repo: Repository, objects: Objects, git: RealGit) -> None:
    tip = git("rev-parse", "HEAD")

    def look() -> object:
        return background(repo, objects, tip).past.of(["app/prices.py"], "a@x", 1 << 40)

    first = look()
    kept = Path(repo.common_dir, "earmark", "history.db")
    assert kept.exists()
    assert look() == first
    kept.write_bytes(b"damaged" * 100)
    assert look() == first


def test_users_are_not_known_before_somebody_builds_the_index(repo: Repository, objects: Objects) -> None:
    files, commit = judged(repo, objects, "HEAD")
    before = background(repo, objects, commit.parent).files
    assert dependents(repo, objects, files, before) is None
    assert not Path(store(repo)).exists()
    assert dependents(repo, objects, files, before, told=lambda done, total: False) is None
    assert dependents(repo, objects, files, before, told=built) is not None
    assert dependents(repo, objects, files, before) is not None


def test_a_new_file_has_no_users(repo: Repository, objects: Objects) -> None:
    new = ChangedFile("app/new.py", b"", b"def total(): pass\n", added=1)
    assert dependents(repo, objects, [new], dict, told=built) == Dependents()


def test_production_paths_are_those_of_the_policy(repo: Repository, objects: Objects) -> None:
    policy, problems = load.parse(b'[[paths]]\nmatch = ["deploy/**"]\nclass = "production"\n')
    assert problems == ()
    known: Background = background(repo, objects, "", policy)
    files = [ChangedFile("deploy/prod.yaml", b"", b"a: 2\n"), ChangedFile("app/a.py", b"", b"")]
    context, _ = known.of(files, "a@x", 0)
    assert context.production == ("deploy/prod.yaml",)


def test_what_is_no_text_is_left_out(git: RealGit, repo: Repository, objects: Objects) -> None:
    (git.top / "link").symlink_to("app")
    git.commit("Data", {"a.bin": b"\0" * 100, "big.py": b"x = 1\n" * 400_000, "a.py": "x = 1\n"})
    files, _ = judged(repo, objects, "HEAD")
    assert [file.path for file in files] == ["a.py"]


def test_what_this_clone_knows_is_shown_and_decides_nothing(git: RealGit, repo: Repository) -> None:
    Agent(git).write("app/prices.py", PRICES.replace("return a", "return a / 3"))
    with Ledger.open(repo) as ledger, Objects(repo) as objects:
        change, pairs = state.worktree(repo, ledger), worktree_changes(repo)

        def read(pair: FileChange) -> tuple[bytes, bytes]:
            return objects.blob(pair.old), (git.top / pair.path).read_bytes()

        plain = assessed(ledger, change, pairs, read, load.parse(b"")[0])
        known = Context(history=History(changes=400, fixes=200), dependents=500, incidents=("a", "b", "c", "d"))
        told = assessed(ledger, change, pairs, read, load.parse(b"")[0], known=known)
    assert plain.shown == plain.whole == told.whole
    assert told.shown.score > plain.shown.score
    assert (plain.whole.level, told.whole.level, told.shown.level) == ("low", "low", "high")
