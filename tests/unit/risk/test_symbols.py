"""The symbol index: what texts define and use, and who uses what across files."""

import hashlib
import sqlite3
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from earmark.risk.symbols.index import IndexUnavailable, SymbolIndex
from earmark.risk.symbols.tags import changed, tags

TEXTS = tomllib.loads((Path(__file__).parents[3] / "fixtures" / "risk" / "tags.toml").read_text("utf-8"))


@pytest.mark.parametrize("language", TEXTS)
def test_what_a_text_defines_and_uses(language: str) -> None:
    case = TEXTS[language]
    found = tags(case["text"].encode(), language)
    assert sorted({d.name for d in found.definitions}) == case["defines"]
    assert set(case["uses"]) <= set(found.uses)


def test_a_text_without_definitions_has_no_tags() -> None:
    assert tags(b"a: 1\n", "yaml").definitions == ()
    assert not tags(b"\0\xff(", "").uses


def test_a_change_is_of_the_innermost_definition() -> None:
    text = b"class Box:\n    def total(self):\n        return 1\n\n    def other(self):\n        return 2\n"
    known = tags(text, "python").definitions
    assert changed(known, [(3, 3)]) == ("total",)
    assert changed(known, [(6, 6)]) == ("other",)
    assert changed(known, [(1, 1)]) == ("Box",)
    assert changed(known, [(4, 4)]) == ("Box",)
    assert changed(known, []) == ()


class Repo:
    """Files with ids, as a tree of git would have them."""

    def __init__(self, **texts: str) -> None:
        self.texts = {name.replace("__", "/") + ".py": text.encode() for name, text in texts.items()}
        self.asked: list[str] = []

    @property
    def files(self) -> dict[str, str]:
        return {path: hashlib.sha256(text).hexdigest() for path, text in self.texts.items()}

    def read(self, ids: Sequence[str]) -> Iterable[bytes]:
        self.asked += ids
        by_id = {self.files[path]: text for path, text in self.texts.items()}
        return [by_id[one] for one in ids]


@pytest.fixture
def repo() -> Repo:
    return Repo(
        app__prices="def total(a):\n    return a\n\ndef run():\n    total(1)\n",
        app__cart="from app.prices import total\n\nclass Cart:\n    def sum(self):\n        total(self), total(1)\n",
        app__own="def total(a):\n    return 0\n\ntotal(3)\n",
        web__views="from app.cart import Cart\nCart().sum()\n",
    )


def test_users_of_a_name_are_those_in_other_files(repo: Repo, tmp_path: Path) -> None:
    with SymbolIndex.open(str(tmp_path / "e" / "symbols.db")) as index:
        assert index.build(repo.files, repo.read)
        total, cart, nobody = index.users(["total", "Cart", "absent"], repo.files, ["app/prices.py"])
    # Both calls, not the import; the file with a `total` of its own means that one.
    assert (total.places, total.paths) == (2, ("app/cart.py",))
    assert (cart.places, cart.paths) == (1, ("web/views.py",))
    assert (nobody.places, nobody.common) == (0, False)


def test_only_what_changed_is_read_again(repo: Repo, tmp_path: Path) -> None:
    path = str(tmp_path / "symbols.db")
    with SymbolIndex.open(path) as index:
        index.build(repo.files, repo.read)
    repo.asked.clear()
    repo.texts["web/views.py"] = b"from app.prices import total\ntotal(2)\n"
    with SymbolIndex.open(path) as index:
        index.build(repo.files, repo.read)
        assert repo.asked == [repo.files["web/views.py"]]
        assert index.users(["total"], repo.files, ["app/prices.py"])[0].paths == ("app/cart.py", "web/views.py")
        assert index.users(["Cart"], repo.files, ["app/cart.py"])[0].places == 0


def test_a_name_that_is_everywhere_does_not_count(tmp_path: Path) -> None:
    many = Repo(**{f"m{n}": "def run():\n    pass\n" for n in range(6)}, user="from m0 import run\nrun()\n")
    with SymbolIndex.open(str(tmp_path / "symbols.db")) as index:
        index.build(many.files, many.read)
        assert index.users(["run"], many.files, ["m0.py"]) == (("run", 0, (), True),)


def test_the_work_can_be_stopped_and_taken_up(repo: Repo, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> bool:
        told.append((done, total))
        return False

    with SymbolIndex.open(str(tmp_path / "symbols.db")) as index:
        assert not index.build(repo.files, repo.read, stop)
        assert (told, repo.asked) == ([(0, 4)], [])
        assert len(index.missing(repo.files)) == 4
        assert index.build(repo.files, repo.read)
        assert index.missing(repo.files) == []


def test_blobs_that_no_file_has_are_dropped_in_the_end(repo: Repo, tmp_path: Path) -> None:
    path = str(tmp_path / "symbols.db")
    with SymbolIndex.open(path) as index:
        index.build(repo.files, repo.read)
        for number in range(10):
            crowd = Repo(**{f"n{number}_{n}": f"def f{number}_{n}():\n    total()\n" for n in range(60)})
            repo.texts |= crowd.texts
            index.build(repo.files, repo.read)
            for name in crowd.texts:
                del repo.texts[name]
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM blob").fetchone()[0] < 460
        assert db.execute("SELECT count(*) FROM used WHERE blob NOT IN (SELECT id FROM blob)").fetchone()[0] == 0
    with SymbolIndex.open(path) as index:
        assert index.build(repo.files, repo.read)
        assert index.users(["total"], repo.files, ["app/prices.py"])[0].places == 2


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be taken for one" * 20, b""])
def test_a_damaged_store_is_replaced(repo: Repo, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "symbols.db"
    path.write_bytes(content)
    with SymbolIndex.open(str(path)) as index:
        assert index.build(repo.files, repo.read)


def test_a_store_of_another_version_is_built_anew(repo: Repo, tmp_path: Path) -> None:
    path = str(tmp_path / "symbols.db")
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE blob (something)")
        db.execute("PRAGMA user_version=99")
    with SymbolIndex.open(path) as index:
        assert index.build(repo.files, repo.read)


def test_a_store_that_is_held_is_unavailable(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earmark.risk.symbols.index._BUSY_SECONDS", 0.01)
    path = str(tmp_path / "symbols.db")
    with SymbolIndex.open(path) as index:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(IndexUnavailable, match="symbol index"):
            index.build(repo.files, repo.read)
        other.execute("ROLLBACK")
        other.close()
        assert index.build(repo.files, repo.read)


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(IndexUnavailable, match="cannot be used"):
        SymbolIndex.open(str(tmp_path / "file" / "symbols.db"))
