"""Packs and incident reports of a repository, and packs of installed packages."""

import sys
from pathlib import Path

import pytest
from real_git import RealGit

from earmark.git.repository import Repository, find
from earmark.policy.repository_rules import repository_rules
from earmark.risk.rules import load_default

PACK = """
format = 1
languages = ["python"]
[[rule]]
id = "acme-rule"
category = "injection"
severity = "high"
why = "w"
hint = "h"
call = ["acme.run"]
"""
REPORT = "---\nsymbols: [charge]\n---\n"
WITH_PATTERN = "---\npattern: charge_again\n---\n"


def opened(git: RealGit, *, trusted: bool) -> Repository:
    repo = find(git.top)
    assert repo is not None
    return repo._replace(trusted=trusted)


def test_packs_and_patterns_are_off_until_the_repository_is_trusted(git: RealGit) -> None:
    git.write(".earmark/rules/acme.toml", PACK)
    git.write("incidents/one.md", REPORT)
    git.write("incidents/two.md", WITH_PATTERN)
    strange = repository_rules(opened(git, trusted=False))
    assert strange.rules is load_default()
    assert [i.id for i in strange.incidents] == ["one"]
    trusted = repository_rules(opened(git, trusted=True))
    assert trusted.rules.get("acme-rule") is not None
    assert [i.id for i in trusted.incidents] == ["one", "two"]
    assert repository_rules(opened(git, trusted=True)).rules is trusted.rules


def test_what_is_not_used_is_said(git: RealGit) -> None:
    git.write(".earmark/rules/broken.toml", "format = 9\n")
    git.write(".earmark/rules/note.txt", "no pack")
    git.write("incidents/broken.md", "---\nseverity: odd\npaths: [a]\n---\n")
    (git.top / "incidents" / "link.md").symlink_to("/etc/hostname")
    found = repository_rules(opened(git, trusted=True))
    assert [where for where, _ in found.problems] == [
        "incidents/link.md", "incidents/broken.md", ".earmark/rules/broken.toml",
    ]  # fmt: skip
    assert found.packs == ()


def test_a_folder_that_leads_out_of_the_repository_is_not_followed(git: RealGit, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "one.md").write_text(REPORT)
    (git.top / "incidents").symlink_to(tmp_path / "elsewhere")
    assert repository_rules(opened(git, trusted=True)).incidents == ()


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages with one that brings packs."""
    site = tmp_path / "site"
    (site / "acme_rules").mkdir(parents=True)
    (site / "acme_rules" / "__init__.py").write_text("")
    (site / "acme_rules" / "acme.toml").write_text(PACK)
    meta = site / "acme_rules-1.0.dist-info"
    meta.mkdir()
    (meta / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-rules\nVersion: 1.0\n")
    (meta / "entry_points.txt").write_text("[earmark.rules]\nacme = acme_rules\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "acme_rules", raising=False)
    return site


def test_installed_packages_bring_packs_by_entry_point(installed: Path, git: RealGit) -> None:
    found = repository_rules(opened(git, trusted=False))
    assert found.rules.get("acme-rule") is not None
    assert [pack.source for pack in found.packs] == ["acme: acme.toml"]
    assert repository_rules(None).rules.get("acme-rule") is not None


def test_an_installed_package_that_cannot_be_imported_is_said(installed: Path, git: RealGit) -> None:
    (installed / "acme_rules" / "__init__.py").write_text("raise RuntimeError('no')\n")
    found = repository_rules(opened(git, trusted=False))
    assert found.problems == (("acme", "its packs cannot be read: RuntimeError: no"),)
    assert found.rules is load_default()
