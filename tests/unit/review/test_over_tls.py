"""Forges reached over TLS with an authority of the organisation's own, and those whose certificate proves nothing."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme
from forge_server import serving
from github_service import GitHubService
from other_services import GerritService, GiteaService, GitLabService
from test_sending_github import ASK, FakeClock

from earmark.review.forges import sender
from earmark.review.forges.forge import Forge, Project
from earmark.review.forges.gerrit import Gerrit
from earmark.review.forges.gitea import Gitea
from earmark.review.forges.github import GitHub
from earmark.review.forges.gitlab import GitLab
from earmark.review.forges.hosts import Credential


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """An authority that `SSL_CERT_FILE` names, as an organisation sets it up."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    sender._tls.cache_clear()
    return made


@pytest.fixture(autouse=True)
def _as_before() -> object:
    yield
    sender._tls.cache_clear()


def server_side(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


FORGES = {
    "github": (GitHubService, lambda url: GitHub(Project(url, "o/r"))),
    "gitlab": (GitLabService, lambda url: GitLab(Project(url, "g/sub/p"))),
    "gitea": (GiteaService, lambda url: Gitea(Project(url, "o/r"))),
    "gerrit": (GerritService, lambda url: Gerrit(Project(url, "p"))),
}


def follow(url: str, forge: Forge) -> object:
    with sender.Sender(url, Credential("secret-token"), lambda push: "", FakeClock().clock, tries=1) as connection:
        return connection.hold(forge.follow(ASK))


@pytest.mark.parametrize("kind", FORGES)
def test_an_authority_of_ones_own_is_known(kind: str, authority: trustme.CA) -> None:
    service, forge = FORGES[kind]
    with serving(service(), tls=server_side(authority, "localhost")) as server:
        assert server.url.startswith("https://localhost:")
        assert follow(server.url, forge(server.url)) is None
        assert len(server.calls) == 1


def test_a_stranger_hears_no_token(authority: trustme.CA) -> None:
    """A certificate by somebody else, one for another host: the connection ends before anything is said."""
    for names, by in ((("localhost",), trustme.CA()), (("elsewhere.example",), authority)):
        with serving(GitHubService(), tls=server_side(by, *names)) as server:
            with pytest.raises(sender.Unreachable, match="certificate verify failed"):
                follow(server.url, GitHub(Project(server.url, "o/r")))
            assert server.calls == []


def test_what_speaks_no_tls_hears_no_token(authority: trustme.CA) -> None:
    with serving(GitHubService()) as server:
        url = server.url.replace("http://127.0.0.1", "https://localhost")
        with pytest.raises(sender.Unreachable):
            follow(url, GitHub(Project(url, "o/r")))
        assert server.calls == []
