"""Addresses, tokens and plans of every forge: all without a connection."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.review.forges.forge import TOKEN, Ask, Http, Project, Push, Refused, plan, shown
from earmark.review.forges.hosts import (
    Credential,
    ForgeUnknown,
    Setting,
    again,
    credential,
    forge_of,
    is_loopback,
    place,
    read_settings,
    settings_file,
)
from earmark.review.forges.remote import BadRemote, Remote, parse, rewritten

REVIEW = Path(__file__).parents[3] / "fixtures" / "review"
REMOTES = tomllib.loads((REVIEW / "remotes.toml").read_text())
ASK = Ask(
    key="0123456789abcdef01234567",
    title="Retry `failed` charges",
    document="<!-- earmark:0123456789abcdef01234567 -->\n\n## Request\n\n<!-- /earmark -->\n\nAI-Assisted: yes\n",
    branch="feature/retry",
    head="2" * 40,
    target="main",
    remote="origin",
    reviewers=("ada",),
    teams=("example/payments",),
    labels=("ai-assisted", "ai-risk:high"),
    push=True,
    summary="Review request: high risk (72 of 100); 5 of 12 added lines by Claude:claude-opus-4.5",
)


@pytest.mark.parametrize("case", [pytest.param(c, id=c["url"]) for c in REMOTES["good"]])
def test_an_address_is_read(case: dict[str, Any]) -> None:
    found = parse(case["url"])
    assert (found.host, found.path, found.port) == (case["host"], case["path"], case.get("port"))


@pytest.mark.parametrize("url", [pytest.param(c["url"], id=repr(c["url"])) for c in REMOTES["bad"]])
def test_an_address_that_could_lie_is_refused(url: str) -> None:
    with pytest.raises(BadRemote, match="remote"):
        parse(url)


@given(st.text(st.sampled_from("htps:/@.git-[]\\#?%: abco\n\u202e"), max_size=60))
def test_reading_an_address_ends_with_plain_parts_or_a_refusal(url: str) -> None:
    try:
        found = parse(url)
    except BadRemote:
        return
    assert found.host == found.host.lower()
    assert not set(found.host + found.path) & set("\\#?% \n\u202e")
    assert all(part not in ("", ".", "..") for part in found.path.split("/"))


def test_instead_of_takes_the_longest_prefix() -> None:
    rules = [("https://github.com/", "gh:"), ("https://git.example.com/", "gh:work/")]
    assert rewritten("gh:o/r", rules) == "https://github.com/o/r"
    assert rewritten("gh:work/x", rules) == "https://git.example.com/x"
    assert rewritten("https://a/b", rules) == "https://a/b"


PLACES = [
    ("git@github.com:o/r.git", {}, "github", "https://api.github.com", "https://github.com/o/r"),
    ("https://acme.ghe.com/o/r", {}, "github", "https://api.acme.ghe.com", "https://acme.ghe.com/o/r"),
    ("git@gitlab.com:g/s/p.git", {}, "gitlab", "https://gitlab.com/api/v4", "https://gitlab.com/g/s/p"),
    ("https://codeberg.org/o/r", {}, "forgejo", "https://codeberg.org/api/v1", "https://codeberg.org/o/r"),
    ("ssh://a@review.x.org:29418/p/q", {}, "gerrit", "https://review.x.org", "https://review.x.org/p/q"),
    ("git@gitlab.example.com:g/p", {}, "gitlab", "https://gitlab.example.com/api/v4", "https://gitlab.example.com/g/p"),
    (
        "git@code.example.com:o/r", {"EARMARK_FORGE": "github"},
        "github", "https://code.example.com/api/v3", "https://code.example.com/o/r",
    ),
    (
        "git@code.example.com:o/r", {"EARMARK_FORGE": "GitLab", "EARMARK_FORGE_URL": "https://git.example.com/api/v4/"},
        "gitlab", "https://git.example.com/api/v4", "https://git.example.com/o/r",
    ),
    (
        "git@github.com:o/r", {"EARMARK_FORGE_URL": "http://127.0.0.1:8000"},
        "github", "http://127.0.0.1:8000", "http://127.0.0.1:8000/o/r",
    ),
    ("https://git.example.com:8443/o/r", {"EARMARK_FORGE": "gitea"}, "gitea", "https://git.example.com:8443/api/v1", "https://git.example.com:8443/o/r"),
    ("ssh://git@git.example.com:2222/o/r", {"EARMARK_FORGE": "gitea"}, "gitea", "https://git.example.com/api/v1", "https://git.example.com/o/r"),
]  # fmt: skip


@pytest.mark.parametrize(("remote", "environ", "kind", "api", "web"), PLACES)
def test_where_a_request_goes(remote: str, environ: dict[str, str], kind: str, api: str, web: str) -> None:
    found = place(parse(remote), environ, {})
    assert (found.kind, found.project.api, found.project.web) == (kind, api, web)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/api", "ftp://example.com", "https://user:pw@example.com", "https://example.com/?a", "x",
        "https://", "http://localhost.evil.example/", "http://127.0.0.1.evil.example/", "https://a\n.example",
        "http://[::2]/", "https://example.com:bad/",
    ],
)  # fmt: skip
def test_an_interface_is_https_or_on_this_machine(url: str) -> None:
    with pytest.raises(ForgeUnknown, match="EARMARK_FORGE_URL"):
        place(parse("git@github.com:o/r"), {"EARMARK_FORGE_URL": url}, {})


def test_an_unknown_host_asks_which_forge_it_is() -> None:
    with pytest.raises(ForgeUnknown, match="EARMARK_FORGE"):
        place(parse("git@code.example.com:o/r"), {}, {})
    with pytest.raises(ForgeUnknown, match="'svn' is none"):
        place(parse("git@github.com:o/r"), {"EARMARK_FORGE": "svn"}, {})
    with pytest.raises(ForgeUnknown, match="git remote add"):
        place(None, {"EARMARK_FORGE": "github"}, {})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)
    assert not is_loopback(host + ".example.com")


TOKENS = {"GITHUB_TOKEN": "gh-secret", "GITLAB_TOKEN": "gl-secret", "GITEA_TOKEN": "gt-secret"}
HOSTILE = [
    ("https://github.com@evil.example/o/r", "github"),
    ("https://github.com.evil.example/o/r", "github"),
    ("git@evilgithub.com:o/r", "github"),
    ("git@ghe.com.evil.example:o/r", "github"),
    ("git@evilghe.com:o/r", "github"),
    ("git@gitlab.evil.example:o/r", ""),
    ("git@github.evil.example:o/r", ""),
    ("git@api.github.com.evil.example:o/r", "github"),
    ("git@gitea.evil.example:o/r", ""),
    ("https://codeberg.org/o/r", ""),
    ("git@gitlab.com:o/r", "github"),
    ("git@github.com:o/r", "gitlab"),
    ("http://127.0.0.1:3000/o/r", "github"),
]


@pytest.mark.parametrize(("remote", "kind"), HOSTILE)
def test_a_token_does_not_follow_a_hostile_remote(remote: str, kind: str) -> None:
    environ = {**TOKENS, "EARMARK_FORGE": kind} if kind else TOKENS
    where = place(parse(remote), environ, {})
    if where.kind == "github" and where.project.api == "https://api.github.com":
        pytest.fail("the remote was taken for GitHub itself")
    found = credential(where, environ)
    assert found.value == ""
    assert "is not sent to" in found.why_none


@pytest.mark.parametrize(
    ("remote", "environ", "value"),
    [
        ("git@github.com:o/r", TOKENS, "gh-secret"),
        ("https://acme.ghe.com/o/r", TOKENS, "gh-secret"),
        ("git@github.com:o/r", {"GH_TOKEN": "other"}, "other"),
        ("git@gitlab.com:o/r", TOKENS, "gl-secret"),
        ("https://gitea.com/o/r", TOKENS, "gt-secret"),
        ("git@g.x:o/r", {**TOKENS, "EARMARK_FORGE": "gitea", "EARMARK_FORGE_URL": "https://g.x/api/v1"}, "gt-secret"),
        ("git@github.com:o/r", {"GITHUB_TOKEN": "bad\ntoken"}, ""),
        ("git@github.com:o/r", {}, ""),
    ],
)  # fmt: skip
def test_a_token_goes_to_its_own_host_or_where_the_user_says(remote: str, environ: dict[str, str], value: str) -> None:
    assert credential(place(parse(remote), environ, {}), environ).value == value


def test_the_users_settings_name_a_host_and_its_token() -> None:
    settings = read_settings(
        '["git.example.com"]\nkind = "gitlab"\ntoken_variable = "WORK_TOKEN"\n["x.org"]\nkind = 3\n'
    )
    assert settings == {"git.example.com": Setting("gitlab", "", "WORK_TOKEN"), "x.org": Setting()}
    where = place(parse("git@git.example.com:g/p"), {}, settings)
    assert credential(where, {**TOKENS, "WORK_TOKEN": "w"}).value == "w"
    assert credential(where, TOKENS).value == ""
    with pytest.raises(ForgeUnknown, match="not TOML"):
        read_settings("[")
    assert settings_file({"XDG_CONFIG_HOME": "/c"}) == "/c/earmark/forges.toml"
    assert settings_file({"XDG_CONFIG_HOME": "relative"}).endswith(".config/earmark/forges.toml")


@pytest.mark.parametrize(
    ("api", "environ", "value"),
    [
        ("https://api.github.com", TOKENS, "gh-secret"),
        ("https://evil.example", TOKENS, ""),
        ("https://g.x/api/v3", {**TOKENS, "EARMARK_FORGE_URL": "https://g.x/api/v3/"}, "gh-secret"),
        ("https://g.y/api/v3", {**TOKENS, "EARMARK_FORGE_URL": "https://g.x/api/v3"}, ""),
        ("https://git.example.com/api/v3", {**TOKENS, "WORK": "w"}, "w"),
        ("https://ghe.example.com/x", {**TOKENS, "WORK": "w"}, "gh-secret"),
    ],
)
def test_a_kept_request_gets_a_token_by_what_the_user_says_now(api: str, environ: dict[str, str], value: str) -> None:
    """The web address beside it is what a hostile outbox would set; it decides nothing."""
    settings = {
        "git.example.com": Setting("github", "", "WORK"),
        "other.example.com": Setting("github", "https://ghe.example.com/x", ""),
    }
    where = again("github", Project(api, "o/r", "https://git.example.com/o/r"), environ, settings)
    assert credential(where, environ).value == value


def test_a_kept_request_does_not_lead_elsewhere() -> None:
    for kind, api in (("github", "http://evil.example"), ("svn", "https://x.example"), ("github", "file:///etc")):
        with pytest.raises(ForgeUnknown):
            again(kind, Project(api, "o/r"), {}, {})


def test_gits_credential_helper_is_asked_for_the_interface_host_last() -> None:
    asked: list[str] = []

    def helper(url: str) -> str:
        asked.append(url)
        return "ada:secret"

    gitlab = place(parse("git@gitlab.example.com:g/p"), {}, {})
    assert credential(gitlab, {}, helper).value == "secret"
    gerrit = place(parse("ssh://review.example.com:29418/p"), {}, {})
    assert credential(gerrit, {}, helper).value == "YWRhOnNlY3JldA=="
    assert credential(place(parse("git@github.com:o/r"), TOKENS, {}), TOKENS, helper).value == "gh-secret"
    assert credential(place(parse("git@github.com:o/r"), {}, {}), {}, helper).value == "secret"
    elsewhere = {"EARMARK_FORGE_URL": "https://git.example.com/api/v3"}
    assert credential(place(parse("git@github.com:o/r"), elsewhere, {}), elsewhere, helper).value == "secret"
    assert asked == [
        "https://gitlab.example.com", "https://review.example.com", "https://github.com", "https://git.example.com",
    ]  # fmt: skip


def test_a_credential_does_not_show_itself() -> None:
    assert "secret" not in repr(Credential("secret"))
    assert "secret" not in f"{[Credential('secret')]}"


REST = {
    "github": "git@github.com:example/shop.git",
    "gitlab": "git@gitlab.com:example/sub/shop.git",
    "gitea": "https://gitea.com/example/shop",
    "gerrit": "ssh://dev@review.example.com:29418/example/shop",
}
WITHOUT = {"gitlab", "gitea", "gerrit"}
PLANS = [(name, True) for name in REST] + [(name, False) for name in sorted(WITHOUT)]


@pytest.mark.parametrize(("name", "with_token"), PLANS)
def test_the_plan_of_each_forge(name: str, with_token: bool) -> None:
    where = place(parse(REST[name]), {}, {})
    ask = ASK._replace(reviewers=("ada@example.com",), teams=()) if name == "gerrit" else ASK
    steps = plan(forge_of(where, with_token=with_token), ask)
    text = json.dumps([shown(step) for step in steps], indent=2) + "\n"
    golden = REVIEW / "plans" / f"{name}{'' if with_token else '-push'}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()
    for step in steps:
        if isinstance(step, Http):
            assert step.url.startswith(where.project.api + "/")
            assert sum(TOKEN in value for _, value in step.headers) == 1
        else:
            assert not any("\n" in part for part in step.argv)


@pytest.mark.parametrize("with_token", [True, False])
@pytest.mark.parametrize("name", list(REST))
def test_a_conversation_looks_before_it_writes(name: str, with_token: bool) -> None:
    """The first write of the REST interface comes after a look-up; a push alone is the same request when repeated."""
    where = place(parse(REST[name]), {}, {})
    ask = ASK._replace(reviewers=("ada@example.com",), teams=(), push=False)
    if name == "gitlab" and not with_token:
        ask = ask._replace(reviewers=("ada",))
    steps = [s for s in plan(forge_of(where, with_token=with_token), ask) if isinstance(s, Http)]
    assert not steps or steps[0].method == "GET"


@pytest.mark.parametrize("value", ["a b", "a%submit", "a,l=Code-Review+2", "a..b", "x@{1}", "", "a:b", "é", "a\n"])
def test_nothing_foreign_gets_into_a_gerrit_push(value: str) -> None:
    forge = forge_of(place(parse(REST["gerrit"]), {}, {}))
    with pytest.raises(Refused, match="push"):
        plan(forge, ASK._replace(reviewers=(value,), teams=()))


@pytest.mark.parametrize("value", ["ada\\n/merge", "ada bob", "@ada", "", "ada/x"])
def test_nothing_foreign_gets_into_a_quick_action(value: str) -> None:
    forge = forge_of(place(parse(REST["gitlab"]), {}, {}), with_token=False)
    with pytest.raises(Refused, match="login"):
        plan(forge, ASK._replace(reviewers=(value,)))


@pytest.mark.parametrize("name", ["gitlab", "gitea"])
def test_a_title_cannot_leave_its_push_option(name: str) -> None:
    forge = forge_of(place(parse(REST[name]), {}, {}), with_token=False)
    (push,) = plan(forge, ASK._replace(title="x\n-o merge_request.merge\\n/merge", summary="y\n/merge\\n/close"))
    assert isinstance(push, Push)
    assert not any("\n" in part or "\\n/merge" in part or "\\n/close" in part for part in push.argv)


def test_a_line_has_an_address_on_each_forge() -> None:
    project = Project("https://api", "o/r", "https://h/o/r")
    where = place(Remote("https", "github.com", None, "o/r"), {}, {})._replace(project=project)
    links = {
        kind: forge_of(where._replace(kind=kind)).link("a b/ü#.py", 3, 5, "c0ffee")
        for kind in ("github", "gitlab", "gitea", "gerrit")
    }
    assert links == {
        "github": "https://h/o/r/blob/c0ffee/a%20b/%C3%BC%23.py#L3-L5",
        "gitlab": "https://h/o/r/-/blob/c0ffee/a%20b/%C3%BC%23.py#L3-5",
        "gitea": "https://h/o/r/src/commit/c0ffee/a%20b/%C3%BC%23.py#L3-L5",
        "gerrit": "",
    }
