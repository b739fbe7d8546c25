"""A request to GitHub over real HTTP: state, faults, limits; effectively once."""

from __future__ import annotations

import random
import socketserver
import threading
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from forge_server import Call, Fault, ForgeServer, Reply, serving
from github_service import GitHubService

from earmark.review.forges.forge import Ask, Project, Receipt, Refused
from earmark.review.forges.github import GitHub
from earmark.review.forges.hosts import Credential
from earmark.review.forges.sender import (
    Clock,
    Denied,
    ForgeError,
    Rejected,
    Sender,
    Unreachable,
)
from earmark.review.request import END, keys_in, marker

KEY = "0123456789abcdef01234567"
DOCUMENT = f"{marker(KEY)}\n\n## Request\n\n{END}\n\nAI-Assisted: yes\n"
ASK = Ask(KEY, "Title", DOCUMENT, "feature", "2" * 40, "main", "origin", ("ada",), ("org/core",), ("ai-assisted",))


class FakeClock:
    """Waiting moves the time and takes none."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.time, self.sleep)


def send(
    server: ForgeServer,
    ask: Ask = ASK,
    *,
    token: str = "secret-token",
    clock: FakeClock | None = None,
    cache: Any = None,
) -> Receipt:
    forge = GitHub(Project(server.url, "o/r"))
    credential = Credential(token, "" if token else "no token for 127.0.0.1: set GITHUB_TOKEN")
    pushed: list[Any] = []
    sender = Sender(server.url, credential, lambda p: pushed.append(p) or "", (clock or FakeClock()).clock, cache=cache)  # type: ignore[func-returns-value]
    with sender:
        return sender.carry_out(lambda: forge.request(ask))


def failing(*steps: tuple[int, Fault]) -> Callable[[int, Call], Fault | None]:
    return lambda number, call: dict(steps).get(number)


def writes(method: str, part: str, fault: Fault, times: int = 1) -> Callable[[int, Call], Fault | None]:
    """The first `times` calls of this kind fail."""
    seen: list[int] = []

    def faults(number: int, call: Call) -> Fault | None:
        if call.method == method and part in call.path and len(seen) < times:
            seen.append(number)
            return fault
        return None

    return faults


def test_the_first_request_opens_asks_and_labels() -> None:
    service = GitHubService()
    with serving(service) as server:
        receipt = send(server)
    (pull,) = service.pulls
    assert receipt == Receipt("1", pull["html_url"], True, "open", ("ada", "core"), ())
    assert keys_in(pull["body"]) == (KEY,)
    assert (pull["waiting"], pull["waiting_teams"]) == (["ada"], ["core"])
    assert [label["name"] for label in pull["labels"]] == ["ai-assisted"]
    assert {call.headers["authorization"] for call in server.calls} == {"Bearer secret-token"}
    assert {call.headers["x-github-api-version"] for call in server.calls} == {"2022-11-28"}


def test_asking_again_changes_nothing_and_tells_nobody() -> None:
    service = GitHubService()
    with serving(service) as server:
        send(server)
        before = len(server.writes())
        again = send(server)
        assert (again.created, again.asked, len(server.writes())) == (False, (), before)
    assert service.told == {"ada": 1, "core": 1}


def test_a_changed_document_is_put_in_place_of_the_old_one() -> None:
    service = GitHubService()
    service.open_pull("feature", "main", "Written by hand.")
    with serving(service) as server:
        assert send(server).created is False
        assert service.pulls[0]["body"].startswith("Written by hand.\n\n" + marker(KEY))
        send(server, ASK._replace(document=DOCUMENT.replace("## Request", "## Changed")))
    assert service.pulls[0]["body"].count("AI-Assisted") == 1
    assert "## Changed" in service.pulls[0]["body"]


def test_a_person_who_reviewed_is_not_told_again() -> None:
    service = GitHubService()
    with serving(service) as server:
        send(server)
        service.review(1, "ada", "APPROVED")
        assert service.pulls[0]["waiting"] == []
        assert send(server).asked == ()
    assert service.told["ada"] == 1


def test_a_team_whose_members_take_turns_is_asked_once() -> None:
    service = GitHubService()
    service.assigned = {"core": ["cy", "dee"]}
    with serving(service) as server:
        assert send(server).asked == ("ada", "core")
        assert service.pulls[0]["waiting_teams"] == []
        assert send(server).asked == ()
        assert send(server, ASK._replace(teams=("org/core", "org/web"))).notices != ()
    assert service.told == {"ada": 1, "cy": 1}


def test_the_author_is_never_asked() -> None:
    service = GitHubService(author="ada")
    with serving(service) as server:
        assert send(server).asked == ("core",)


def test_who_cannot_be_asked_is_said_and_the_others_are_asked() -> None:
    service = GitHubService(people=("ada",), teams=())
    with serving(service) as server:
        receipt = send(server, ASK._replace(reviewers=("ada", "stranger")))
    assert receipt.asked == ("ada",)
    assert [notice.split(":")[0] for notice in receipt.notices] == [
        "GitHub does not ask stranger",
        "GitHub does not ask core",
    ]
    assert service.told == {"ada": 1}


def test_a_merged_or_closed_request_is_left_alone() -> None:
    service = GitHubService()
    with serving(service) as server:
        send(server)
        service.pulls[0].update(state="closed", merged_at="2026-11-21T00:00:00Z")
        before = len(server.writes())
        assert send(server).state == "merged"
        assert len(server.writes()) == before


def test_the_open_request_wins_over_a_closed_one_and_pages_are_read() -> None:
    service = GitHubService()
    for _ in range(130):
        service.open_pull("feature", "main", state="closed")
    service.open_pull("feature", "main", DOCUMENT)
    for _ in range(130):
        service.open_pull("feature", "main", state="closed")
    with serving(service) as server:
        service.url = server.url
        assert send(server).number == "131"


def test_a_branch_that_cannot_be_opened_is_said() -> None:
    with serving(GitHubService()) as server, pytest.raises(Refused, match="does not open a pull request for gone"):
        send(server, ASK._replace(branch="gone"))


def test_two_at_the_same_time_make_one_request() -> None:
    """Between the look-up and the write somebody else opened it: the refusal leads to theirs."""
    service = GitHubService()

    def faults(number: int, call: Call) -> Fault | None:
        if call.method == "POST" and call.path.endswith("/pulls") and not service.pulls:
            service.open_pull("feature", "main", DOCUMENT)
        return None

    with serving(service, faults=faults) as server:
        assert send(server).number == "1"
    assert len(service.pulls) == 1


LIMITS = [
    (Reply(429, {"message": "slow down"}, {"retry-after": "7"}), [7.0]),
    (Reply(403, {"message": "You have exceeded a secondary rate limit"}), [60.0]),
    (Reply(403, {"message": "secondary rate limit"}, {"retry-after": "30"}), [30.0]),
    (Reply(403, {}, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000042"}), [42.0]),
    (Reply(429, {}, {"ratelimit-remaining": "0", "ratelimit-reset": "1799999000"}), [1.0]),
    (Reply(503, {}, {"retry-after": "3"}), [3.0]),
]


@pytest.mark.parametrize(("reply", "waits"), LIMITS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_rate_limit_is_waited_out(reply: Reply, waits: list[float], method: str) -> None:
    service = GitHubService()
    clock = FakeClock()
    with serving(service, faults=writes(method, "/pulls", Fault(reply))) as server:
        assert send(server, clock=clock).created
    assert clock.waits == waits
    assert len(service.pulls) == 1


ANSWERS: list[tuple[Reply, type[ForgeError], str]] = [
    (Reply(401, {"message": "Bad credentials"}), Denied, "401 Bad credentials: the token is wrong"),
    (Reply(403, {"message": "Resource not accessible"}), Denied, "403 Resource not accessible"),
    (Reply(404, {"message": "Not Found"}), Denied, "the project does not exist or the token may not see it"),
    (Reply(451, {"message": "x\u202ey\x1b[31m"}), Rejected, r"451 x\\u\{202e\}y\\u\{001b\}\[31m"),
    (Reply(301, None, {"location": "https://evil.example/repos/o/r/pulls"}), ForgeError, "another host"),
    (Reply(307, None, {"location": "//evil.example/x"}), ForgeError, "another host"),
    (Reply(302, None, {"location": "http://127.0.0.1:1/x"}), ForgeError, "another host"),
]


@pytest.mark.parametrize(("reply", "kind", "said"), ANSWERS)
def test_an_answer_that_ends_it(reply: Reply, kind: type[ForgeError], said: str) -> None:
    with (
        serving(GitHubService(), faults=failing((0, Fault(reply)))) as server,
        pytest.raises(kind, match=said) as caught,
    ):
        send(server)
    assert "secret-token" not in str(caught.value)


def test_a_moved_project_is_followed_on_the_same_host_for_reads_only() -> None:
    service = GitHubService()

    def faults(number: int, call: Call) -> Fault | None:
        if call.path.startswith("/repos/o/r/"):
            moved = call.path.replace("/repos/o/r/", "/repos/new/r/")
            query = "&".join(f"{k}={v[0]}" for k, v in call.query.items())
            return Fault(Reply(301, None, {"location": f"{moved}?{query}"}))
        return None

    with serving(service, faults=faults) as server, pytest.raises(Rejected, match="update the remote"):
        send(server)
    assert [call.method for call in server.calls] == ["GET", "GET", "POST"]


def test_without_a_token_none_is_sent_and_the_reason_is_said() -> None:
    reply = Reply(401, {"message": "Requires authentication"})
    with (
        serving(GitHubService(), faults=failing((0, Fault(reply)))) as server,
        pytest.raises(Denied, match="set GITHUB_TOKEN"),
    ):
        send(server, token="")
    assert "authorization" not in server.calls[0].headers


def test_a_forge_that_is_down_is_tried_a_few_times() -> None:
    clock = FakeClock()
    with (
        serving(GitHubService(), faults=lambda n, c: Fault(Reply(503))) as server,
        pytest.raises(Unreachable, match="503"),
    ):
        send(server, clock=clock)
    assert len(server.calls) == 4
    closed = ForgeServer(GitHubService())
    closed.server_close()
    with pytest.raises(Unreachable, match="cannot be reached"):
        send(closed, clock=clock)


@pytest.mark.parametrize("raw", [b"<html>", b"", b"[", b"[[[[" * 100_000, b'"text"', b"[1, null, {}]", b"\xff\xfe"])
def test_a_broken_answer_is_no_crash(raw: bytes) -> None:
    service = GitHubService()
    with serving(service, faults=failing((0, Fault(raw=raw)))) as server:
        assert send(server).created


def test_what_did_not_change_is_not_sent_again() -> None:
    service = GitHubService()
    cache: dict[str, Any] = {}
    with serving(service) as server:
        send(server, cache=cache)
        send(server, cache=cache)
        start = len(server.calls)
        send(server, cache=cache)
        reads = server.calls[start:]
    assert reads and all("if-none-match" in call.headers for call in reads)
    assert service.told == {"ada": 1, "core": 1}


def test_a_proxy_is_not_asked_about_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with serving(GitHubService()) as server:
        assert send(server).created


class Proxy(socketserver.StreamRequestHandler):
    """Takes the first line and refuses."""

    seen: ClassVar[list[bytes]] = []

    def handle(self) -> None:
        self.seen.append(self.rfile.readline())
        self.wfile.write(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")


def test_a_proxy_is_asked_for_other_hosts_and_hears_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.server_address[1]}")
        forge = GitHub(Project("https://forge.invalid", "o/r"))
        credential = Credential("secret-token")
        with (
            Sender("https://forge.invalid", credential, lambda push: "", FakeClock().clock, tries=1) as sender,
            pytest.raises(Unreachable),
        ):
            sender.carry_out(lambda: forge.request(ASK))
        proxy.shutdown()
    assert Proxy.seen == [b"CONNECT forge.invalid:443 HTTP/1.1\r\n"]


def test_effectively_once_under_random_faults() -> None:
    """Whatever is lost on the way, repeating the whole conversation ends with one request and one notification."""
    random_ = random.Random(20261121)
    kinds = [
        Fault(applied=True, cut=True), Fault(cut=True), Fault(Reply(500)), Fault(Reply(502), applied=True),
        Fault(Reply(429, {}, {"retry-after": "5"})), Fault(Reply(403, {"message": "secondary rate limit"})),
    ]  # fmt: skip
    for _ in range(60):
        service = GitHubService()
        chance = random_.choice([0.2, 0.5])
        with serving(
            service, faults=lambda n, c, p=chance: random_.choice(kinds) if random_.random() < p else None
        ) as server:
            for _ in range(60):
                try:
                    send(server)
                except ForgeError:
                    continue
                break
            else:
                pytest.fail("it never succeeded")
        assert len(service.pulls) == 1
        assert service.told == {"ada": 1, "core": 1}
        assert [label["name"] for label in service.pulls[0]["labels"]] == ["ai-assisted"]
