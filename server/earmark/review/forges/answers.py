"""Answers kept between processes, so that asking a forge again costs neither it nor its rate limit anything.

One JSON file beside the ledger, by address: the entity tag (RFC 9110 §8.8.3), the body and where the next page is. The
forge is asked every time; what it says did not change is read from here. It never holds a token.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from typing import Any, Final

from earmark.review.forges.sender import Cache

NAME: Final = "forge-answers.json"
MOST: Final = 64  # answers, the latest
MOST_BYTES: Final = 4 * 1024 * 1024


def read(path: str) -> Cache:
    """The kept answers; none where the file is missing, too large or not ours."""
    try:
        if os.path.getsize(path) > MOST_BYTES:
            return {}
        with open(path, "rb") as file:
            data: Any = json.loads(file.read())
        return {url: (str(tag), body, {"link": str(link)}) for url, (tag, body, link) in data.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def write(path: str, answers: Cache) -> None:
    """Keep the latest answers; a folder that cannot be written to only makes the next question a dearer one."""
    kept = list(answers.items())[-MOST:]
    text = json.dumps({url: [tag, body, headers.get("link", "")] for url, (tag, body, headers) in kept}).encode()
    if len(text) > MOST_BYTES:
        return
    with contextlib.suppress(OSError):
        handle, name = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".answers-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text)
            os.replace(name, path)
        except OSError:
            os.unlink(name)
            raise
