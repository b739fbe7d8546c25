"""What every forge module speaks: requests, pushes, answers, and the conversation made of them."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

from earmark.policy.roster import Member

TOKEN = "***"  # noqa: S105  stands where the sender puts the token


class Http(NamedTuple):
    """One request. `headers` hold `TOKEN` in the token's place. `accept` are statuses beyond 2xx that the conversation
    handles itself; `pages` asks for all pages of a list."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: Any = None
    accept: tuple[int, ...] = ()
    pages: bool = False


class Push(NamedTuple):
    """`git push` with these arguments, run at the repository's top. `same` are substrings of a refusal that mean that
    the server already has exactly this."""

    argv: tuple[str, ...]
    same: tuple[str, ...] = ()


Step = Http | Push


class Answer(NamedTuple):
    """The answer to a step: HTTP status, JSON body (None when there is none). A push that worked is 200, its `body`
    what the server said."""

    status: int
    body: Any = None


class Project(NamedTuple):
    """Where the request goes: `api` base URL without a trailing slash, `path` of the project ("owner/name", with
    subgroups on GitLab), `web` address of the project for links (empty when not known)."""

    api: str
    path: str
    web: str = ""

    @property
    def owner(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


class Ask(NamedTuple):
    """A review request to make or bring up to date.

    `key` and `document` from `request`; `branch` is where the change is pushed (on `remote`, a name or URL), `head` its
    commit id, `target` a branch name; `head_owner` owns the fork the branch lives in, empty for the project itself.
    `reviewers` are logins (addresses on Gerrit), `teams` slugs. `push` says whether the branch must be pushed first.
    `summary` is the document in one line, for channels that take no more.

    Who only follows, and has the commit without a branch, leaves `branch` empty: the request is then found by `head`.
    """

    key: str
    title: str
    document: str
    branch: str
    head: str
    target: str
    remote: str
    reviewers: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    push: bool = False
    draft: bool = False
    head_owner: str = ""
    summary: str = ""


class Receipt(NamedTuple):
    """What stands on the forge now. `state` is "open", "closed" or "merged"; `asked` are people and teams asked by this
    conversation; `notices` say what the forge did not take."""

    number: str
    url: str
    created: bool
    state: str = "open"
    asked: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


class Review(NamedTuple):
    """What one person said last: `state` "approved", "changes" (requested) or "commented"; `commit` what they saw,
    empty when the forge does not tell."""

    login: str
    state: str
    commit: str


class Followed(NamedTuple):
    """A request as it stands on the forge: who is still waited for, and everybody's last decisive review."""

    number: str
    url: str
    state: str
    waiting: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    reviews: tuple[Review, ...] = ()


class Waiting(NamedTuple):
    """A request that waits for somebody. `ours` says whether it carries a document of this project's."""

    number: str
    url: str
    title: str
    ours: bool


Exchange = Generator[Step, Answer, Receipt]
Following = Generator[Step, Answer, Followed | None]
Counting = Generator[Step, Answer, dict[str, int]]
Listing = Generator[Step, Answer, tuple[Waiting, ...]]
Members = Generator[Step, Answer, tuple[Member, ...]]


class Forge(Protocol):
    """One forge. A further one is one module with these functions."""

    @property
    def kind(self) -> str: ...

    def request(self, ask: Ask) -> Exchange:
        """The conversation that makes or updates the request. Raises `Refused` when the forge says no for good."""
        ...

    def follow(self, ask: Ask) -> Following:
        """The conversation that reads how the request stands; None when the forge has none. Of `ask` only key, branch
        and target count."""
        ...

    def queue(self, logins: Sequence[str]) -> Counting:
        """How many open requests wait for each of `logins`; those it cannot tell are left out."""
        ...

    def mine(self) -> Listing:
        """What waits for the token's owner in this project."""
        ...

    def members(self, team: str) -> Members:
        """Who is in a team, written as owners files write it, without the `@`. Raises `Refused` when there is none."""
        ...

    def imagine(self, step: Step) -> Answer:
        """The answer of a forge that has nothing yet; what only it can know is a name in braces, `{number}`."""
        ...

    def link(self, path: str, start: int, end: int, head: str) -> str:
        """The web address of lines `start` to `end` (1-based, inclusive) of `path` at commit `head`, or empty."""
        ...


class Refused(Exception):
    """The forge will not take the request as it is; the message says what it said and what to do."""


def latest(reviews: Iterable[Review]) -> tuple[Review, ...]:
    """Each person's last decisive review of a list in order of time; a mere comment decides nothing."""
    found: dict[str, Review] = {}
    for review in reviews:
        if review.login and (review.state != "commented" or review.login not in found):
            found.pop(review.login, None)
            found[review.login] = review
    return tuple(found.values())


def plan(forge: Forge, ask: Ask) -> tuple[Step, ...]:
    """Every step of the conversation with a forge that has nothing yet."""
    exchange = forge.request(ask)
    steps: list[Step] = []
    try:
        step = next(exchange)
        while True:
            steps.append(step)
            step = exchange.send(forge.imagine(step))
    except StopIteration:
        return tuple(steps)


def shown(step: Step) -> dict[str, Any]:
    """A step as `--dry-run --json` prints it. No token is in it: a step never holds one."""
    if isinstance(step, Push):
        return {"push": list(step.argv)}
    return {"method": step.method, "url": step.url, "headers": dict(step.headers), "body": step.body}


def remote_of(ask: Ask) -> str:
    """The remote to push to. Raises `Refused` for none, and for a name that git would take for an option."""
    if not ask.remote or ask.remote.startswith("-"):
        raise Refused("there is no remote to push to; add one with `git remote add`")
    return ask.remote


def branch_push(ask: Ask) -> Push:
    """Push exactly the reviewed commit to the branch; a branch that went elsewhere is not overwritten."""
    return Push(("git", "push", remote_of(ask), f"{ask.head}:refs/heads/{ask.branch}"), ("up-to-date", "up to date"))


def quoted(value: str) -> str:
    """`value` for one query parameter or path segment."""
    return quote(value, safe="")


def file_url(web: str, middle: str, head: str, path: str, anchor: str) -> str:
    """`web/middle/head/path#anchor`, the path percent-encoded; empty when `web` is."""
    return f"{web}/{middle}/{head}/{quote(path, safe='/', errors='surrogateescape')}#{anchor}" if web else ""


def text(body: Any, *keys: str) -> str:
    """The string at `keys` in nested objects, empty when the answer has no such string."""
    for key in keys:
        body = body.get(key) if isinstance(body, Mapping) else None
    return str(body) if isinstance(body, str | int) and not isinstance(body, bool) else ""


def items(body: Any) -> list[Mapping[str, Any]]:
    """The objects of a list answer."""
    return [item for item in body if isinstance(item, Mapping)] if isinstance(body, list) else []
