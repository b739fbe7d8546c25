"""A pygls server that does nothing: what starting pygls costs by itself."""

from __future__ import annotations

from pygls.lsp.server import LanguageServer

LanguageServer("bare", "1").start_io()
