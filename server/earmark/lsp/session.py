"""The state of one client's session: its buffers, and the services that look after them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.uris import to_fs_path

from earmark.git.repository import Repository
from earmark.git.run import GitError
from earmark.lsp.analysis import Analysis
from earmark.lsp.buffer import Buffer, MalformedChange
from earmark.lsp.capabilities import Client
from earmark.lsp.clock import Clock, Timer
from earmark.lsp.convert import Mark
from earmark.lsp.diagnostics import Diagnostics, Shown, mark_of, shown
from earmark.lsp.indexing import Indexing
from earmark.lsp.messages import Messages
from earmark.lsp.origins import Origins
from earmark.lsp.policy_file import policy_marks
from earmark.lsp.recall import committed, repository_of
from earmark.lsp.regions import Regions, region_marks
from earmark.lsp.reviewed import Reviewed, of_region
from earmark.lsp.reviews import RegionReview, Reviews
from earmark.lsp.scheduler import Scheduler
from earmark.lsp.sending import Sending
from earmark.lsp.settings import Settings, read
from earmark.lsp.standing import Standing, Standings, waits_for_review
from earmark.lsp.vanished import Vanished

if TYPE_CHECKING:
    from earmark.lsp.identity import Named
    from earmark.lsp.protocol import EarmarkProtocol

log = logging.getLogger(__name__)

# How long a change waits for the question of a client that pulls.
PULL_SECONDS = 0.02


class Session:
    """Owned by the loop thread. Buffers are keyed by the uri exactly as the client writes it."""

    def __init__(self, protocol: EarmarkProtocol, clock: Clock) -> None:
        self.buffers: dict[str, Buffer] = {}
        self.client = Client()
        self.settings = Settings()
        self.scheduler = Scheduler()
        self.indexing = Indexing(self.scheduler, protocol, lambda: self.client, self._indexed)
        self.analysis = Analysis(clock, self.scheduler, self._looked_at, self.indexing.want)
        self.diagnostics = Diagnostics(protocol.send_raw)
        self.origins = Origins(
            clock,
            self.scheduler,
            changed=self._origins_changed,
            located=self._located,
            moved=self._repository_moved,
        )
        self.standings = Standings(clock, self.scheduler, self._standing_changed)
        self.reviews = Reviews(clock, self.scheduler, self._review_changed)
        self.reviewed = Reviewed()
        self.sending = Sending(clock, self.scheduler, protocol, lambda: self.client, self._outbox_changed)
        self.messages = Messages(clock, self.scheduler, self._origins_changed)
        self.regions = Regions(protocol)
        self.vanished = Vanished(clock, self.scheduler, lambda: self.repository(None), self._warn)
        # Set by a client's first `earmark/change`: it knows the notification that the answer is another one.
        self.change_asked = False
        # The same for `earmark/reviewState` and `earmark/reviewQueue`.
        self.review_asked = False
        self._protocol = protocol
        self._clock = clock
        self._unsettled: dict[str, Buffer] = {}
        self._waiting: Timer | None = None
        self._refreshing: set[str] = set()

    def begin(self, client: Client, params: types.InitializeParams) -> None:
        """Take note of the client's abilities and first settings."""
        self.client = client
        self.regions.begin(params.client_info)
        self.configure(params.initialization_options, at_start=True)

    def _indexed(self, top: str) -> None:
        """Who uses what is known now in a repository: its buffers have not heard it yet."""
        for buffer in self.buffers.values():
            if buffer.place is not None and buffer.place.repo.top == top:
                self.analysis.look_again(buffer)

    def configure(self, given: Any, *, at_start: bool = False) -> None:
        """Apply settings; what is wrong with them is said once, in a message."""
        settings, problems = read(given, self.settings, at_start=at_start)
        for problem in problems:
            log.warning("%s", problem)
        if problems and not at_start:
            self._warn(" ".join(problems))
        changed = settings != self.settings
        self.settings = settings
        if changed:
            for buffer in self.buffers.values():
                self._origins_changed(buffer)
            self.refresh(types.WORKSPACE_INLAY_HINT_REFRESH, self.client.refresh_inlay_hints and not at_start)

    def open(self, uri: str, language_id: str, version: int, text: str) -> None:
        """The client has opened a document and owns its text from now on."""
        if (before := self.buffers.pop(uri, None)) is not None:
            self._drop(before)
        buffer = Buffer(uri, language_id, version, text, self._name_of(uri))
        self.buffers[uri] = buffer
        self._first_look(buffer)
        if buffer.is_commit_message:
            self.scheduler.spawn(self._open_message(buffer), "opening a commit message")
        else:
            self.origins.open(buffer)

    def change(self, params: Any) -> None:
        """Apply the parameters of a `didChange`, as they came from JSON."""
        try:
            document, changes = params["textDocument"], params["contentChanges"]
            uri, version = document["uri"], document.get("version")
            buffer = self.buffers.get(uri)
        except (KeyError, TypeError, AttributeError) as error:
            log.error("A didChange was malformed and is ignored: %r", error)  # noqa: TRY400
            return
        if buffer is None:
            log.warning("A change of a document that is not open is ignored")
            return
        observed = "bulk"
        try:
            version = version if isinstance(version, int) else buffer.version
            observed = buffer.change(version, changes, self.client.encoding)
        except MalformedChange as error:
            log.error("Part of a didChange is ignored: %s", error)  # noqa: TRY400
        self._unsettled[uri] = buffer
        if observed == "bulk":
            self.origins.arrived(buffer)
        self.origins.settle_claims(buffer)

    def close(self, uri: str) -> None:
        """The client has closed a document; the file is its own again."""
        if (buffer := self.buffers.pop(uri, None)) is not None:
            self._drop(buffer)
            self.diagnostics.close(buffer, self.client)

    def settle(self) -> None:
        """Nothing more is queued: look at what has changed and say what can be said at once.

        A client that pulls asks right behind its change; looking before it does would only hold up its question.
        """
        if not self.client.pull_diagnostics:
            self._settle_all()
        elif self._unsettled and self._waiting is None:
            self._waiting = self._clock.call_later(PULL_SECONDS, self._settle_all)

    def settle_one(self, buffer: Buffer) -> None:
        """As `settle` for one buffer: a request about it is to be answered from its present text."""
        if self._unsettled.pop(buffer.uri, None) is not None:
            self._first_look(buffer)

    def _settle_all(self) -> None:
        unsettled, self._unsettled, self._waiting = self._unsettled, {}, None
        for buffer in unsettled.values():
            self._first_look(buffer)

    async def end(self, seconds: float) -> None:
        """Stop watching and looking; let what is being written be written."""
        for buffer in self.buffers.values():
            self._drop(buffer)
        self.buffers.clear()
        self.origins.stop()
        self.standings.stop()
        self.messages.stop()
        self.reviews.stop()
        self.sending.stop()
        self.vanished.stop()
        await self.scheduler.close(seconds)

    def save(self, buffer: Buffer) -> None:
        """The client has written a buffer to its file."""
        self.origins.save(buffer)
        if buffer.place is not None:
            self.standings.touch(buffer.place.repo)

    def marks(self, buffer: Buffer) -> list[Mark]:
        """Everything a diagnostic should say about the present text."""
        if buffer.is_commit_message:
            return self.messages.marks(buffer)
        if buffer.is_policy:
            return policy_marks(buffer)
        regions = region_marks(buffer, self.client, self.settings)
        return [*regions, *(self.mark_of(buffer, item) for item in self.shown(buffer))]

    def shown(self, buffer: Buffer) -> list[Shown]:
        """The findings of a buffer that are worth their place; none in what the policy leaves out."""
        if buffer.is_commit_message or (buffer.place and self.standing(buffer).leaves_out(buffer.place.path)):
            return []
        return shown(buffer, self.settings)

    def mark_of(self, buffer: Buffer, item: Shown) -> Mark:
        """What a diagnostic says about one finding."""
        rule = self.analysis.scanner.rule(buffer.language, item.placed.finding.rule)
        return mark_of(item, f"https://cwe.mitre.org/data/definitions/{rule.cwe}.html" if rule and rule.cwe else "")

    def standing(self, buffer: Buffer) -> Standing:
        """How the working change of the buffer's repository stands."""
        return self.standings.of(buffer.place.repo if buffer.place else None)

    def review_of(self, buffer: Buffer) -> str:
        """What a region of the buffer is waiting for: "required" or "none"."""
        asked = self.standing(buffer).open_for(buffer.place.path) if buffer.place else ()
        return "required" if any(waits_for_review(o.code) for o in asked) else "none"

    def reviewed_in(self, buffer: Buffer) -> tuple[RegionReview, ...]:
        """The regions under review of the buffer's file, lines (1-based) of its present text."""
        return self.reviewed.of(buffer, self.reviews.of(buffer.place.repo)) if buffer.place else ()

    def review_state_of(self, buffer: Buffer, named: Named) -> RegionReview | None:
        """How the review of one region stands, None where it is not under review."""
        return of_region(buffer, named, self.reviewed_in(buffer))

    def watches(self, repo: Repository) -> bool:
        """Whether an open buffer has this repository watched, so that its standing is looked at when it moves."""
        return any(b.place is not None and b.place.repo.top == repo.top for b in self.buffers.values())

    def trusted(self, buffer: Buffer) -> bool:
        """Whether the user trusts the buffer's workspace."""
        return bool(self.settings.trusted or (buffer.place and buffer.place.repo.trusted))

    async def repository(self, buffer: Buffer | None, uri: str = "") -> Repository | None:
        """The repository of a buffer, else of the file or folder `uri`, else of the client's first folder."""
        if buffer is not None and buffer.place is not None:
            return buffer.place.repo
        uris = [*self._protocol.workspace.folders]
        path = to_fs_path(buffer.uri if buffer is not None else uri)
        if not path and buffer is None:
            path = to_fs_path(uris[0]) if uris else self._protocol.workspace.root_path
        return self._as_trusted(await self.scheduler.io(repository_of, path)) if path else None

    def _first_look(self, buffer: Buffer) -> None:
        """Have a buffer looked at; one where that fails must not stop the others, nor the loop."""
        try:
            self.analysis.first_look(buffer, pulled=self.client.pull_diagnostics)
        except Exception:
            log.exception("Looking at a buffer failed")

    def _drop(self, buffer: Buffer) -> None:
        buffer.closed = True
        buffer.ready.set()
        self._unsettled.pop(buffer.uri, None)
        self.analysis.forget(buffer)
        self.origins.close(buffer)
        self.messages.close(buffer)
        self.regions.forget(buffer)
        self.reviewed.forget(buffer)

    def _looked_at(self, buffer: Buffer, final: bool) -> None:
        """A look has ended; `final` when no better one of the same text follows."""
        if buffer.is_commit_message or (buffer.looked and buffer.tracking is not None):
            buffer.ready.set()
        if not self.client.pull_diagnostics:
            self.diagnostics.push(buffer, self.marks(buffer), self.client)
        elif final and self.diagnostics.outdated(buffer, self.marks(buffer), self.client):
            self.refresh(types.WORKSPACE_DIAGNOSTIC_REFRESH, self.client.refresh_diagnostics)
        if final:
            self.regions.told(buffer, self.reviewed_in(buffer))

    def _origins_changed(self, buffer: Buffer) -> None:
        """Who wrote what, or what is to be shown of it, may not be what the client was told last."""
        if self.regions.told(buffer, self.reviewed_in(buffer)):
            self.refresh(types.WORKSPACE_INLAY_HINT_REFRESH, self.client.refresh_inlay_hints)
            self.refresh(types.WORKSPACE_CODE_LENS_REFRESH, self.client.refresh_code_lenses)
        if buffer.looked or buffer.is_commit_message:
            self._looked_at(buffer, final=True)

    def _name_of(self, uri: str) -> str:
        """The path of a document as far as it is known at once: within the client's folder, where it is in one."""
        path = to_fs_path(uri) or uri
        for folder in self._protocol.workspace.folders:
            root = (to_fs_path(folder) or "").rstrip("/") + "/"
            if path.startswith(root) and root != "/":
                return path[len(root) :]
        return path

    async def _open_message(self, buffer: Buffer) -> None:
        repo = await self.repository(buffer)
        if repo is not None and not buffer.closed:
            self.messages.open(buffer, repo)

    def _located(self, buffer: Buffer) -> None:
        """It is known which repository a buffer belongs to."""
        place = buffer.place
        if place is None:
            return
        repo = self._as_trusted(place.repo)
        assert repo is not None
        buffer.place = place._replace(repo=repo)
        if buffer.name != place.path:
            # Rules look at paths, and only the path within the repository is the one everybody else has.
            buffer.name = place.path
            if buffer.looked:
                self.analysis.look_again(buffer)
        if not self.standings.is_known(repo):
            self.standings.touch(repo)
        # Nobody watched the repository while none of its files was open.
        self.reviews.touch(repo)
        self.sending.touch(repo)
        self.scheduler.spawn(self._load_base(buffer), "reading the committed text")

    async def _load_base(self, buffer: Buffer) -> None:
        """Get the text that change rules compare with."""
        assert buffer.place is not None
        try:
            base = await self.scheduler.io(committed, buffer.place)
        except (GitError, OSError) as error:
            log.warning("The committed text is not read: %s", error)
            return
        if base != buffer.base and not buffer.closed:
            buffer.base = base
            if buffer.looked:
                self.analysis.look_again(buffer)

    def _repository_moved(self, repo: Repository) -> None:
        """HEAD, the policy, the ledger, an approval or the outbox has changed on disk."""
        repo = self._as_trusted(repo) or repo
        self.standings.touch(repo)
        self.reviews.touch(repo)
        self.sending.touch(repo)
        for buffer in self.buffers.values():
            if buffer.place is not None and buffer.place.repo.top == repo.top:
                self.scheduler.spawn(self._load_base(buffer), "reading the committed text")

    def _review_changed(self, top: str) -> None:
        for buffer in self.buffers.values():
            if buffer.place is not None and buffer.place.repo.top == top:
                self._origins_changed(buffer)
        self.refresh(types.WORKSPACE_CODE_LENS_REFRESH, self.client.refresh_code_lenses)
        self._outbox_changed(top)

    def _outbox_changed(self, top: str) -> None:
        if self.review_asked:
            self._protocol.notify("earmark/reviewChanged", {"uri": Path(top).as_uri()})

    def _standing_changed(self, top: str, before: Standing, now: Standing) -> None:
        if self.change_asked:
            self._protocol.notify("earmark/changeChanged", {"root": Path(top).as_uri()})
        for buffer in self.buffers.values():
            if buffer.place is not None and buffer.place.repo.top == top:
                self._origins_changed(buffer)
        if before.asked != now.asked:
            self.refresh(types.WORKSPACE_CODE_LENS_REFRESH, self.client.refresh_code_lenses)

    def _warn(self, text: str) -> None:
        message = types.ShowMessageParams(type=types.MessageType.Warning, message=f"Earmark: {text}")
        self._protocol.notify(types.WINDOW_SHOW_MESSAGE, message)

    def _as_trusted(self, repo: Repository | None) -> Repository | None:
        """`repo` as the client's word and the user's list together have it."""
        return repo._replace(trusted=True) if repo is not None and self.settings.trusted else repo

    def refresh(self, method: str, supported: bool) -> None:
        """Ask the client to ask again; not while it still owes the answer to the same request."""
        if not supported or method in self._refreshing:
            return
        self._refreshing.add(method)
        future = self._protocol.send_request(method)
        future.add_done_callback(lambda _: self._refreshing.discard(method))
