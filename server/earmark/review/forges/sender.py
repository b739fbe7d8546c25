"""Carrying a conversation out: HTTP by httpx, pushes by the caller's git.

A read is repeated after a passing fault. A write is never repeated blindly: when its answer is lost nobody knows
whether it was applied, so `Uncertain` is raised and the whole conversation starts again with its look-up. A refusal for
rate (primary or secondary) was not applied and may be repeated once the forge's time is over.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, MutableMapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar
from urllib.parse import urljoin, urlsplit

from earmark.review.forges.forge import TOKEN, Answer, Exchange, Http, Push, Receipt, Step, text
from earmark.review.forges.hosts import Credential, is_loopback
from earmark.review.markdown import visible

if TYPE_CHECKING:
    import ssl

    import httpx

T = TypeVar("T")
TRIES: Final = 4
LONGEST_WAIT: Final = 90.0  # seconds; a longer limit is the outbox's business
SECONDARY_WAIT: Final = 60.0  # what GitHub asks for where an answer names no time
MOST_PAGES: Final = 20
MOST_BYTES: Final = 16 * 1024 * 1024
_PASSING: Final = frozenset({408, 500, 502, 503, 504})
_XSSI: Final = b")]}'"


class ForgeError(Exception):
    """The forge did not do what was asked; the message says what happened and what to do."""


class Denied(ForgeError):
    """The token is missing, wrong, or may not do this."""


class Rejected(ForgeError):
    """The forge refuses the request as it is."""


class Unreachable(ForgeError):
    """No answer to a request that was certainly not applied; later may work."""


class Uncertain(ForgeError):
    """The answer to a write was lost: it may have been applied. Look before trying again."""


class RateLimited(ForgeError):
    """The forge takes no more for now. `wait` is in seconds."""

    def __init__(self, message: str, wait: float) -> None:
        super().__init__(message)
        self.wait = wait


class PushFailed(ForgeError):
    """git push was refused; the message holds the server's words."""


class Clock(NamedTuple):
    """Time as the sender sees it: seconds since the epoch, and waiting."""

    now: Callable[[], float]
    sleep: Callable[[float], None]


Cache = MutableMapping[str, tuple[str, Any, Mapping[str, str]]]


class Sender:
    """One server. `api` is the base every request must lie under; the token goes nowhere else."""

    def __init__(
        self,
        api: str,
        credential: Credential,
        push: Callable[[Push], str],
        clock: Clock,
        *,
        cache: Cache | None = None,
        timeout: float = 30.0,
        tries: int = TRIES,
    ) -> None:
        import logging

        import httpx

        logging.getLogger("httpx").setLevel(logging.WARNING)  # its INFO lines name private projects
        self._origin = _origin(api)
        self._credential = credential
        self._push = push
        self._clock = clock
        self._tries = tries
        self._cache: Cache = {} if cache is None else cache
        self._client = httpx.Client(
            follow_redirects=False,
            timeout=httpx.Timeout(timeout, connect=10.0),
            trust_env=not is_loopback(urlsplit(api).hostname or ""),  # proxies, except to this machine
            headers={"User-Agent": "earmark"},
            verify=_tls(),
        )

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def carry_out(self, exchange: Callable[[], Exchange]) -> Receipt:
        """Hold the conversation; begin again with a new one, look-up first, when a write's answer was lost."""
        for attempt in range(self._tries):
            try:
                return self.hold(exchange())
            except Uncertain:
                if attempt == self._tries - 1:
                    raise
                self._clock.sleep(_backoff(attempt))
        raise AssertionError("the last attempt returns or raises")

    def hold(self, exchange: Generator[Step, Answer, T]) -> T:
        """Hold a conversation that only reads (or one of `carry_out`'s) once."""
        try:
            step = next(exchange)
            while True:
                answer = Answer(200, self._push(step)) if isinstance(step, Push) else self.send(step)
                step = exchange.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result

    def send(self, request: Http) -> Answer:
        """The answer to one request, all pages of a list joined. Raises a `ForgeError`."""
        answer, headers = self._retried(request, request.url)
        if not request.pages or answer.status >= 400:
            return answer
        joined = list(answer.body)
        for _ in range(MOST_PAGES - 1):
            following = _next_page(headers)
            if not following:
                break
            page, headers = self._retried(request, urljoin(request.url, following))
            joined += page.body
        return Answer(answer.status, joined)

    def _retried(self, request: Http, url: str) -> tuple[Answer, Mapping[str, str]]:
        import httpx

        for attempt in range(self._tries):
            last = attempt == self._tries - 1
            try:
                response = self._once(request, url)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:  # nothing was sent
                if last:
                    raise Unreachable(f"{self._origin} cannot be reached: {_said(error)}") from None
            except httpx.RequestError as error:
                if request.method != "GET":
                    raise Uncertain(f"{self._origin} broke off while a change was sent: {_said(error)}") from None
                if last:
                    raise Unreachable(f"{self._origin} does not answer: {_said(error)}") from None
            else:
                wait = self._limit(response)
                if wait is not None:
                    self._wait_for_rate(wait, last)
                    continue
                if response.status_code not in _PASSING:
                    known = self._cache.get(url) if response.status_code == 304 else None
                    answer = self._read(request, url, response)
                    if not request.pages or answer.status >= 400 or isinstance(answer.body, list):
                        return answer, known[2] if known else response.headers
                    # A page for people, by a proxy or a forge that is being mended: nothing was looked up.
                    if last:
                        raise Unreachable(f"{self._origin} answers with no list where one was asked for")
                    self._clock.sleep(_backoff(attempt))
                    continue
                if request.method != "GET":
                    raise Uncertain(f"{self._origin} answered {response.status_code} to a change")
                if last:
                    raise Unreachable(f"{self._origin} answers {response.status_code}; try again later")
            self._clock.sleep(_backoff(attempt))
        raise AssertionError("the last attempt returns or raises")

    def _wait_for_rate(self, wait: float, last: bool) -> None:
        if last or wait > LONGEST_WAIT:
            raise RateLimited(f"{self._origin} takes no more requests for {wait:.0f} s", wait)
        self._clock.sleep(wait)

    def _once(self, request: Http, url: str, hops: int = 0) -> httpx.Response:
        import httpx

        if _origin(url) != self._origin:
            raise ForgeError(f"{self._origin} points to {_origin(url)}: another host gets neither token nor request")
        headers = {
            name: value.replace(TOKEN, self._credential.value) for name, value in request.headers if self._sends(value)
        }
        known = self._cache.get(url) if request.method == "GET" else None
        if known:
            headers["If-None-Match"] = known[0]
        body = None if request.body is None else request.body
        with self._client.stream(request.method, url, headers=headers, json=body) as stream:
            content = bytearray()
            for chunk in stream.iter_bytes():
                content += chunk
                if len(content) > MOST_BYTES:
                    raise ForgeError(f"{self._origin} answers with more than {MOST_BYTES // 2**20} MB")
            response = httpx.Response(stream.status_code, headers=_plain(stream.headers), content=bytes(content))
        if response.status_code in (301, 302, 307, 308) and hops < 3 and "location" in response.headers:
            if request.method != "GET" and response.status_code in (301, 302):
                raise Rejected(
                    f"the project has moved: {visible(response.headers['location'])[:200]}; update the remote"
                )
            return self._once(request, urljoin(url, response.headers["location"]), hops + 1)
        return response

    def _sends(self, value: str) -> bool:
        return TOKEN not in value or bool(self._credential.value)

    def _limit(self, response: httpx.Response) -> float | None:
        """Seconds to wait where the forge refuses for rate, else None."""
        if response.status_code not in (403, 429, 503):
            return None
        after = self._retry_after(response.headers.get("retry-after", ""))
        if after is not None:
            return after
        if response.status_code == 503:
            return None
        reset = response.headers.get("x-ratelimit-reset") or response.headers.get("ratelimit-reset") or ""
        left = response.headers.get("x-ratelimit-remaining", response.headers.get("ratelimit-remaining"))
        if left == "0" and reset.isdigit():
            return max(1.0, min(float(reset) - self._clock.now(), 86_400.0))
        if response.status_code == 429 or b"secondary rate limit" in response.content.lower():
            return SECONDARY_WAIT
        return None

    def _retry_after(self, value: str) -> float | None:
        """The seconds of a `Retry-After` (RFC 9110 §10.2.3: a number or a date), None where there is none."""
        from email.utils import parsedate_to_datetime

        if value.isdigit():
            return float(min(int(value), 86_400))
        try:
            moment = parsedate_to_datetime(value).timestamp()
        except (TypeError, ValueError, OverflowError):
            return None
        return max(1.0, min(moment - self._clock.now(), 86_400.0))

    def _read(self, request: Http, url: str, response: httpx.Response) -> Answer:
        status = response.status_code
        known = self._cache.get(url)
        if status == 304 and known:
            return Answer(200, known[1])
        body = _json(response.content)
        if status < 400 or status in request.accept:
            if request.method == "GET" and status == 200 and "etag" in response.headers:
                self._cache[url] = (response.headers["etag"], body, dict(response.headers))
            return Answer(status, body)
        said = visible(text(body, "message") or text(body, "error"))[:300]
        if status in (401, 403):
            why = self._credential.why_none or "the token is wrong or may not do this"
            raise Denied(f"{self._origin} answers {status} {said}: {why}")
        if status == 404 and request.method == "GET":
            why = self._credential.why_none or "the project does not exist or the token may not see it"
            raise Denied(f"{self._origin} answers 404 for {visible(urlsplit(url).path)}: {why}")
        raise Rejected(f"{self._origin} refuses {request.method} {visible(urlsplit(url).path)} with {status} {said}")


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """The certificates of the usual authorities; reading them takes a tenth of a second."""
    import httpx

    return httpx.create_ssl_context()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    return f"{parts.scheme}://{parts.hostname or ''}:{port}"


def _backoff(attempt: int) -> float:
    return float(2**attempt)


def _next_page(headers: Mapping[str, str]) -> str:
    """The address of the next page from a `Link` header (RFC 8288), empty at the end."""
    for part in headers.get("link", "").split(","):
        address, _, parameters = part.partition(";")
        if 'rel="next"' in parameters.replace(" ", ""):
            return address.strip().removeprefix("<").removesuffix(">")
    return ""


def _plain(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers of a body that was already decoded."""
    return {name: value for name, value in headers.items() if name not in ("content-encoding", "content-length")}


def _json(content: bytes) -> Any:
    import json

    try:
        return json.loads(content.removeprefix(_XSSI))
    except (ValueError, RecursionError):
        return None


def _said(error: Exception) -> str:
    return visible(str(error))[:200] or type(error).__name__
