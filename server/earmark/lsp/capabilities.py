"""What the client can do, read once from its `initialize` request."""

from __future__ import annotations

from typing import Any, NamedTuple

from lsprotocol import types
from pygls.capabilities import ServerCapabilitiesBuilder, get_capability

from earmark.text.document import Encoding

_ENCODINGS: dict[str, Encoding] = {"utf-8": "utf-8", "utf-16": "utf-16", "utf-32": "utf-32"}


class Client(NamedTuple):
    """A client's abilities; the defaults are those of a client that declares nothing.

    `encoding` is the first of the encodings the client offers that we know (all of UTF-8, -16 and -32). `decorations`
    means that a client of ours draws regions itself, from `earmark/regions`.
    """

    encoding: Encoding = "utf-16"
    pull_diagnostics: bool = False
    refresh_diagnostics: bool = False
    inlay_hints: bool = False
    refresh_inlay_hints: bool = False
    code_lenses: bool = False
    refresh_code_lenses: bool = False
    code_action_literals: bool = False
    hover_markdown: bool = False
    completion: bool = False
    register_completion: bool = False
    apply_edit: bool = False
    show_document: bool = False
    progress: bool = False
    configuration: bool = False
    register_configuration: bool = False
    decorations: bool = False

    @classmethod
    def of(cls, params: types.InitializeParams) -> Client:
        """The abilities that `params` declares."""
        given = params.capabilities

        def has(path: str) -> bool:
            return bool(get_capability(given, path, False))

        def present(path: str) -> bool:
            return get_capability(given, path, None) is not None

        content = get_capability(given, "text_document.hover.content_format", None) or ()
        encoding = ServerCapabilitiesBuilder.choose_position_encoding(given)
        return cls(
            encoding=_ENCODINGS[str(getattr(encoding, "value", encoding))],
            pull_diagnostics=present("text_document.diagnostic") and not _keeps_old_answers(params),
            refresh_diagnostics=has("workspace.diagnostics.refresh_support"),
            inlay_hints=present("text_document.inlay_hint"),
            refresh_inlay_hints=has("workspace.inlay_hint.refresh_support"),
            code_lenses=present("text_document.code_lens"),
            refresh_code_lenses=has("workspace.code_lens.refresh_support"),
            code_action_literals=present("text_document.code_action.code_action_literal_support"),
            hover_markdown=types.MarkupKind.Markdown in content,
            completion=present("text_document.completion"),
            register_completion=params.client_info is not None and has("text_document.completion.dynamic_registration"),
            apply_edit=has("workspace.apply_edit"),
            show_document=has("window.show_document.support"),
            progress=has("window.work_done_progress"),
            configuration=has("workspace.configuration"),
            # Some test clients replay an editor's abilities without having them; an editor says who it is.
            register_configuration=params.client_info is not None
            and has("workspace.did_change_configuration.dynamic_registration"),
            decorations=_draws_regions(given.experimental),
        )


def _keeps_old_answers(params: types.InitializeParams) -> bool:
    """Neovim 0.11 asks after an edit only and cannot be told to ask again: what is recorded or found later would never
    show. It is sent diagnostics instead."""
    refresh = get_capability(params.capabilities, "workspace.diagnostics.refresh_support", False)
    return params.client_info is not None and params.client_info.name == "Neovim" and not refresh


def _draws_regions(experimental: Any) -> bool:
    """`experimental: {"earmark": {"decorations": true}}`; an unknown object arrives as a dict or as attributes."""
    ours = experimental.get("earmark") if isinstance(experimental, dict) else getattr(experimental, "earmark", None)
    draws = ours.get("decorations") if isinstance(ours, dict) else getattr(ours, "decorations", False)
    return draws is True
