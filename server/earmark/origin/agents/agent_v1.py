"""The Git AI Standard recorder's input `agent-v1`, for agents of any make: src/commands/checkpoint_agent/presets of
git-ai-project/git-ai. `human` closes what stood on disk before the agent writes; `ai_agent` is the agent's write.
"""

from __future__ import annotations

from collections.abc import Mapping

from earmark.origin.agents import calls, payload
from earmark.origin.evidence import Event, FileEvent, PayloadError


def parse(data: Mapping[str, object]) -> Event | None:
    """The event of one report. Raises PayloadError."""
    kind = payload.need(data, "type")
    cwd = payload.need(data, "repo_working_dir")
    if kind == "human":
        return Event("before", cwd, None, named(data, "will_edit_filepaths"))
    if kind not in ("ai_agent", "pre_shell_command", "post_shell_command"):
        raise PayloadError("`type` must be human, ai_agent, pre_shell_command or post_shell_command")
    session = calls.session(
        payload.need(data, "agent_name"), payload.need(data, "conversation_id"), payload.text(data, "model")
    )
    call_id = payload.text(data, "tool_use_id", "checkpoint_id")
    call = calls.Call("before" if kind == "pre_shell_command" else "after", session, cwd, call_id)
    if kind != "ai_agent":
        return call.ran(calls.command_line(dict(data)))
    return call.edited(named(data, "edited_filepaths"))


def named(data: Mapping[str, object], field: str) -> tuple[FileEvent, ...]:
    """The files listed under `field`; `dirty_files` holds what an editor has not saved: the text before the edit when
    the edit is announced, the text after it when it is reported."""
    contents = payload.mapping(data, "dirty_files")
    announced = field.startswith("will_edit")
    made = []
    for name in payload.texts(data, field) or list(contents):
        whole = payload.maybe(contents, name)
        path = payload.path(name)
        made.append(FileEvent(path, before=whole) if announced else FileEvent(path, after=whole))
    return tuple(made)
