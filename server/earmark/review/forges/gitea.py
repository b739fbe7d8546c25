"""Gitea and Forgejo: pull requests by REST (API v1), or by AGit push where there is no token.

An AGit push (`refs/for/BRANCH`, the topic names the request) opens or updates a pull request with title and
description only; reviewers and labels need the REST interface. The same commit pushed twice is one request.
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
    Refused,
    Review,
    Step,
    Waiting,
    branch_push,
    file_url,
    items,
    latest,
    quoted,
    remote_of,
    text,
)
from earmark.review.forges.github import reason
from earmark.review.forges.options import option
from earmark.review.markdown import visible
from earmark.review.request import combined, keys_in

_STATES = {"APPROVED": "approved", "REQUEST_CHANGES": "changes", "COMMENT": "commented"}


class Gitea:
    """`project.api` is `https://HOST/api/v1`; `with_token` False pushes the AGit way."""

    kind = "gitea"

    def __init__(self, project: Project, *, with_token: bool = True) -> None:
        self._project = project
        self._base = f"{project.api}/repos/{project.path}"
        self._with_token = with_token

    def request(self, ask: Ask) -> Exchange:
        if not self._with_token:
            return (yield from self._agit(ask))
        if ask.push:
            yield branch_push(ask)
        pull = yield from self._find(ask)
        created = pull is None
        if pull is None:
            pull = yield from self._create(ask)
        number, url = text(pull, "number"), text(pull, "html_url")
        if text(pull, "state") == "closed":
            return Receipt(number, url, False, "merged" if pull.get("merged") is True else "closed")
        body = combined(text(pull, "body"), ask.document)
        if not created and body != text(pull, "body"):
            yield self._http("PATCH", f"/pulls/{number}", {"body": body})
        asked, notices = yield from self._ask_people(ask, pull, number)
        notices += yield from self._label(ask, pull, number)
        return Receipt(number, url, created, "open", tuple(asked), tuple(notices))

    def follow(self, ask: Ask) -> Following:
        pull = yield from self._find(ask)
        if pull is None:
            return None
        number = text(pull, "number")
        said = yield self._http("GET", f"/pulls/{number}/reviews?limit=50", pages=True)
        reviews = latest(
            Review(text(r, "user", "login"), _STATES[text(r, "state")], text(r, "commit_id"))
            for r in items(said.body)
            if text(r, "state") in _STATES and r.get("dismissed") is not True
        )
        return Followed(
            number,
            text(pull, "html_url"),
            "merged" if pull.get("merged") is True else text(pull, "state"),
            tuple(text(user, "login") for user in items(pull.get("requested_reviewers"))),
            tuple(text(team, "name") for team in items(pull.get("requested_reviewers_teams"))),
            reviews,
        )

    def queue(self, logins: Sequence[str]) -> Counting:
        waiting = [who for pull in (yield from self._open()) for who in items(pull.get("requested_reviewers"))]
        names = [text(who, "login").casefold() for who in waiting]
        return {login: names.count(login.casefold()) for login in logins}

    def mine(self) -> Listing:
        answer = yield Http("GET", f"{self._project.api}/user", self._http("GET", "").headers)
        me = text(answer.body, "login").casefold()
        found = []
        for pull in (yield from self._open()):
            asked = [text(who, "login").casefold() for who in items(pull.get("requested_reviewers"))]
            if me and me in asked:
                ours = bool(keys_in(text(pull, "body")))
                found.append(Waiting(text(pull, "number"), text(pull, "html_url"), text(pull, "title"), ours))
        return tuple(found)

    def members(self, team: str) -> Members:
        owner, _, name = team.rpartition("/")
        headers = self._http("GET", "").headers
        url = f"{self._project.api}/orgs/{quoted(owner or self._project.owner)}/teams?limit=50"
        answer = yield Http("GET", url, headers, pages=True)
        found = [one for one in items(answer.body) if text(one, "name").casefold() == name.casefold()]
        if not found:
            raise Refused(f"the forge knows no team {visible(team)}")
        url = f"{self._project.api}/teams/{text(found[0], 'id')}/members?limit=50"
        answer = yield Http("GET", url, headers, pages=True)
        return tuple(Member(text(user, "login"), text(user, "full_name")) for user in items(answer.body))

    def _open(self) -> Generator[Step, Answer, list[Mapping[str, Any]]]:
        answer = yield self._http("GET", "/pulls?state=open&limit=50", pages=True)
        return items(answer.body)

    def imagine(self, step: Step) -> Answer:
        if isinstance(step, Push):
            return Answer(200)
        return Answer(200, []) if step.method == "GET" else Answer(201, {"number": "{number}", "state": "open"})

    def link(self, path: str, start: int, end: int, head: str) -> str:
        anchor = f"L{start}" if start == end else f"L{start}-L{end}"
        return file_url(self._project.web, "src/commit", head, path, anchor)

    def _find(self, ask: Ask) -> Generator[Step, Answer, Mapping[str, Any] | None]:
        """The listing knows no filter by branch, so the answer is searched; newest first, a bounded number of pages."""
        answer = yield self._http("GET", "/pulls?state=all&sort=recentupdate&limit=50", pages=True)
        pulls = sorted(items(answer.body), key=lambda pull: text(pull, "state") != "open")
        marked = [pull for pull in pulls if ask.key in keys_in(text(pull, "body"))]
        same = [p for p in pulls if text(p, "state") == "open" and self._same_branches(p, ask)]
        return next(iter(marked), next(iter(same), None))

    def _same_branches(self, pull: Mapping[str, Any], ask: Ask) -> bool:
        if not ask.branch:
            return text(pull, "head", "sha") == ask.head and text(pull, "base", "ref") == ask.target
        owner = text(pull, "head", "repo", "owner", "login")
        wanted = ask.head_owner or self._project.owner
        return (
            text(pull, "head", "ref") == ask.branch
            and text(pull, "base", "ref") == ask.target
            and (not owner or owner.casefold() == wanted.casefold())
        )

    def _create(self, ask: Ask) -> Generator[Step, Answer, Mapping[str, Any]]:
        head = f"{ask.head_owner}:{ask.branch}" if ask.head_owner else ask.branch
        title = f"WIP: {ask.title}" if ask.draft else ask.title
        body = {"title": title, "head": head, "base": ask.target, "body": ask.document}
        answer = yield self._http("POST", "/pulls", body, accept=(409, 422))
        if answer.status < 400:
            return answer.body if isinstance(answer.body, Mapping) else {}
        pull = yield from self._find(ask)
        if pull is None:
            raise Refused(f"the forge does not open a pull request for {visible(ask.branch)}: {reason(answer)}")
        return pull

    def _ask_people(
        self, ask: Ask, pull: Mapping[str, Any], number: str
    ) -> Generator[Step, Answer, tuple[list[str], list[str]]]:
        known = {text(user, "login").casefold() for user in items(pull.get("requested_reviewers"))}
        known.add(text(pull, "user", "login").casefold())
        teams_known = {text(team, "name").casefold() for team in items(pull.get("requested_reviewers_teams"))}
        if not text(pull, "number").startswith("{") and (ask.reviewers or ask.teams):
            reviews = yield self._http("GET", f"/pulls/{number}/reviews?limit=50", pages=True)
            known |= {text(review, "user", "login").casefold() for review in items(reviews.body)}
        people = [name for name in ask.reviewers if name.casefold() not in known]
        slugs = [team.rpartition("/")[2] for team in ask.teams]
        teams = [slug for slug in dict.fromkeys(slugs) if slug.casefold() not in teams_known]
        asked: list[str] = []
        notices: list[str] = []
        for body in ({"reviewers": people}, {"team_reviewers": teams}):
            names = [name for value in body.values() for name in value]
            if not names:
                continue
            answer = yield self._http("POST", f"/pulls/{number}/requested_reviewers", body, accept=(403, 404, 422))
            if answer.status < 400:
                asked += names
            else:
                notices.append(f"the forge does not ask {', '.join(map(visible, names))}: {reason(answer)}")
        return asked, notices

    def _label(self, ask: Ask, pull: Mapping[str, Any], number: str) -> Generator[Step, Answer, list[str]]:
        present = {text(label, "name").casefold() for label in items(pull.get("labels"))}
        labels = [label for label in ask.labels if label.casefold() not in present]
        if not labels:
            return []
        answer = yield self._http("POST", f"/issues/{number}/labels", {"labels": labels}, accept=(403, 404, 422))
        return [] if answer.status < 400 else [f"the forge does not set the labels: {reason(answer)}"]

    def _agit(self, ask: Ask) -> Exchange:
        argv = ["git", "push", remote_of(ask), f"{ask.head}:refs/for/{ask.target}"]
        argv += ["-o", f"topic=earmark-{ask.key}", "-o", f"title={option(ask.title)}"]
        argv += ["-o", f"description={option(ask.summary)}"]
        yield Push(tuple(argv), ("up-to-date", "up to date", "no new changes"))
        notices = []
        if ask.reviewers or ask.teams or ask.labels:
            notices.append("no GITEA_TOKEN for this host: a push cannot ask people or set labels, ask them yourself")
        return Receipt("", "", True, "open", (), tuple(notices))

    def _http(
        self, method: str, path: str, body: Any = None, *, accept: tuple[int, ...] = (), pages: bool = False
    ) -> Http:
        headers = (("Accept", "application/json"), ("Authorization", f"token {TOKEN}"))
        return Http(method, self._base + path, headers, body, accept, pages)
