"""The floor: JSON-RPC over stdio that answers each didChange with the same 20 diagnostics and does nothing else."""

from __future__ import annotations

import json
import sys
from typing import Any

PLACE = {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 4}}
ITEMS = [{"range": PLACE, "message": "fixed", "severity": 2, "code": f"c{n}"} for n in range(20)]


def main() -> None:
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer

    def send(message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        stdout.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        stdout.flush()

    while header := stdin.readline():
        length = int(header.split(b":")[1])
        while stdin.readline().strip():
            pass
        message = json.loads(stdin.read(length))
        if message.get("method") in ("textDocument/didOpen", "textDocument/didChange"):
            document = message["params"]["textDocument"]
            params = {"uri": document["uri"], "version": document["version"], "diagnostics": ITEMS}
            send({"method": "textDocument/publishDiagnostics", "params": params})
        elif message.get("method") == "textDocument/diagnostic":
            send({"id": message["id"], "result": {"kind": "full", "items": ITEMS}})
        elif "id" in message:
            send({"id": message["id"], "result": {"capabilities": {}}})


main()
