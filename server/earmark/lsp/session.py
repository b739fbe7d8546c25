"""The state of one client's session: its buffers, and the services that look after them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.uris import to_fs_path

from earmark.lsp.analysis import Analysis
from earmark.lsp.buffer import Buffer, MalformedChange
from earmark.lsp.capabilities import Client
from earmark.lsp.clock import Clock
from earmark.lsp.convert import Mark
from earmark.lsp.diagnostics import Diagnostics, risk_marks
from earmark.lsp.origins import Origins
from earmark.lsp.regions import Regions, region_marks
from earmark.lsp.scheduler import Scheduler
from earmark.lsp.settings import Settings, read

if TYPE_CHECKING:
    from earmark.lsp.protocol import EarmarkProtocol

log = logging.getLogger(__name__)


class Session:
    """Owned by the loop thread. Buffers are keyed by the uri exactly as the client writes it."""

    def __init__(self, protocol: EarmarkProtocol, clock: Clock) -> None:
        self.buffers: dict[str, Buffer] = {}
        self.client = Client()
        self.settings = Settings()
        self.scheduler = Scheduler()
        self.analysis = Analysis(clock, self.scheduler, self._looked_at)
        self.diagnostics = Diagnostics(protocol.send_raw)
        self.origins = Origins(clock, self.scheduler, self._origins_changed)
        self.regions = Regions(protocol)
        self._protocol = protocol
        self._unsettled: dict[str, Buffer] = {}
        self._refreshing: set[str] = set()

    def begin(self, client: Client, params: types.InitializeParams) -> None:
        """Take note of the client's abilities and first settings."""
        self.client = client
        self.regions.begin(params.client_info)
        self.configure(params.initialization_options, at_start=True)

    def configure(self, given: Any, *, at_start: bool = False) -> None:
        """Apply settings; what is wrong with them is said once, in a message."""
        settings, problems = read(given, self.settings, at_start=at_start)
        for problem in problems:
            log.warning("%s", problem)
        if problems and not at_start:
            self._protocol.notify(
                types.WINDOW_SHOW_MESSAGE,
                types.ShowMessageParams(type=types.MessageType.Warning, message="Earmark: " + " ".join(problems)),
            )
        changed = settings != self.settings
        self.settings = settings
        if changed:
            for buffer in self.buffers.values():
                self._origins_changed(buffer)

    def open(self, uri: str, language_id: str, version: int, text: str) -> None:
        """The client has opened a document and owns its text from now on."""
        if (before := self.buffers.pop(uri, None)) is not None:
            self._drop(before)
        name = to_fs_path(uri) or uri
        buffer = Buffer(uri, language_id, version, text, name)
        self.buffers[uri] = buffer
        self._unsettled[uri] = buffer
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
        """Nothing more is queued: look at what has changed and say what can be said at once."""
        unsettled, self._unsettled = self._unsettled, {}
        for buffer in unsettled.values():
            self._guarded(self.analysis.first_look, buffer)

    def settle_one(self, buffer: Buffer) -> None:
        """As `settle` for one buffer: a request about it is to be answered from its present text."""
        if self._unsettled.pop(buffer.uri, None) is not None:
            self._guarded(self.analysis.first_look, buffer)

    async def end(self, seconds: float) -> None:
        """Stop watching and looking; let what is being written be written."""
        for buffer in self.buffers.values():
            self._drop(buffer)
        self.buffers.clear()
        self.origins.stop()
        await self.scheduler.close(seconds)

    def marks(self, buffer: Buffer) -> list[Mark]:
        """Everything a diagnostic should say about the present text."""

        def href(rule_id: str) -> str:
            rule = self.analysis.rule(buffer.language, rule_id)
            return f"https://cwe.mitre.org/data/definitions/{rule.cwe}.html" if rule and rule.cwe else ""

        return [*region_marks(buffer, self.client, self.settings), *risk_marks(buffer, self.settings, href)]

    def _drop(self, buffer: Buffer) -> None:
        buffer.closed = True
        self._unsettled.pop(buffer.uri, None)
        self.analysis.forget(buffer)
        self.origins.close(buffer)
        self.regions.forget(buffer)

    def _looked_at(self, buffer: Buffer, final: bool) -> None:
        if not self.client.pull_diagnostics:
            self.diagnostics.push(buffer, self.marks(buffer), self.client)
        elif final and self.diagnostics.outdated(buffer, self.marks(buffer), self.client):
            self.refresh(types.WORKSPACE_DIAGNOSTIC_REFRESH, self.client.refresh_diagnostics)
        if final:
            self.regions.told(buffer)

    def _origins_changed(self, buffer: Buffer) -> None:
        """Who wrote what, or what is to be shown of it, is not what the client was told last."""
        if buffer.looked or buffer.is_commit_message:
            self._looked_at(buffer, final=True)
        else:
            self.regions.told(buffer)
        self.refresh(types.WORKSPACE_INLAY_HINT_REFRESH, self.client.refresh_inlay_hints)
        self.refresh(types.WORKSPACE_CODE_LENS_REFRESH, self.client.refresh_code_lenses)

    def refresh(self, method: str, supported: bool) -> None:
        """Ask the client to ask again; not while it still owes the answer to the same request."""
        if not supported or method in self._refreshing:
            return
        self._refreshing.add(method)
        future = self._protocol.send_request(method)
        future.add_done_callback(lambda _: self._refreshing.discard(method))

    def _guarded(self, look: Callable[[Buffer], None], buffer: Buffer) -> None:
        """One buffer that cannot be looked at must not stop the others, nor the loop."""
        try:
            look(buffer)
        except Exception:
            log.exception("Looking at a buffer failed")
