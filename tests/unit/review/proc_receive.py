"""A `proc-receive` hook (githooks(5)) that behaves as Gerrit or as an AGit server, on a real receiving git.

Run by git as a program. State is one JSON file in the bare repository: what was pushed, and the requests it made.
Gerrit: one change a commit, found by its Change-Id; pushing the same commit again is refused with "no new changes".
AGit: one request a topic; the options are read from the push.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any


def read_packet() -> bytes | None:
    size = int(sys.stdin.buffer.read(4), 16)
    return None if size == 0 else sys.stdin.buffer.read(size - 4)


def packets() -> list[str]:
    out = []
    while (packet := read_packet()) is not None:
        out.append(packet.decode().rstrip("\n"))
    return out


def write(*lines: str) -> None:
    for line in lines:
        sys.stdout.buffer.write(b"%04x" % (len(line.encode()) + 4) + line.encode())
    sys.stdout.buffer.write(b"0000")
    sys.stdout.buffer.flush()


def gerrit(state: dict[str, Any], new: str, ref: str, options: list[str]) -> str:
    """Empty when taken, else why not."""
    branch, _, given = ref.removeprefix("refs/for/").partition("%")
    asked = [part.partition("=") for part in [*given.split(","), *options] if part]
    message = subprocess.run(
        ["git", "log", "-1", "--format=%B", new], capture_output=True, text=True, check=True
    ).stdout
    ids = re.findall(r"^Change-Id: (I[0-9a-f]{40})$", message, re.MULTILINE)
    if not ids:
        return "commit is missing Change-Id in message footer"
    unknown = [key for key, _, _ in asked if key not in ("topic", "r", "cc", "hashtag", "wip", "m")]
    if unknown:
        return f"unexpected option {unknown[0]}"
    change = state["changes"].setdefault(
        ids[-1], {"number": len(state["changes"]) + 1, "reviewers": {}, "hashtags": []}
    )
    if change.get("commit") == new:
        return "no new changes"
    change.update(commit=new, branch=branch, topic=next((v for k, _, v in asked if k == "topic"), ""))
    for key, _, value in asked:
        if key in ("r", "cc"):
            change["reviewers"].setdefault(value, 0)
            change["reviewers"][value] += change["reviewers"][value] == 0
        elif key == "hashtag" and value not in change["hashtags"]:
            change["hashtags"].append(value)
    return ""


def agit(state: dict[str, Any], new: str, ref: str, options: list[str]) -> str:
    given = dict(part.partition("=")[::2] for part in options)
    if "topic" not in given:
        return "topic is required"
    pull = state["pulls"].setdefault(given["topic"], {"number": len(state["pulls"]) + 1})
    if pull.get("commit") == new:
        return "no new changes"
    pull.update(
        commit=new, branch=ref.removeprefix("refs/for/"), title=given.get("title"), body=given.get("description")
    )
    return ""


def main() -> None:
    version, _, features = (read_packet() or b"").rstrip(b"\n").partition(b"\0")
    assert version == b"version=1" and read_packet() is None
    with_options = b"push-options" in features
    write("version=1\0push-options" if with_options else "version=1")
    commands = [line.split(" ") for line in packets()]
    options = packets() if with_options else []
    file = Path(os.environ["GIT_DIR"]) / "requests.json"
    state = json.loads(file.read_text()) if file.exists() else {"changes": {}, "pulls": {}, "pushes": []}
    behave = gerrit if (file.parent / "gerrit").exists() else agit
    answers = []
    for _, new, ref in commands:
        state["pushes"].append([ref, options])
        refused = behave(state, new, ref, options)
        answers.append(f"ng {ref} {refused}" if refused else f"ok {ref}")
    file.write_text(json.dumps(state))
    write(*answers)


if __name__ == "__main__":
    main()
