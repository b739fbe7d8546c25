"""What the review commands share: where a request goes, what it says, and who may be told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from earmark.cli.workspace import CannotTell

if TYPE_CHECKING:
    from argparse import Namespace

    from earmark.git.repository import Repository
    from earmark.origin.ledger import Ledger
    from earmark.origin.model import LineRange
    from earmark.policy.approval import Approval, Scope
    from earmark.policy.roster import Member
    from earmark.review.collect import Collected
    from earmark.review.forges.forge import Ask, Forge
    from earmark.review.forges.hosts import Credential, Place, Setting
    from earmark.review.forges.sender import Sender
    from earmark.review.request import Focus
    from earmark.review.span import Span


def settings() -> dict[str, Setting]:
    """The user's own settings about forges. Raises `ForgeUnknown` when they cannot be read."""
    import os
    from pathlib import Path

    from earmark.review.forges.hosts import ForgeUnknown, read_settings, settings_file

    file = Path(settings_file(os.environ))
    try:
        return read_settings(file.read_text("utf-8")) if file.is_file() else {}
    except (OSError, ValueError) as error:
        raise ForgeUnknown(f"{file} cannot be read: {error}") from error


def place(span: Span) -> Place:
    """Where the request goes, from the remote, the environment and the user's own settings."""
    return _place(span.url)


def place_if_any(repo: Repository, span: Span) -> Place:
    """As `place`; where no forge is known a place without an address, for what needs none."""
    from pathlib import PurePath

    from earmark.review.forges.forge import Project
    from earmark.review.forges.hosts import ForgeUnknown, Place

    try:
        return place(span)
    except ForgeUnknown:
        return Place("github", Project("", PurePath(repo.top).name), False)


def place_of_remote(repo: Repository, remote: str = "") -> Place:
    """The project that changes of this repository go to."""
    from earmark.review.span import home_url

    return _place(home_url(repo, remote))


def _place(url: str) -> Place:
    import os

    from earmark.review.forges import hosts
    from earmark.review.forges.remote import BadRemote, Remote, parse

    remote: Remote | None = None
    try:
        remote = parse(url) if url else None
    except BadRemote as error:
        # A mirror on this disk names no forge, but its folders name the project when the user names the forge.
        if not os.environ.get("EARMARK_FORGE_URL") or ":" in url:
            raise hosts.ForgeUnknown(str(error)) from error
        parts = url.removesuffix("/").removesuffix(".git").split("/")
        remote = Remote("file", "", None, "/".join([part for part in parts if part not in ("", ".", "..")][-2:]))
    return hosts.place(remote, os.environ, settings())


def collected(
    repo: Repository, ledger: Ledger, span: Span, where: Place, asked: Namespace,
    approvals: tuple[Approval, ...] = (), scope: Scope | None = None, load: Mapping[str, int] | None = None,
    focus: tuple[Focus, ...] = (), online: bool | None = None, near: bool = True,
) -> Collected:  # fmt: skip
    """Everything the request for `span` says, with the approvals there are. `online`: whether the forge may be asked
    who is in the teams of the roster, by default in a trusted workspace. `near`: whether to look at what depends on the
    change and resembles it."""
    import os
    from datetime import datetime

    from earmark.gate import facts
    from earmark.gate.gather import base_policy
    from earmark.policy.approval import Scope
    from earmark.review.collect import Sources, collect

    try:
        stricter = base_policy(None, os.environ)
    except facts.CannotTell as error:
        raise CannotTell(str(error)) from error
    sources = Sources(
        where.kind,
        repository_name(where),
        datetime.now().astimezone(),
        load or {},
        title=asked.title,
        asked=asked.asked,
        base_policy=stricter,
        approvals=approvals,
        scope=scope or Scope(),
        focus=focus,
        near=near,
        members=members_of(repo, span, where, stricter, online=repo.trusted if online is None else online),
    )
    return collect(repo, ledger, span, sources)


def members_of(
    repo: Repository, span: Span, where: Place, base_policy: bytes | None, *, online: bool
) -> dict[str, tuple[Member, ...]] | None:
    """Who is in the forge's teams that the roster names; None where the forge cannot be asked for all of them."""
    from earmark.git.objects import Objects
    from earmark.review.collect import policy_at
    from earmark.review.forges.forge import Refused
    from earmark.review.forges.sender import ForgeError

    with Objects(repo) as objects:
        teams = [team for team, _ in policy_at(objects, span, base_policy)[0].roster.teams]
    if not teams or not where.project.api or not online:
        return None if teams else {}
    forge, token = forge_for(repo, where)
    if not token.value:
        return None
    try:
        with sender_for(repo, where, token) as sender:
            return {team: sender.hold(forge.members(team)) for team in teams}
    except (ForgeError, Refused):
        return None


def focus_of(given: Sequence[str]) -> tuple[Focus, ...]:
    """What PATH, PATH:LINE and PATH:START-END (lines of the head, 1-based, inclusive) ask to look at."""
    import re

    from earmark.origin.model import LineRange
    from earmark.review.request import Focus

    found = []
    for text in given:
        match = re.fullmatch(r"(.+?)(?::([1-9][0-9]{0,8})(?:-([1-9][0-9]{0,8}))?)?", text, re.DOTALL)
        path, start, end = match.groups() if match else ("", None, None)
        first, last = int(start or 0), int(end or start or 0)
        if not path or last < first:
            raise CannotTell(f"--path takes PATH, PATH:LINE or PATH:START-END, not {text!r}")
        found.append(Focus(path, LineRange(first, last)))
    return tuple(found)


def forge_for(repo: Repository, where: Place) -> tuple[Forge, Credential]:
    """The forge and the token for it; without one, the forge as it can be used by pushes alone."""
    import os

    from earmark.review.forges.hosts import credential, forge_of
    from earmark.review.pushing import credential_helper

    token = credential(where, os.environ, credential_helper(repo))
    return forge_of(where, with_token=bool(token.value)), token


def repository_name(where: Place) -> str:
    """The project as a request names it: "host/path"."""
    from urllib.parse import urlsplit

    host = urlsplit(where.project.web or where.project.api).hostname or ""
    return f"{host}/{where.project.path}".lstrip("/")


def following(span: Span, where: Place) -> Ask:
    """What finds the request for `span` on the forge; it asks for nothing."""
    from earmark.review.forges.forge import Ask
    from earmark.review.request import request_key

    key = request_key(repository_name(where), span.target, span.branch, span.first)
    return Ask(key, "", "", span.branch, span.head, span.target, span.remote, head_owner=_fork_owner(span, where))


def ask_of(span: Span, where: Place, found: Collected, forge: Forge, *, draft: bool, second: bool = False) -> Ask:
    """What the forge is asked for; with `second`, of the second choices too."""
    from earmark.review import document
    from earmark.review.forges.forge import Ask
    from earmark.review.labels import labels

    request = found.request
    people = found.route.people + (found.route.second if second else ())

    def link(path: str, lines: LineRange) -> str:
        return forge.link(path, lines.start, lines.end, span.head)

    return Ask(
        key=request.key,
        title=document.title(request),
        document=document.markdown(request, link),
        branch=span.branch,
        head=span.head,
        target=span.target,
        remote=span.remote,
        reviewers=tuple(choice.person.login for choice in people if choice.person.login),
        teams=found.route.teams,
        labels=labels(request, where.kind),
        push=not span.pushed,
        draft=draft,
        head_owner=_fork_owner(span, where),
        summary=document.summary(request),
    )


def _fork_owner(span: Span, where: Place) -> str:
    """Who owns the fork the branch is pushed to; empty when it is pushed to the project itself."""
    from earmark.review.forges.remote import BadRemote, parse

    if span.push_url == span.url:
        return ""
    try:
        path = parse(span.push_url).path
    except BadRemote:
        return ""
    return "" if path.casefold() == where.project.path.casefold() else path.rpartition("/")[0]


@contextmanager
def sender_for(repo: Repository, where: Place, token: Credential, tries: int = 4) -> Iterator[Sender]:
    """A connection to the forge for reading; what did not change since the last one is not sent again."""
    import os
    import time

    from earmark.origin.ledger import folder
    from earmark.review.forges import answers
    from earmark.review.forges.sender import Clock, Sender
    from earmark.review.pushing import pusher

    file = os.path.join(folder(repo), answers.NAME)
    known = answers.read(file)
    before = {url: answer[0] for url, answer in known.items()}
    clock = Clock(time.time, time.sleep)
    with Sender(where.project.api, token, pusher(repo), clock, tries=tries, cache=known) as sender:
        yield sender
    if {url: answer[0] for url, answer in known.items()} != before and os.path.isdir(folder(repo)):
        answers.write(file, known)


def queue_of(repo: Repository, where: Place, token: Credential, forge: Forge, logins: Sequence[str]) -> dict[str, int]:
    """Open requests by login, as far as the forge tells; it is a courtesy, so no error of it stops a request."""
    from earmark.review.forges.forge import Refused
    from earmark.review.forges.sender import ForgeError

    if not token.value or not repo.trusted or not logins:
        return {}
    try:
        with sender_for(repo, where, token, tries=1) as sender:
            return sender.hold(forge.queue(list(dict.fromkeys(logins))[:MOST_ASKED]))
    except (ForgeError, Refused):
        return {}


MOST_ASKED = 10
