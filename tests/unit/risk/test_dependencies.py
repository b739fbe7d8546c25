"""Packages in doubt: what is found in small workspaces, and the set of names behind it."""

import gzip
import random
import string
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.risk.dependencies import build as builder
from earmark.risk.dependencies.check import check
from earmark.risk.dependencies.lookalike import resembles
from earmark.risk.dependencies.membership import NPM, PYPI, Membership, build, load, normalised
from earmark.risk.dependencies.surroundings import NOWHERE, Surroundings
from earmark.risk.rules import load_default
from earmark.risk.sweep import files_under, scan_file

CASES = sorted((Path(__file__).parents[3] / "fixtures" / "risk" / "dependencies").glob("*.toml"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_a_workspace(case: Path, tmp_path: Path) -> None:
    data = tomllib.loads(case.read_text("utf-8"))
    (tmp_path / ".git").mkdir()
    for name, text in data["files"].items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n" + text.lstrip("\n"), "utf-8")
    found = []
    for path in files_under([str(tmp_path)]):
        result = scan_file(path)
        assert result.errors == ()
        for place in result.places:
            if place.finding.rule.startswith("dep-"):
                text = Path(path).read_bytes()[place.finding.start : place.finding.end].decode()
                inside = Path(path).relative_to(tmp_path).as_posix()
                found.append(f"{inside}:{place.start_line} {place.finding.rule} {text}")
    assert sorted(found) == sorted(data["expected"])


def test_a_workspace_is_not_looked_at_while_no_name_is_in_doubt() -> None:
    def never() -> Surroundings:
        raise AssertionError

    text = b"import os, requests, yaml\nfrom sklearn import svm\n"
    assert check(text, "python", "a.py", never, rules=load_default()) == ((), ())


def test_a_suppressed_doubt_is_silent() -> None:
    text = b"import made_up_by_somebody  # earmark: ignore[dep-unknown-python] comes with the appliance\n"
    assert check(text, "python", "a.py", lambda: NOWHERE, rules=load_default()) == ((), ())


PATHS = ["a.py", "a.ts", "package.json", "requirements.txt", "setup.cfg", "pyproject.toml", "setup.py", "Pipfile",
         "Dockerfile"]  # fmt: skip


@given(st.binary(max_size=300), st.sampled_from(PATHS))
def test_any_bytes_get_an_answer(text: bytes, path: str) -> None:
    language = {"a.py": "python", "a.ts": "typescript", "Dockerfile": "dockerfile"}.get(path, "")
    found, errors = check(b"install " + text, language, path, lambda: NOWHERE, rules=load_default())
    assert errors == ()
    assert all(0 <= f.start <= f.end <= len(text) + 8 for f in found)


NAMES = st.lists(st.text("abcdefghij-_.", min_size=1, max_size=12).filter(lambda n: n.strip("-_.")), max_size=60)


@settings(deadline=None)
@given(NAMES, NAMES)
def test_every_name_that_was_put_in_is_there(names: list[str], popular: list[str]) -> None:
    data = build(names, popular, PYPI, "2026-11", complete=True)
    known = Membership(data)
    assert all(normalised(name, PYPI) in known for name in names + popular)
    assert known.names == len({normalised(name, PYPI) for name in names + popular})
    assert data == build(reversed(names), popular, PYPI, "2026-11", complete=True)


@pytest.mark.parametrize("registry", [PYPI, NPM], ids=lambda r: r.key)
def test_names_that_do_not_exist_are_not_there(registry: object) -> None:
    known = load(PYPI if registry is PYPI else NPM)
    draw = random.Random(7)
    made_up = ["".join(draw.choices(string.ascii_lowercase, k=16)) for _ in range(40_000)]
    # Expected for the larger set: 40,000 / 4,845 = 8.3 by chance.
    assert sum(name in known for name in made_up) < 25
    assert all(name in known for name in known.popular)


def test_a_file_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="format 2"):
        Membership(b'{"format": 2}\n')


def test_the_script_builds_what_the_lists_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "__file__", str(tmp_path / "build.py"))
    with gzip.open(tmp_path / "names.gz", "wt") as handle:
        handle.write("left-pad\nAcme.Tool\n")
    (tmp_path / "popular").write_text("left-pad\n")
    assert builder.main(["pypi", "2026-11", str(tmp_path / "names.gz"), str(tmp_path / "popular"), "--partial"]) == 0
    known = Membership((tmp_path / "pypi.names").read_bytes())
    assert (known.date, known.complete, known.names) == ("2026-11", False, 2)
    assert "acme-tool" in known
    assert known.popular == {"left-pad": 0}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("reqeusts", "requests"), ("requets", "requests"), ("requestss", "requests"), ("requestz", "requests"),
        ("dateutil-python", "python-dateutil"), ("scikitlearn", "scikit-learn"), ("djang0", "django"),
        ("rnatplotlib", "matplotlib"), ("nump\N{CYRILLIC SMALL LETTER U}", "numpy"),
        ("requests", ""), ("flask-restful", ""), ("acme-shop", ""), ("abcd", ""),
    ],
)  # fmt: skip
def test_slips_on_pypi(name: str, meant: str) -> None:
    assert resembles(name, load(PYPI), PYPI) == meant


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("loadsh", "lodash"), ("crossenv", "cross-env"), ("types-node", "@types/node"), ("@type/node", "@types/node"),
        ("@babel-core", "@babel/core"), ("expresss", "express"),
        ("@types/node", ""), ("@acme/lodash", ""), ("@types/nodes", ""), ("react-shop", ""),
    ],
)  # fmt: skip
def test_slips_on_npm(name: str, meant: str) -> None:
    assert resembles(name, load(NPM), NPM) == meant
