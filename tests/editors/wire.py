"""What an editor and the server say to each other: as a program, a server's interpreter that writes everything down;
as a module, what was written down, held to the protocol."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

sys.path.insert(0, str(Path(__file__).parents[1] / "lsp"))

LIMIT = 20.0
Message = dict[str, Any]


def interpreter(folder: Path) -> Path:
    """An executable in `folder` that stands for this Python and writes down what its server says and is told. It also
    runs where the whole system is at /host (see `debian`)."""
    program = folder / "python"
    real = f'"{sys.executable}" "{Path(__file__).resolve()}" "{folder / "wire.jsonl"}"'
    inside = f'exec chroot /host /bin/sh -c \'cd "$0" && exec {real} "$@"\' "$PWD" "$@"'
    program.write_text(f'#!/bin/sh\n[ ! -d /host/proc ] || {inside}\nexec {real} "$@"\n')
    program.chmod(0o755)
    return program


class Wire:
    """The messages so far, each with its sender: "client" or "server"."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "wire.jsonl"

    def messages(self) -> Iterator[tuple[str, Message]]:
        """All whole messages, oldest first."""
        if not self.file.exists():
            return
        for line in self.file.read_text().split("\n")[:-1]:
            entry = json.loads(line)
            yield entry["from"], entry["message"]

    def wait(self, what: str, accept: Callable[[str, Message], bool]) -> Message:
        """The first message that is accepted, as soon as it is there."""
        until = time.monotonic() + LIMIT
        while True:
            for sender, message in self.messages():
                if accept(sender, message):
                    return message
            assert time.monotonic() < until, f"{what}: not said within {LIMIT:g} s"
            time.sleep(0.02)

    def wait_call(self, method: str, sender: str = "client") -> Message:
        """The first call of `method`."""
        return self.wait(method, lambda who, message: who == sender and message.get("method") == method)

    def capabilities(self) -> Message:
        """What the client declared."""
        declared: Message = self.wait_call("initialize")["params"]["capabilities"]
        return declared

    def encoding(self) -> str:
        """How positions are counted between the two."""
        answer = self.wait("the answer to initialize", lambda who, m: who == "server" and "capabilities" in _result(m))
        return str(answer["result"]["capabilities"]["positionEncoding"])

    def hold_to_protocol(self) -> None:
        """Fail on a message of the server's that is not the protocol's, and on one of a client of ours in a method of
        ours; what editors say themselves is theirs."""
        from messages import Conversation

        talk: Conversation | None = None
        for sender, message in self.messages():
            if message.get("method") == "initialize":
                talk = Conversation()
            assert talk is not None, message
            ours = sender == "server" or message.get("method", "").startswith("earmark/")
            (talk.check if ours else talk.note)(message, "server" if sender == "server" else "client")


def _result(message: Message) -> Message:
    result = message.get("result")
    return result if isinstance(result, dict) else {}


def _copy(source: IO[bytes], sink: IO[bytes], sender: str, write: Callable[[str, bytes], None]) -> None:
    """Pass messages on until the end of `source`, each written down before it is passed on."""
    while header := source.readline():
        length = 0
        while header not in (b"\r\n", b""):
            name, _, value = header.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
            header = source.readline()
        body = source.read(length)
        write(sender, body)
        try:
            sink.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
            sink.flush()
        except OSError:
            break
    sink.close()


def main(log: str, *command: str) -> int:
    """Run this Python with `command`; a server's messages are written to the file `log`, one a line."""
    if "serve" not in command:
        return subprocess.run([sys.executable, *command], check=False).returncode
    lock = threading.Lock()

    def write(sender: str, body: bytes) -> None:
        with lock, Path(log).open("ab") as file:
            file.write(json.dumps({"from": sender, "message": json.loads(body)}).encode() + b"\n")

    server = subprocess.Popen([sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdin is not None and server.stdout is not None
    there = threading.Thread(target=_copy, args=(sys.stdin.buffer, server.stdin, "client", write), daemon=True)
    there.start()
    _copy(server.stdout, os.fdopen(1, "wb"), "server", write)
    return server.wait()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
