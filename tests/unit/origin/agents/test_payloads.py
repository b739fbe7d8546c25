"""Every file under fixtures/agents/<agent>/ is one hook payload and the events it stands for.

A case holds `about` and one of `payload` (an object), `text` (as sent, `encoding` says how) or `bytes` (hex); then
`events` (fields that differ from their default) or `error` (a part of the message). `${REPO}` is the repository's
path. EARMARK_UPDATE=1 writes what the parser returns now into the files; read the diff before you commit it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from earmark.origin.agents import registry
from earmark.origin.evidence import Event, PayloadError

ROOT = Path(__file__).parents[4] / "fixtures" / "agents"
CASES = sorted(ROOT.glob("*/*.json"))
REPO = "/home/dev/shop"


def raw_of(case: dict, repo: str) -> bytes:
    if "bytes" in case:
        return bytes.fromhex(case["bytes"])
    text = case["text"] if "text" in case else json.dumps(case["payload"], ensure_ascii=False)
    return text.replace("${REPO}", repo).encode(case.get("encoding", "utf-8"))


def shown(event: Event) -> dict:
    """The event as the fixtures write it: defaults left out."""
    files = []
    for file in event.files:
        entry: dict = {"path": file.path}
        entry |= {name: value for name in ("before", "after") if (value := getattr(file, name)) is not None}
        if file.replacements:
            entry["replacements"] = [
                {"old": edit.old, "new": edit.new}
                | ({"every": True} if edit.every else {})
                | ({"line": edit.line} if edit.line else {})
                for edit in file.replacements
            ]
        if file.deleted:
            entry["deleted"] = True
        files.append(entry)
    made: dict = {"phase": event.phase, "cwd": event.cwd}
    if event.session is not None:
        made["session"] = {
            name: value
            for name in ("tool", "conversation", "model", "transcript")
            if (value := getattr(event.session, name))
        }
    made |= {"files": files, "key": event.key, "command": event.command, "roots": list(event.roots)}
    return {name: value for name, value in made.items() if value not in ("", [])}


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_recorded_payload_is_read_as_its_events(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    try:
        got: dict = {"events": [shown(event) for event in registry.read(path.parent.name, raw_of(case, REPO))]}
    except PayloadError as error:
        got = {"error": str(error)}
    got = json.loads(json.dumps(got).replace(REPO, "${REPO}"))
    if os.environ.get("EARMARK_UPDATE") == "1":
        kept = {key: value for key, value in case.items() if key not in ("events", "error")}
        path.write_text(json.dumps(kept | got, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return
    if "error" in case:
        assert case["error"] in got.get("error", "")
    else:
        assert got == {"events": case["events"]}


def test_every_agent_has_payloads_before_and_after_a_write() -> None:
    phases: dict[str, set[str]] = {}
    for path in CASES:
        events = json.loads(path.read_text(encoding="utf-8")).get("events", [])
        phases.setdefault(path.parent.name, set()).update(event["phase"] for event in events)
    assert {agent: "after" in phases.get(agent, ()) for agent in registry.AGENTS if agent != "known-human"} == {
        agent: True for agent in registry.AGENTS if agent != "known-human"
    }
    assert phases["known-human"] == {"human"}
    assert {agent for agent in registry.AGENTS if "before" not in phases[agent]} == {"known-human"}
