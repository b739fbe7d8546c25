"""Whatever a hook writes to standard input, `read` returns events or raises PayloadError."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earmark.origin.agents import payload, registry
from earmark.origin.evidence import Event, PayloadError
from earmark.origin.model import Session

ROOT = Path(__file__).parents[4] / "fixtures" / "agents"
GOOD = [
    (path.parent.name, case["payload"])
    for path in sorted(ROOT.glob("*/*.json"))
    if "payload" in (case := json.loads(path.read_text(encoding="utf-8"))) and case.get("events")
]

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def events_of(agent: str, raw: bytes) -> tuple[Event, ...]:
    try:
        events = registry.read(agent, raw)
    except PayloadError as error:
        assert str(error).strip()
        assert "\n" not in str(error)
        return ()
    for event in events:
        assert event.phase in ("before", "after", "human")
        assert event.files or event.command or event.session is None or event.phase == "before"
        for file in event.files:
            file.path.encode("utf-8")
            for text in (file.before or "", file.after or "", *(r.old + r.new for r in file.replacements)):
                text.encode("utf-8")
    return events


def places(value: object, at: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """The path of every value inside `value`."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at] + [place for key, item in inner for place in places(item, (*at, key))]


def changed(value: object, at: tuple[object, ...], new: object) -> object:
    if not at:
        return new
    key, *rest = at
    made = dict(value) if isinstance(value, dict) else list(value)  # type: ignore[call-overload]
    made[key] = changed(made[key], tuple(rest), new)
    return made


@given(st.sampled_from(registry.AGENTS), st.binary(max_size=200))
def test_arbitrary_bytes_give_events_or_a_payload_error(agent: str, raw: bytes) -> None:
    events_of(agent, raw)


@given(st.sampled_from(registry.AGENTS), anything)
def test_arbitrary_json_gives_events_or_a_payload_error(agent: str, value: object) -> None:
    events_of(agent, json.dumps(value).encode())


@settings(max_examples=600, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_genuine_payload_with_one_field_of_any_type_gives_events_or_a_payload_error(data: st.DataObject) -> None:
    agent, genuine = data.draw(st.sampled_from(GOOD))
    place = data.draw(st.sampled_from(places(genuine)))
    events_of(agent, json.dumps(changed(genuine, place, data.draw(anything))).encode())


@settings(max_examples=200)
@given(st.sampled_from(GOOD), st.integers(min_value=0, max_value=10_000))
def test_a_payload_cut_off_anywhere_is_refused(case: tuple[str, object], length: int) -> None:
    agent, genuine = case
    raw = json.dumps(genuine).encode()
    with pytest.raises(PayloadError):
        registry.read(agent, raw[: length % len(raw)])


@given(st.sampled_from(GOOD), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]))
def test_the_encoding_does_not_matter(case: tuple[str, object], encoding: str) -> None:
    agent, genuine = case
    text = json.dumps(genuine, ensure_ascii=False)
    assert registry.read(agent, (text + "\r\n").encode(encoding)) == registry.read(agent, text.encode())


def test_a_payload_over_the_limit_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(PayloadError, match="the limit is 16777216"):
        payload.decode(b'{"a":"' + b"x" * payload.LIMIT + b'"}')


def test_an_unknown_agent_is_named_with_the_known_ones() -> None:
    with pytest.raises(PayloadError, match=r"no agent 'clippy'; known are claude, cursor"):
        registry.read("clippy", b"{}")


def test_reading_one_agent_imports_no_other_one() -> None:
    import subprocess

    code = (
        "import sys; from earmark.origin.agents import registry; "
        "registry.read('gemini', b'{\"hook_event_name\":\"AfterModel\"}'); "
        "print(sorted(n.rpartition('.')[2] for n in sys.modules if n.startswith('earmark.origin.agents.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['calls', 'edits', 'gemini', 'payload', 'registry']"


@pytest.mark.parametrize(
    ("through", "reported_by"),
    [("claude/from-cursor", "cursor"), ("claude/from-vscode", "vscode"), ("claude/from-copilot-cli", "copilot")],
)
def test_one_edit_reported_by_two_hook_systems_has_one_session_and_one_key(through: str, reported_by: str) -> None:
    """The same payload through the agent's own hook names the same session and tool call."""
    raw = json.dumps(json.loads((ROOT / f"{through}.json").read_text(encoding="utf-8"))["payload"]).encode()
    theirs, ours = registry.read("claude", raw), registry.read(reported_by, raw)
    assert theirs == ours
    assert isinstance(ours[0].session, Session)
    assert ours[0].session.tool != "claude"


def test_session_ids_agree_with_the_git_ai_standard() -> None:
    """Computed with `printf claude:abc | sha256sum`; the standard takes the first 14 digits."""
    raw = b'{"session_id":"abc","transcript_path":"/h/.claude/projects/p/abc.jsonl","cwd":"/r","tool_name":"Write",'
    raw += b'"hook_event_name":"PostToolUse","tool_input":{"file_path":"a","content":""}}'
    (event,) = registry.read("claude", raw)
    assert event.session is not None
    assert event.session.id == "s_2ce06946efc032"
