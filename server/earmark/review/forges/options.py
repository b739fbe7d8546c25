"""Values inside a push: refspecs take few characters, push options no newline."""

from __future__ import annotations

import re
from typing import Final

from earmark.review.forges.forge import Refused
from earmark.review.markdown import visible

_REF_SAFE: Final = re.compile(r"[A-Za-z0-9_.+@/-]+")
_LOGIN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def option(value: str) -> str:
    """`value` for a push option: one line, printable, no backslash that a server could read as an escape."""
    return " ".join(visible(value).replace("\\", "/").split())


def login(value: str) -> str:
    """`value` when it is a login and nothing else. Raises `Refused`."""
    if not _LOGIN.fullmatch(value):
        raise Refused(f"{visible(value)!r} is not a login that can be written into a push option")
    return value


def ref_part(value: str) -> str:
    """`value` when it can stand behind the `%` of `refs/for/…`. Raises `Refused`."""
    if not _REF_SAFE.fullmatch(value) or ".." in value or "@{" in value or value.endswith((".", "/", ".lock")):
        raise Refused(f"{visible(value)!r} cannot be written into a Gerrit push; give the address or the login")
    return value
