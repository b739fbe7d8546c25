"""GitLab: merge requests by REST (API v4), or by push options alone where there is no token.

Reviewers are users by id, so each login is looked up; a group cannot be asked. An update replaces the list of
reviewers, so those already there are sent again. Without a token the server opens the merge request from push options,
and a quick action in the description asks the people; push options take no newline, a literal `\\n` becomes one.
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
from earmark.review.forges.options import login, option
from earmark.review.markdown import visible
from earmark.review.request import combined, keys_in, marker

_SAID = {
    "approved this merge request": "approved", "unapproved this merge request": "withdrawn",
    "requested changes": "changes",
}  # fmt: skip
_WAITING = frozenset({"unreviewed", "review_started"})


class GitLab:
    """`project.api` is `https://HOST/api/v4`; `with_token` False uses push options only."""

    kind = "gitlab"

    def __init__(self, project: Project, *, with_token: bool = True) -> None:
        self._project = project
        self._base = f"{project.api}/projects/{quoted(project.path)}"
        self._with_token = with_token

    def request(self, ask: Ask) -> Exchange:
        if not self._with_token:
            return (yield from self._push_options(ask))
        if ask.push:
            yield branch_push(ask)
        merge = yield from self._find(ask)
        ids, notices = yield from self._ids(ask)
        created = merge is None
        if merge is None:
            merge, created = yield from self._create(ask, [*ids.values()])
        number, url, state = text(merge, "iid"), text(merge, "web_url"), text(merge, "state")
        if state in ("closed", "merged", "locked"):
            return Receipt(number, url, False, "merged" if state == "merged" else "closed")
        present = {int(user["id"]) for user in items(merge.get("reviewers")) if isinstance(user.get("id"), int)}
        asked = [name for name, id_ in ids.items() if created or id_ not in present]
        if not created:
            yield from self._update(ask, merge, number, sorted(present | set(ids.values())), bool(asked))
        notices += [f"GitLab asks people, not groups: {visible(team)} is not asked" for team in ask.teams]
        return Receipt(number, url, created, "open", tuple(asked), tuple(notices))

    def follow(self, ask: Ask) -> Following:
        """An approval names no commit here: it covers the version that stood when it was given."""
        merge = yield from self._find(ask)
        if merge is None:
            return None
        number = text(merge, "iid")
        part = f"/merge_requests/{number}"
        people = yield self._http("GET", f"{part}/reviewers")
        versions = yield self._http("GET", f"{part}/versions?per_page=100", pages=True)
        notes = yield self._http("GET", f"{part}/notes?sort=asc&order_by=created_at&per_page=100", pages=True)
        seen = sorted((text(v, "created_at"), text(v, "head_commit_sha")) for v in items(versions.body))
        reviews = [
            Review(
                text(note, "author", "username"), _SAID[text(note, "body")], _version(seen, text(note, "created_at"))
            )
            for note in items(notes.body)
            if note.get("system") is True and text(note, "body") in _SAID
        ]
        waiting = [text(p, "user", "username") for p in items(people.body) if text(p, "state") in _WAITING]
        state = {"opened": "open", "locked": "closed"}.get(text(merge, "state"), text(merge, "state"))
        last = tuple(review for review in latest(reviews) if review.state != "withdrawn")
        return Followed(number, text(merge, "web_url"), state, tuple(waiting), (), last)

    def queue(self, logins: Sequence[str]) -> Counting:
        found = {}
        for name in logins:
            found[name] = len((yield from self._waits_for(name)))
        return found

    def mine(self) -> Listing:
        answer = yield self._http("GET", f"{self._project.api}/user")
        listed = yield from self._waits_for(text(answer.body, "username"))
        return tuple(
            Waiting(text(m, "iid"), text(m, "web_url"), text(m, "title"), bool(keys_in(text(m, "description"))))
            for m in listed
        )

    def members(self, team: str) -> Members:
        url = f"{self._project.api}/groups/{quoted(team)}/members/all?per_page=100"
        answer = yield self._http("GET", url, pages=True)
        active = [user for user in items(answer.body) if text(user, "state") in ("active", "")]
        return tuple(Member(text(user, "username"), text(user, "name")) for user in active)

    def _waits_for(self, name: str) -> Generator[Step, Answer, list[Mapping[str, Any]]]:
        query = f"state=opened&reviewer_username={quoted(name)}&per_page=100"
        answer = yield self._http("GET", f"/merge_requests?{query}", pages=True)
        return items(answer.body)

    def imagine(self, step: Step) -> Answer:
        if isinstance(step, Push):
            return Answer(200)
        if step.method == "GET" and "/users?" in step.url:
            return Answer(200, [{"id": 0, "username": step.url.rpartition("=")[2]}])
        if step.method == "GET":
            return Answer(200, [])
        return Answer(201, {"iid": "{iid}", "web_url": "", "state": "opened"})

    def link(self, path: str, start: int, end: int, head: str) -> str:
        anchor = f"L{start}" if start == end else f"L{start}-{end}"
        return file_url(self._project.web, "-/blob", head, path, anchor)

    def _find(self, ask: Ask) -> Generator[Step, Answer, Mapping[str, Any] | None]:
        if not ask.branch:
            url = f"/repository/commits/{quoted(ask.head)}/merge_requests?per_page=100"
            answer = yield self._http("GET", url, pages=True)
            found = [merge for merge in items(answer.body) if text(merge, "target_branch") == ask.target]
            return next((merge for merge in found if text(merge, "state") == "opened"), None)
        query = f"source_branch={quoted(ask.branch)}&target_branch={quoted(ask.target)}"
        answer = yield self._http("GET", f"/merge_requests?{query}&state=all&per_page=100", pages=True)
        merges = sorted(items(answer.body), key=lambda merge: text(merge, "state") != "opened")
        marked = [merge for merge in merges if ask.key in keys_in(text(merge, "description"))]
        return next(iter(marked), next((m for m in merges if text(m, "state") == "opened"), None))

    def _ids(self, ask: Ask) -> Generator[Step, Answer, tuple[dict[str, int], list[str]]]:
        ids: dict[str, int] = {}
        notices: list[str] = []
        for name in ask.reviewers:
            url = f"{self._project.api}/users?username={quoted(name)}"
            answer = yield self._http("GET", url)
            found = [user for user in items(answer.body) if text(user, "username").casefold() == name.casefold()]
            if found and isinstance(found[0].get("id"), int):
                ids[name] = found[0]["id"]
            else:
                notices.append(f"GitLab knows no user {visible(name)}")
        return ids, notices

    def _create(self, ask: Ask, ids: list[int]) -> Generator[Step, Answer, tuple[Mapping[str, Any], bool]]:
        title = f"Draft: {ask.title}" if ask.draft else ask.title
        body = {
            "source_branch": ask.branch, "target_branch": ask.target, "title": title, "description": ask.document,
            "labels": ",".join(ask.labels), "reviewer_ids": ids,
        }  # fmt: skip
        answer = yield self._http("POST", "/merge_requests", body, accept=(409, 422))
        if answer.status < 400:
            return (answer.body if isinstance(answer.body, Mapping) else {}), True
        merge = yield from self._find(ask)
        if merge is None:
            raise Refused(f"GitLab does not open a merge request for {visible(ask.branch)}: {reason(answer)}")
        return merge, False

    def _update(
        self, ask: Ask, merge: Mapping[str, Any], number: str, ids: list[int], more: bool
    ) -> Generator[Step, Answer, None]:
        body: dict[str, Any] = {}
        description = combined(text(merge, "description"), ask.document)
        if description != text(merge, "description"):
            body["description"] = description
        if more:
            body["reviewer_ids"] = ids
        present = merge.get("labels")
        labels = [label for label in ask.labels if not isinstance(present, list) or label not in present]
        if labels:
            body["add_labels"] = ",".join(labels)
        if body:
            yield self._http("PUT", f"/merge_requests/{number}", body)

    def _push_options(self, ask: Ask) -> Exchange:
        """One push: it opens the merge request where there is none, and is the same request where there is one."""
        lines = [marker(ask.key), "", option(ask.summary), *(f"/assign_reviewer @{login(n)}" for n in ask.reviewers)]
        argv = ["git", "push", remote_of(ask), f"{ask.head}:refs/heads/{ask.branch}"]
        options = [
            "merge_request.create",
            f"merge_request.target={ask.target}",
            f"merge_request.title={option(ask.title)}",
        ]
        options += [f"merge_request.label={option(label)}" for label in ask.labels]
        options += ["merge_request.draft"] if ask.draft else []
        options += ["merge_request.description=" + "\\n".join(lines)]
        argv += [part for value in options for part in ("-o", value)]
        yield Push(tuple(argv), ("up-to-date", "up to date"))
        notices = ("no GITLAB_TOKEN for this host: asked by push options, which carry a summary and no groups",)
        return Receipt("", "", True, "open", ask.reviewers, notices)

    def _http(
        self, method: str, path: str, body: Any = None, *, accept: tuple[int, ...] = (), pages: bool = False
    ) -> Http:
        url = path if path.startswith(self._project.api + "/") else self._base + path
        return Http(method, url, (("Accept", "application/json"), ("PRIVATE-TOKEN", TOKEN)), body, accept, pages)


def _version(versions: list[tuple[str, str]], at: str) -> str:
    """The head of the version that stood at `at`; times are ISO 8601 in UTC and sort as text."""
    return next((head for since, head in reversed(versions) if since <= at), "")


def reason(answer: Answer) -> str:
    """What the forge said, on one line; GitLab's `message` is a string, a list or an object of lists."""
    said = answer.body.get("message", answer.body.get("error")) if isinstance(answer.body, Mapping) else None
    if isinstance(said, Mapping):
        said = [f"{key} {value}" for key, value in said.items()]
    if isinstance(said, list):
        said = "; ".join(str(part) for part in said)
    return visible(str(said))[:300] if said else f"status {answer.status}"
