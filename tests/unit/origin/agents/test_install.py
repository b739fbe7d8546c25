"""Hooks written beside what stands in a user's settings, and taken back without a trace.

Every file under fixtures/hooks is one case: a line that says what it shows, `agents:`, `scope:` (user or project), then
sections `=== before PATH` and `=== after PATH` (below a folder that holds `home` and the worktree `shop`). A path
without a `before` is absent first. `${PYTHON}` is the interpreter. EARMARK_UPDATE=1 writes what is planned now.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.origin.agents import entries, install, installed, jsonc
from earmark.origin.agents.files import FileChange, InstallError, remembered
from earmark.origin.agents.places import PLACES

CASES = sorted((Path(__file__).parents[4] / "fixtures" / "hooks").glob("*/*.txt"))
PYTHON = "/opt/earmark env/bin/python"
NO_END = "\n[no line end]"


class Case(NamedTuple):
    head: str
    agents: list[str]
    project: bool
    before: dict[str, str]
    after: dict[str, str]


def read(path: Path) -> Case:
    text = path.read_text(encoding="utf-8").replace("${PYTHON}", f"'{PYTHON}'").removesuffix("\n")
    head, *sections = text.split("\n=== ")
    fields = dict(line.split(": ", 1) for line in head.splitlines()[1:])
    texts: dict[str, dict[str, str]] = {"before": {}, "after": {}}
    for section in sections:
        title, _, content = section.partition("\n")
        side, _, name = title.partition(" ")
        texts[side][name] = content.removesuffix(NO_END) if content.endswith(NO_END) else content + "\n"
    return Case(head, fields["agents"].split(), fields["scope"] == "project", texts["before"], texts["after"])


def write(path: Path, case: Case, after: dict[str, str]) -> None:
    files = [("before", *item) for item in case.before.items()] + [("after", *item) for item in sorted(after.items())]
    sections = [
        f"{side} {name}\n{text.removesuffix(chr(10)) if text.endswith(chr(10)) else text + NO_END}"
        for side, name, text in files
    ]
    path.write_text("\n=== ".join([case.head, *sections]).replace(f"'{PYTHON}'", "${PYTHON}") + "\n", encoding="utf-8")


def contents(root: Path, *, config: bool = False) -> dict[str, str]:
    files = [path for path in root.rglob("*") if path.is_file() and (config or ".config/earmark" not in str(path))]
    return {str(path.relative_to(root)): path.read_bytes().decode() for path in files}


def planned(root: Path, agents: list[str], project: bool = False, undo: bool = False) -> list[FileChange]:
    environ = {"HOME": str(root / "home"), "PATH": str(root / "bin")}
    return install.plan(agents, project, undo, top=str(root / "shop"), environ=environ, python=PYTHON)


def applied(root: Path, changes: list[FileChange]) -> None:
    install.apply(changes, {"HOME": str(root / "home"), "PATH": str(root / "bin")})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    (tmp_path / "shop").mkdir()
    return tmp_path


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_hooks_are_merged_written_once_and_taken_back(root: Path, path: Path) -> None:
    case = read(path)
    for name, text in case.before.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text.encode())
    changes = planned(root, case.agents, case.project)
    assert [change.problem for change in changes if change.problem] == []
    applied(root, changes)
    got = contents(root)
    if os.environ.get("EARMARK_UPDATE") == "1":
        write(path, case, got)
        return
    assert got == case.after
    assert planned(root, case.agents, case.project) == []
    undo = planned(root, case.agents, case.project, undo=True)
    applied(root, undo)
    left = contents(root)
    left.pop("home/.local/share/earmark/run", None)
    assert left == case.before
    assert planned(root, case.agents, case.project, undo=True) == []


settings = st.fixed_dictionaries(
    {"model": st.text(max_size=5)},
    optional={
        "hooks": st.dictionaries(
            st.sampled_from(["PreToolUse", "PostToolUse", "Stop"]),
            st.lists(
                st.fixed_dictionaries(
                    {"hooks": st.lists(st.just({"type": "command", "command": "theirs"}), min_size=1, max_size=2)},
                    optional={"matcher": st.sampled_from(["Bash", "*", "é"])},
                ),
                min_size=1,
                max_size=2,
            ),
            min_size=1,
        ),
        "permissions": st.just({"allow": []}),
    },
)


@given(settings, st.sampled_from([None, 1, 2, 4, "\t"]), st.booleans(), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_taking_back_gives_the_bytes_of_any_settings(
    value: dict, indent: int | str | None, mark: bool, line_end: str, ends: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False).replace("\n", line_end)
    text = ("\ufeff" if mark else "") + text + (line_end if ends else "")
    place = PLACES["claude"]
    merged = entries.merged(text, place, "test -x /p && /p -P -m earmark record --agent claude || :")
    assert jsonc.parse(merged).value["hooks"].keys() >= {"PreToolUse", "PostToolUse"}
    again = entries.merged(merged, place, "test -x /p && /p -P -m earmark record --agent claude || :")
    assert again == merged
    assert entries.without(merged, place) == text


def test_an_entry_of_an_earlier_version_is_replaced_and_a_double_one_goes(root: Path) -> None:
    settings = root / "home" / ".claude" / "settings.json"
    settings.parent.mkdir()
    old = {"type": "command", "command": "/old/python -m earmark record --agent claude"}
    theirs = {"type": "command", "command": "theirs"}
    groups = [{"matcher": "Edit", "hooks": [old]}, {"matcher": "Bash", "hooks": [theirs, old]}, {"hooks": [old, old]}]
    settings.write_text(json.dumps({"hooks": {"PreToolUse": groups, "SessionEnd": [{"hooks": [old]}]}}, indent=2))
    applied(root, planned(root, ["claude"]))
    hooks = json.loads(settings.read_text())["hooks"]
    assert sorted(hooks) == ["PostToolUse", "PreToolUse"]
    assert hooks["PreToolUse"][0] == {"matcher": "Bash", "hooks": [theirs]}
    assert [group["hooks"][0]["command"] for group in hooks["PreToolUse"][1:]] == [
        install.command("claude", False, PYTHON)
    ]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("home/.claude/settings.json", "{ broken", "not valid JSON at line 1, column 3"),
        ("home/.claude/settings.json", '{"hooks": []}', "`hooks` is not an object"),
        ("home/.claude/settings.json", '{"hooks": {"PreToolUse": {}}}', "`hooks.PreToolUse` is not a list"),
        ("home/.claude/settings.json", "\udce4", "it is not UTF-8"),
        ("home/Documents/Cline/Hooks/PreToolUse", "#!/bin/sh\nmine\n", "another hook stands there; add this line"),
        ("home/.kiro/hooks/earmark.json", "{}", "another hook stands there; add this line"),
        ("home/.codex/config.toml", "model = ", "not valid TOML"),
    ],
)
def test_what_cannot_be_merged_is_said_and_left_alone(root: Path, name: str, text: str, says: str) -> None:
    (root / name).parent.mkdir(parents=True)
    (root / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    changes = planned(root, ["claude", "cline", "kiro", "codex"])
    assert [change for change in changes if says in change.problem]
    applied(root, changes)
    assert (root / name).read_bytes() == text.encode("utf-8", "surrogateescape")
    assert (root / "home/.codex/hooks.json").exists()


def test_a_link_out_of_the_repository_is_not_followed(root: Path) -> None:
    """A clone could bring `.claude` as a link to a folder of the user's."""
    (root / "home" / "victim").mkdir()
    (root / "shop" / ".claude").symlink_to(root / "home" / "victim")
    (change,) = planned(root, ["claude"], project=True)
    assert "leads out of the repository" in change.problem
    applied(root, [change])
    assert list((root / "home" / "victim").iterdir()) == []


def test_a_dotfile_manager_s_link_and_mode_are_kept(root: Path) -> None:
    real = root / "home" / "dotfiles" / "claude.json"
    real.parent.mkdir()
    real.write_text("{}\n")
    real.chmod(0o600)
    link = root / "home" / ".claude" / "settings.json"
    link.parent.mkdir()
    link.symlink_to(real)
    applied(root, planned(root, ["claude"]))
    assert link.is_symlink()
    assert "earmark record" in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o600


def test_a_file_that_changed_after_the_plan_stops_everything(root: Path) -> None:
    changes = planned(root, ["claude", "cursor"])
    (root / "home" / ".cursor").mkdir()
    (root / "home" / ".cursor" / "hooks.json").write_text("{}")
    with pytest.raises(InstallError, match="changed meanwhile; nothing was written"):
        applied(root, changes)
    assert contents(root) == {"home/.cursor/hooks.json": "{}"}


def test_unknown_agents_and_a_project_without_repository_are_said(root: Path) -> None:
    with pytest.raises(InstallError, match=r"no agent 'clippy'; known are auto, claude, cursor"):
        planned(root, ["clippy"])
    with pytest.raises(InstallError, match="need a repository"):
        install.plan(["claude"], True, False, environ={"HOME": str(root)})


def test_auto_means_the_agents_of_this_machine(root: Path) -> None:
    (root / "home" / ".codex").mkdir()
    (root / "bin").mkdir()
    (root / "bin" / "gemini").write_text("#!/bin/sh\n")
    (root / "bin" / "gemini").chmod(0o755)
    assert sorted({change.agent for change in planned(root, ["auto"])}) == ["codex", "gemini"]


def run(command: str, raw: bytes = b"", **env: str) -> tuple[int, bytes, bytes]:
    done = subprocess.run(["sh", "-c", command], input=raw, capture_output=True, env=os.environ | env, timeout=30)
    return done.returncode, done.stdout, done.stderr


def test_the_written_command_records(root: Path) -> None:
    """What stands in the settings is run as the agent would run it."""
    subprocess.run(["git", "init", "-q", str(root / "shop")], check=True)
    (root / "shop" / "a.py").write_text("x = 1\n")
    fields = {"session_id": "s", "transcript_path": "/t", "cwd": str(root / "shop"), "hook_event_name": "PostToolUse"}
    raw = json.dumps(
        fields | {"tool_name": "Write", "tool_input": {"file_path": "a.py", "content": "x = 1\n"}}
    ).encode()
    environ = {"HOME": str(root / "home"), "XDG_DATA_HOME": "", "XDG_STATE_HOME": "", "XDG_CONFIG_HOME": ""}
    for project in (False, True):
        changes = install.plan(
            ["claude"], project, False, top=str(root / "shop"), environ=environ, python=sys.executable
        )
        install.apply(changes, environ)
        settings = json.loads((root / ("shop" if project else "home") / ".claude" / "settings.json").read_text())
        line = settings["hooks"]["PostToolUse"][0]["hooks"][0]["command"]
        assert run(line, raw, **environ) == (0, b"", b"")
        ledger = root / "shop" / ".git" / "earmark" / "ledger.db"
        assert ledger.stat().st_size > 0
        ledger.unlink()


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize("project", [False, True])
def test_a_colleague_without_earmark_and_a_vanished_interpreter_are_not_disturbed(
    root: Path, shell: str, project: bool
) -> None:
    line = install.command("claude", project, str(root / "no" / "python"))
    environ = {"HOME": str(root / "home"), "XDG_DATA_HOME": ""}
    done = subprocess.run([shell, "-euc", line], input=b"{}", capture_output=True, env=os.environ | environ, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_cline_gets_its_answer_whatever_happens(root: Path) -> None:
    applied(root, planned(root, ["cline"]))
    hook = root / "home" / "Documents" / "Cline" / "Hooks" / "PreToolUse"
    done = subprocess.run([str(hook)], input=b"{}", capture_output=True, timeout=30)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"cancel": False})


def test_what_was_written_is_remembered_until_it_is_taken_back(root: Path) -> None:
    environ = {"HOME": str(root / "home")}
    applied(root, planned(root, ["claude", "cline"]))
    hooks = root / "home" / "Documents" / "Cline" / "Hooks"
    written = {("claude", str(root / "home/.claude/settings.json"))}
    written |= {("cline", str(hooks / "PreToolUse")), ("cline", str(hooks / "PostToolUse"))}
    assert set(remembered(environ)) == written
    applied(root, planned(root, ["cline"], undo=True))
    assert set(remembered(environ)) == {("claude", str(root / "home/.claude/settings.json"))}


def states(root: Path, python: str = sys.executable) -> dict[tuple[str, bool], str]:
    environ = {"HOME": str(root / "home"), "PATH": str(root / "bin")}
    return {(hook.agent, hook.project): hook.state for hook in installed.hooks(str(root / "shop"), environ, python)}


def test_the_state_of_every_hook_is_told(root: Path) -> None:
    environ = {"HOME": str(root / "home"), "PATH": str(root / "bin")}
    assert states(root) == {}
    for folder in (".claude", ".cursor", ".codex", ".kiro"):
        (root / "home" / folder).mkdir()
    assert set(states(root).values()) == {"missing"}
    agents = list(PLACES)
    for project in (False, True):
        changes = install.plan(agents, project, False, top=str(root / "shop"), environ=environ, python=sys.executable)
        install.apply(changes, environ)
    assert states(root) == {(agent, project): "installed" for agent in agents for project in (False, True)}
    settings = root / "home" / ".claude" / "settings.json"
    settings.write_text("{}")
    (root / "home" / ".cursor" / "hooks.json").write_text("{ nope")
    (root / "shop" / ".github" / "hooks" / "earmark.json").unlink()
    windsurf = root / "home" / ".codeium" / "windsurf" / "hooks.json"
    windsurf.write_text(windsurf.read_text().replace("post_write_code", "post_other"))
    got = states(root)
    assert got["claude", False] == "vanished"
    assert got["cursor", False] == "unreadable"
    assert got["copilot", True] == "vanished"
    assert got["windsurf", False] == "incomplete"
    (root / "home" / ".local" / "share" / "earmark" / "run").unlink()
    assert states(root)["claude", True] == "dead"


def test_a_hook_of_an_interpreter_that_is_gone_is_dead(root: Path) -> None:
    environ = {"HOME": str(root / "home"), "PATH": str(root / "bin")}
    python = root / "gone" / "python"
    for agent in PLACES:
        install.apply(install.plan([agent], False, False, environ=environ, python=str(python)), environ)
    assert set(states(root, str(python)).values()) == {"dead"}
