"""Gerrit: one push to `refs/for/BRANCH` with reviewers, topic and hashtags; the document as a message by REST.

The topic holds the key, so the changes of a request are found by it. Pushing the same commits again is no new request
("no new changes"). A refspec takes no spaces or colons. `%submit` is never used: it skips labels and rules.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from earmark.policy.roster import Member
from earmark.review.forges.forge import (
    TOKEN,
    Answer,
    Ask,
    Counting,
    Exchange,
    Followed,
    Following,
    Http,
    Listing,
    Members,
    Project,
    Push,
    Receipt,
    Review,
    Step,
    Waiting,
    items,
    quoted,
    remote_of,
    text,
)
from earmark.review.forges.options import ref_part
from earmark.review.markdown import visible
from earmark.review.request import END, keys_in


class Gerrit:
    """`project.api` is the web address of the server; `with_token` False only pushes."""

    kind = "gerrit"

    def __init__(self, project: Project, *, with_token: bool = True) -> None:
        self._project = project
        self._with_token = with_token

    def request(self, ask: Ask) -> Exchange:
        yield self._push(ask)
        people = ask.reviewers + ask.teams
        if not self._with_token:
            said_so = "no HTTP credentials for this host: the document is not added as a message"
            return Receipt("", "", True, "open", people, (said_so,))
        query = f"/a/changes/?q={quoted(self._query(ask))}&o=CURRENT_REVISION&o=MESSAGES"
        answer = yield self._http("GET", query, pages=True)
        change = _of_head(items(answer.body), ask.head)
        if change is None:
            return Receipt("", "", True, "open", people, ("the server does not list the change that was pushed",))
        number = text(change, "_number")
        said = [text(message, "message") for message in items(change.get("messages"))]
        created = not any(ask.key in keys_in(message) for message in said)
        notices = yield from self._say(ask, number, said)
        url = f"{self._project.api}/c/{self._project.path}/+/{number}"
        return Receipt(number, url, created, "open", people, tuple(notices))

    def follow(self, ask: Ask) -> Following:
        """Votes are those of the current patch set: Gerrit itself decides which ones an upload keeps."""
        query = quoted(self._query(ask))
        answer = yield self._http(
            "GET", f"/a/changes/?q={query}&o=CURRENT_REVISION&o=DETAILED_LABELS&o=DETAILED_ACCOUNTS"
        )
        change = _of_head(items(answer.body), ask.head)
        if change is None:
            return None
        labels = change.get("labels")
        label = labels.get("Code-Review") if isinstance(labels, Mapping) else None
        votes = items(label.get("all")) if isinstance(label, Mapping) else []
        best = (
            max((int(v) for v in label.get("values", ()) if v.strip().lstrip("+-").isdigit()), default=2)
            if label
            else 2
        )
        commit = text(change, "current_revision")
        reviews, waiting = [], []
        for vote in votes:
            value, login = vote.get("value", 0), text(vote, "email") or text(vote, "username")
            if value == best or (isinstance(value, int) and value < 0):
                reviews.append(Review(login, "approved" if value == best else "changes", commit))
            else:
                waiting.append(login)
        number = text(change, "_number")
        state = {"MERGED": "merged", "ABANDONED": "closed"}.get(text(change, "status"), "open")
        url = f"{self._project.api}/c/{self._project.path}/+/{number}"
        return Followed(number, url, state, tuple(waiting), (), tuple(reviews))

    def queue(self, logins: Sequence[str]) -> Counting:
        found = {}
        for name in logins:
            answer = yield self._http("GET", f"/a/changes/?q={quoted(f'reviewer:{ref_part(name)} status:open')}")
            found[name] = len(items(answer.body))
        return found

    def mine(self) -> Listing:
        """Gerrit's attention set: whose turn it is."""
        query = quoted(f'attention:self status:open project:"{self._project.path}"')
        answer = yield self._http("GET", f"/a/changes/?q={query}")
        base = f"{self._project.api}/c/{self._project.path}/+/"
        return tuple(
            Waiting(
                text(c, "_number"),
                base + text(c, "_number"),
                text(c, "subject"),
                text(c, "topic").startswith("earmark-"),
            )
            for c in items(answer.body)
        )

    def members(self, team: str) -> Members:
        answer = yield self._http("GET", f"/a/groups/{quoted(team)}/members/?recursive", pages=True)
        people = items(answer.body)
        return tuple(Member(text(p, "email") or text(p, "username"), text(p, "name")) for p in people)

    def imagine(self, step: Step) -> Answer:
        if isinstance(step, Push) or step.method != "GET":
            return Answer(200, {})
        return Answer(200, [{"_number": "{number}", "current_revision": ""}])

    def link(self, path: str, start: int, end: int, head: str) -> str:
        return ""  # a line's address holds the change's number, which only the server gives

    def _query(self, ask: Ask) -> str:
        if not ask.branch:
            return f'commit:{ask.head} project:"{self._project.path}" branch:"{ask.target}"'
        return f'topic:"earmark-{ask.key}" project:"{self._project.path}" branch:"{ask.target}"'

    def _push(self, ask: Ask) -> Push:
        options = [f"topic=earmark-{ask.key}"]
        options += [f"r={ref_part(person)}" for person in ask.reviewers]
        options += [f"r={ref_part(team)}" for team in ask.teams]
        options += [f"hashtag={ref_part(label.replace(':', '-'))}" for label in ask.labels]
        options += ["wip"] if ask.draft else []
        refspec = f"{ask.head}:refs/for/{ask.target}%{','.join(options)}"
        return Push(("git", "push", remote_of(ask), refspec), ("no new changes",))

    def _say(self, ask: Ask, number: str, said: list[str]) -> Generator[Step, Answer, list[str]]:
        """Add the document as a message, unless it stands there already. Gerrit puts its own line above a message."""
        if any(ask.document.strip().partition(END)[0] in message for message in said):
            return []
        body = {"message": ask.document, "tag": "autogenerated:earmark", "omit_duplicate_comments": True}
        path = f"/a/changes/{number}/revisions/current/review"
        answer = yield self._http("POST", path, body, accept=(400, 403, 404, 409, 422))
        return [] if answer.status < 400 else [f"Gerrit does not take the message: {visible(text(answer.body))[:300]}"]

    def _http(
        self, method: str, path: str, body: Any = None, *, accept: tuple[int, ...] = (), pages: bool = False
    ) -> Http:
        headers = (("Accept", "application/json"), ("Authorization", f"Basic {TOKEN}"))
        return Http(method, self._project.api + path, headers, body, accept, pages)


def _of_head(changes: list[Mapping[str, Any]], head: str) -> Mapping[str, Any] | None:
    """The change whose current revision is the reviewed commit; an imagined one has none."""
    return next((c for c in changes if text(c, "current_revision") in (head, "")), None)
