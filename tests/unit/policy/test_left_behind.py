"""A changed signature says who still calls it."""

from collections.abc import Iterator

import pytest
from real_git import RealGit

from earmark.git.changes import commit_changes
from earmark.git.objects import Objects
from earmark.git.repository import find
from earmark.policy.background import background, changed_files
from earmark.policy.left_behind import with_callers
from earmark.risk.assess import findings_of
from earmark.risk.rules import load_default

PRICES = "def total(a):\n    return a\n\n\ndef rate(a):\n    return 1\n"
CART = "from app.prices import total\n\n\ndef pay(cart):\n    return total(cart)\n"


@pytest.fixture
def git(git: RealGit) -> Iterator[RealGit]:
    git.commit("Start", {"app/prices.py": PRICES, "app/cart.py": CART})
    yield git


def said(git: RealGit, files: dict[str, str | bytes]) -> list[tuple[str, str]]:
    base = git("rev-parse", "HEAD")
    commit = git.commit("Change", files)
    repo = find(git.top)
    assert repo is not None
    with Objects(repo) as objects:
        changed = changed_files(objects, commit_changes(repo, [commit])[commit])
        _, users = background(repo, objects, base).of(changed, "a@x", 1 << 40, told=lambda done, total: True)
        found = with_callers([findings_of(file, load_default()) for file in changed], users, load_default())
    return [(f.severity, f.detail) for file in found for f in file.change if f.rule == "change-public-signature"]


def test_callers_that_stay_as_they_were_are_named(git: RealGit) -> None:
    assert said(git, {"app/prices.py": PRICES.replace("total(a)", "total(a, currency)")}) == [
        ("high", "total(a) before; left behind: 1 caller in 1 file: app/cart.py")
    ]


def test_a_removed_function_with_callers(git: RealGit) -> None:
    assert said(git, {"app/prices.py": PRICES[PRICES.index("def rate") :]}) == [
        ("high", "removed: total; left behind: 1 caller in 1 file: app/cart.py")
    ]


def test_nobody_is_left_behind_where_the_callers_change_too(git: RealGit) -> None:
    files: dict[str, str | bytes] = {
        "app/prices.py": PRICES.replace("total(a)", "total(a, currency)"),
        "app/cart.py": CART.replace("total(cart)", "total(cart, 'EUR')"),
    }
    assert said(git, files) == [("medium", "total(a) before")]
    assert said(git, {"app/prices.py": PRICES.replace("rate(a)", "rate(a, b)")})[-1] == ("medium", "rate(a) before")
