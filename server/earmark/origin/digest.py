"""Digest v1 (DESIGN §4): what an assistant added and removed, independent of line numbers, hunks and random ids.

It shows that a declared change was edited later. It proves no authorship: anyone can compute it, so authenticity needs
a signature over the commit or the note.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from earmark.origin.model import FileOrigins

VERSION = "v1"


def digest(files: Iterable[FileOrigins]) -> str:
    """`v1:sha256:<64 hex>` over `path NUL (key NUL line LF)* NUL (key NUL line LF)* NUL`, paths in byte order.

    First the AI lines the change adds, in file order, then the first parent's lines that an AI removed, in its order.
    `line` is the line's bytes without trailing white space. Files without AI evidence do not count.
    """
    total = hashlib.sha256()
    for file in sorted(files, key=lambda f: encode_path(f.path)):
        if not file.ai_text and not file.removed_text:
            continue
        total.update(encode_path(file.path) + b"\0")
        for pairs in (file.ai_text, file.removed_text):
            for key, line in pairs:
                total.update(key.encode() + b"\0" + line.rstrip() + b"\n")
            total.update(b"\0")
    return f"{VERSION}:sha256:{total.hexdigest()}"


def encode_path(path: str) -> bytes:
    """The bytes of a path as git stores them; paths that are not UTF-8 are carried by surrogate escapes."""
    return path.encode("utf-8", "surrogateescape")
