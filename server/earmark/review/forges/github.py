"""GitHub: pull requests by REST (API version 2022-11-28).

What the service is known for: the author of a pull request cannot be asked (422, for the whole call); a person who has
reviewed leaves `requested_reviewers`, so reviews are read too; a team with review assignment is replaced there by its
members, so the events are read before it is asked again; `team_reviewers` takes slugs without the organisation;
one call asks everybody, for each call notifies.
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
    text,
)
from earmark.review.markdown import visible
from earmark.review.request import combined, keys_in

_STATES = {
    "APPROVED": "approved", "CHANGES_REQUESTED": "changes", "COMMENTED": "commented", "DISMISSED": "dismissed",
}  # fmt: skip


class GitHub:
    """`project.api` is `https://api.github.com`, or `https://HOST/api/v3` of an Enterprise Server."""

    kind = "github"

    def __init__(self, project: Project) -> None:
        self._project = project
        self._base = f"{project.api}/repos/{project.path}"

    def request(self, ask: Ask) -> Exchange:
        if ask.push:
            yield branch_push(ask)
        pull = yield from self._find(ask)
        created = pull is None
        if pull is None:
            pull = yield from self._create(ask)
        number, url = text(pull, "number"), text(pull, "html_url")
        if text(pull, "state") == "closed":
            return Receipt(number, url, False, "merged" if pull.get("merged_at") else "closed")
        body = combined(text(pull, "body"), ask.document)
        if not created and body != text(pull, "body"):
            yield self._http("PATCH", f"/pulls/{number}", {"body": body})
        asked, notices = yield from self._ask_people(ask, pull, number, again=not created)
        notices += yield from self._label(ask, pull, number)
        return Receipt(number, url, created, "open", tuple(asked), tuple(notices))

    def follow(self, ask: Ask) -> Following:
        pull = yield from self._find(ask)
        if pull is None:
            return None
        number = text(pull, "number")
        answer = yield self._http("GET", f"/pulls/{number}/requested_reviewers")
        said = yield self._http("GET", f"/pulls/{number}/reviews?per_page=100", pages=True)
        waiting = answer.body if isinstance(answer.body, Mapping) else {}
        reviews = latest(
            Review(text(r, "user", "login"), _STATES[text(r, "state")], text(r, "commit_id"))
            for r in items(said.body)
            if text(r, "state") in _STATES
        )
        return Followed(
            number,
            text(pull, "html_url"),
            "merged" if pull.get("merged_at") else text(pull, "state"),
            tuple(text(user, "login") for user in items(waiting.get("users"))),
            tuple(text(team, "slug") for team in items(waiting.get("teams"))),
            tuple(review for review in reviews if review.state != "dismissed"),
        )

    def queue(self, logins: Sequence[str]) -> Counting:
        found = {}
        for login in logins:
            query = quoted(f"is:open is:pr review-requested:{login} user:{self._project.owner}")
            answer = yield self._search(f"{query}&per_page=1")
            count = answer.body.get("total_count") if isinstance(answer.body, Mapping) else None
            if answer.status < 400 and isinstance(count, int):
                found[login] = count
        return found

    def mine(self) -> Listing:
        query = quoted(f"is:open is:pr review-requested:@me repo:{self._project.path}")
        answer = yield self._search(f"{query}&per_page=100")
        listed = answer.body.get("items") if isinstance(answer.body, Mapping) else None
        return tuple(
            Waiting(text(p, "number"), text(p, "html_url"), text(p, "title"), bool(keys_in(text(p, "body"))))
            for p in items(listed)
        )

    def members(self, team: str) -> Members:
        owner, _, slug = team.rpartition("/")
        made = self._http("GET", "", pages=True)
        url = (
            f"{self._project.api}/orgs/{quoted(owner or self._project.owner)}/teams/{quoted(slug)}/members?per_page=100"
        )
        answer = yield made._replace(url=url)
        return tuple(Member(text(user, "login")) for user in items(answer.body))

    def _search(self, query: str) -> Http:
        """Logins that do not exist are refused with 422."""
        made = self._http("GET", "", accept=(422,))
        return made._replace(url=f"{self._project.api}/search/issues?q={query}")

    def imagine(self, step: Step) -> Answer:
        if isinstance(step, Push):
            return Answer(200)
        if step.method == "GET":
            return Answer(200, {} if step.url.endswith("/requested_reviewers") else [])
        return Answer(201, {"number": "{number}", "html_url": "", "state": "open"})

    def link(self, path: str, start: int, end: int, head: str) -> str:
        anchor = f"L{start}" if start == end else f"L{start}-L{end}"
        return file_url(self._project.web, "blob", head, path, anchor)

    def _find(self, ask: Ask) -> Generator[Step, Answer, Mapping[str, Any] | None]:
        """The pull request with our marker, open ones first; else the open one of this branch, or of this commit."""
        if not ask.branch:
            answer = yield self._http("GET", f"/commits/{quoted(ask.head)}/pulls?per_page=100", pages=True)
            found = [pull for pull in items(answer.body) if text(pull, "base", "ref") == ask.target]
            return next((pull for pull in found if text(pull, "state") == "open"), None)
        owner = ask.head_owner or self._project.owner
        query = f"state=all&head={quoted(f'{owner}:{ask.branch}')}&base={quoted(ask.target)}&per_page=100"
        answer = yield self._http("GET", f"/pulls?{query}", pages=True)
        pulls = sorted(items(answer.body), key=lambda pull: text(pull, "state") != "open")
        marked = [pull for pull in pulls if ask.key in keys_in(text(pull, "body"))]
        return next(iter(marked), next((p for p in pulls if text(p, "state") == "open"), None))

    def _create(self, ask: Ask) -> Generator[Step, Answer, Mapping[str, Any]]:
        head = f"{ask.head_owner}:{ask.branch}" if ask.head_owner else ask.branch
        body = {"title": ask.title, "head": head, "base": ask.target, "body": ask.document, "draft": ask.draft}
        answer = yield self._http("POST", "/pulls", body, accept=(422,))
        if answer.status != 422:
            return answer.body if isinstance(answer.body, Mapping) else {}
        pull = yield from self._find(ask)  # somebody was faster, or an answer was lost
        if pull is None:
            raise Refused(f"GitHub does not open a pull request for {visible(ask.branch)}: {reason(answer)}")
        return pull

    def _ask_people(
        self, ask: Ask, pull: Mapping[str, Any], number: str, *, again: bool
    ) -> Generator[Step, Answer, tuple[list[str], list[str]]]:
        """Ask those not asked yet, in one call; where the forge refuses the call, people and teams apart."""
        if not ask.reviewers and not ask.teams:
            return [], []
        answer = yield self._http("GET", f"/pulls/{number}/requested_reviewers")
        reviews = yield self._http("GET", f"/pulls/{number}/reviews?per_page=100", pages=True)
        waiting = answer.body if isinstance(answer.body, Mapping) else {}
        known = {text(user, "login").casefold() for user in items(waiting.get("users"))}
        known |= {text(review, "user", "login").casefold() for review in items(reviews.body)}
        known.add(text(pull, "user", "login").casefold())
        teams_known = {text(team, "slug").casefold() for team in items(waiting.get("teams"))}
        people = [login for login in ask.reviewers if login.casefold() not in known]
        slugs = [team.rpartition("/")[2] for team in ask.teams]
        teams = [slug for slug in dict.fromkeys(slugs) if slug.casefold() not in teams_known]
        if teams and again:
            asked_before = yield from self._teams_asked(number)
            teams = [slug for slug in teams if slug.casefold() not in asked_before]
        if not people and not teams:
            return [], []
        return (yield from self._ask(number, people, teams))

    def _teams_asked(self, number: str) -> Generator[Step, Answer, set[str]]:
        """Teams that were ever asked: one with review assignment is replaced by its members at once."""
        answer = yield self._http("GET", f"/issues/{number}/events?per_page=100", pages=True)
        asked = (
            text(e, "requested_team", "slug") for e in items(answer.body) if text(e, "event") == "review_requested"
        )
        return {slug.casefold() for slug in asked}

    def _ask(
        self, number: str, people: list[str], teams: list[str]
    ) -> Generator[Step, Answer, tuple[list[str], list[str]]]:
        body = {key: value for key, value in (("reviewers", people), ("team_reviewers", teams)) if value}
        answer = yield self._http("POST", f"/pulls/{number}/requested_reviewers", body, accept=(403, 404, 422))
        if answer.status < 400:
            return people + teams, []
        if len(people) + len(teams) == 1:
            return [], [f"GitHub does not ask {(people + teams)[0]}: {reason(answer)}"]
        asked: list[str] = []
        notices: list[str] = []
        for login in people:
            one, said = yield from self._ask(number, [login], [])
            asked, notices = asked + one, notices + said
        for slug in teams:
            one, said = yield from self._ask(number, [], [slug])
            asked, notices = asked + one, notices + said
        return asked, notices

    def _label(self, ask: Ask, pull: Mapping[str, Any], number: str) -> Generator[Step, Answer, list[str]]:
        present = {text(label, "name").casefold() for label in items(pull.get("labels"))}
        labels = [label for label in ask.labels if label.casefold() not in present]
        if not labels:
            return []
        answer = yield self._http("POST", f"/issues/{number}/labels", {"labels": labels}, accept=(403, 404, 422))
        return [] if answer.status < 400 else [f"GitHub does not set the labels: {reason(answer)}"]

    def _http(
        self, method: str, path: str, body: Any = None, *, accept: tuple[int, ...] = (), pages: bool = False
    ) -> Http:
        headers = (
            ("Accept", "application/vnd.github+json"),
            ("X-GitHub-Api-Version", "2022-11-28"),
            ("Authorization", f"Bearer {TOKEN}"),
        )
        return Http(method, self._base + path, headers, body, accept, pages)


def reason(answer: Answer) -> str:
    """What the forge said, on one line."""
    said = [text(answer.body, "message")]
    errors = answer.body.get("errors") if isinstance(answer.body, Mapping) else None
    for error in errors if isinstance(errors, list) else []:
        said.append(error if isinstance(error, str) else text(error, "message"))
    return visible("; ".join(part for part in said if part))[:300] or f"status {answer.status}"
