"""VS Code's own workbench in a browser, with our extension and the real server.

`page` sees and does what a person would; `api` uses the `vscode` API from an extension beside ours.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import workbench
from project import BASE, RISKY, Project
from workbench import Workbench

Reached = Callable[[str, str, str], None]
MARKED = [line.strip() for line in RISKY.splitlines()]
# The promise of DESIGN §6 for changes that another process records.
SOON = 0.5
STATUS = ".statusbar-item[id*='earmark']"
TOASTS = ".notifications-toasts .notification-list-item-message"
COMPLETION = "net(price):\n    return price / 1.19"


@pytest.fixture(scope="module")
def shop(project: Project) -> Project:
    """The project with a file for each test that writes one."""
    for name in ("plain.py", "marked.py", "formatted.py", "reloaded.py", "edited.py"):
        (project.top / name).write_text(BASE)
    (project.top / "prices.py").write_text("VAT = 0.19\n\n\n")
    project.git("add", "--all", "--", ".", ":!shop.py")
    project.git("commit", "-q", "-m", "Add files to work in")
    return project


@pytest.fixture(scope="module", name="opened")
def _opened(editors: Path, shop: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    folder = tmp_path_factory.mktemp("vscode")
    with workbench.running(editors, shop, folder, shop.top / "shop.py", keep_screen=False) as code:
        yield code


@pytest.fixture
def code(opened: Workbench) -> Iterator[Workbench]:
    """A trusted workbench that all tests of the product's daily use share; the screen at the end of each is kept, and
    nobody was disturbed."""
    yield opened
    opened.keep_screen()
    assert opened.page("texts", TOASTS) == []


def test_ai_lines_are_marked_and_counted(code: Workbench, reached: Reached) -> None:
    code.show("shop.py")
    code.page("marked", MARKED)
    code.page("waitForText", STATUS, f"AI {len(MARKED)}/17")
    reached("VS Code", "regions", "decoration, gutter, overview ruler")


def test_a_risky_line_has_a_hint_with_its_reason(code: Workbench, reached: Reached) -> None:
    code.show("shop.py")
    found = code.wait_diagnostics("shop.py", 3)
    [timeout] = [d for d in found if d["code"] == "py-http-no-timeout"]
    assert (timeout["source"], timeout["severity"], timeout["line"]) == ("earmark", "Warning", 14)
    assert timeout["link"].endswith("#py-http-no-timeout")
    workbench.wait("the squiggles", lambda: code.page("count", ".monaco-editor .squiggly-warning") >= 3)
    reached("VS Code", "risk", "diagnostic")


def test_the_hover_says_who_and_why(code: Workbench, reached: Reached) -> None:
    code.show("shop.py", 14, 22)
    code.wait_diagnostics("shop.py", 3)
    code.api("execute", "editor.action.showHover")
    for said in ("Written by AI: claude:claude-opus-4-5", "py-http-no-timeout", "Directed by Dev Eloper"):
        code.page("waitForText", ".monaco-hover-content", said)
    code.keep_screen()
    code.page("press", "Escape")
    reached("VS Code", "hover", "hover")


def test_the_gutter_follows_the_setting(code: Workbench) -> None:
    code.show("shop.py", 0)
    code.page("marked", MARKED)
    code.api("configure", "earmark.regions.mode", "line")
    code.page("marked", [])
    code.api("select", code.path("shop.py"), 12, 0)
    code.page("marked", MARKED)
    code.api("configure", "earmark.regions.mode", "off")
    code.page("marked", [])
    code.api("execute", "earmark.toggleRegions")
    code.page("marked", MARKED)


def test_what_another_process_records_appears_at_once(code: Workbench, reached: Reached) -> None:
    code.show("plain.py")
    code.page("marked", [])
    # As an agent in another window does it: the file, then the hook; VS Code reloads the file by itself.
    code.project.ai_edit(
        "plain.py", "    return sum(prices)\n", "    return sum(prices)\n" + RISKY,
        written=lambda: workbench.wait("the reload", lambda: "def rate" in code.api("text", code.path("plain.py"))),
    )  # fmt: skip
    done = time.monotonic()
    code.page("marked", MARKED)
    assert time.monotonic() - done < SOON
    reached("VS Code", "live", "decoration")


def test_an_action_explains_the_rule(code: Workbench, reached: Reached) -> None:
    code.show("shop.py", 14, 22)
    code.wait_diagnostics("shop.py", 3)
    code.act("why py-http-no-timeout?")
    code.page("waitForText", ".tab .monaco-icon-label", "py-http-no-timeout")
    code.close_page()
    reached("VS Code", "explain", "code action")


def test_a_fix_and_a_suppression_are_actions(code: Workbench, reached: Reached) -> None:
    path = "edited.py"
    code.project.ai_edit(path, "    return sum(prices)\n", "    return sum(prices)\n" + RISKY)
    code.show(path, 14, 22)
    code.wait_diagnostics(path, 3)
    code.act("Give up after 30 seconds")
    workbench.wait("the fix", lambda: "timeout=30" in code.api("text", code.path(path)))
    reached("VS Code", "fix", "code action")
    code.show(path, 15, 10)
    code.act("suppress py-bare-except-pass here")
    code.page("waitForText", ".quick-input-widget", "Kept with the record")
    code.page("type", "The caller gives up")
    code.page("press", "Enter")
    comment = "        # earmark: ignore[py-bare-except-pass] The caller gives up\n"
    workbench.wait("the comment", lambda: comment in code.api("text", code.path(path)))
    workbench.wait(
        "the finding goes",
        lambda: "py-bare-except-pass" not in [d["code"] for d in code.api("diagnostics", code.path(path))],
    )
    reached("VS Code", "suppress", "code action")
    code.api("execute", "workbench.action.revertAndCloseActiveEditor")


def test_formatting_on_save_keeps_the_owner(code: Workbench, reached: Reached) -> None:
    path = "formatted.py"
    gross = "\n\ndef gross(net):\n    return net*1.19\n"
    code.project.ai_edit(path, "    return sum(prices)\n", "    return sum(prices)\n" + gross)
    code.show(path, 1, 0)
    code.page("marked", [line.strip() for line in gross.splitlines()])
    code.api("configure", "editor.formatOnSave", True)
    code.api("formats", True)
    code.page("type", "# by hand")
    code.api("execute", "workbench.action.files.save")
    workbench.wait("the format", lambda: "net * 1.19" in (code.project.top / path).read_text())
    code.api("formats", False)
    code.api("configure", "editor.formatOnSave", None)
    code.page("marked", [line.strip() for line in gross.replace("*", " * ").splitlines()])
    [region] = [r for r in code.project.blame(path) if r["kind"] == "ai"]
    assert (region["start"], region["end"], region["tool"]) == (10, 13, "claude")
    reached("VS Code", "format", "yes")


def test_a_reload_from_disk_keeps_the_owners(code: Workbench, reached: Reached) -> None:
    path = "reloaded.py"
    file = code.project.top / path
    code.project.ai_edit(path, "    return sum(prices)\n", "    return sum(prices)\n" + RISKY)
    code.show(path)
    code.page("marked", MARKED)
    file.write_text("# moved by another program\n" + file.read_text() + "\nDONE = True\n")
    workbench.wait("the reload", lambda: "DONE" in code.api("text", str(file)))
    code.page("marked", MARKED)
    reached("VS Code", "reload", "yes")


def test_a_lens_clicked_right_after_an_edit_does_its_work(code: Workbench, reached: Reached) -> None:
    code.project.git("add", "shop.py")
    code.show("shop.py", 0, 0)
    lens = ".contentWidgets .codelens-decoration a"
    code.page("waitForText", lens, "declare")
    code.page("type", "# first\n")
    code.page("click", lens, "declare")
    code.page("waitForText", ".statusbar-item", "the next commit will declare it")
    code.api("execute", "undo")
    code.api("execute", "workbench.action.files.revert")
    reached("VS Code", "stale", "yes")


def test_a_person_can_say_they_wrote_it(code: Workbench, reached: Reached) -> None:
    path = "marked.py"
    code.project.ai_edit(path, "    return sum(prices)\n", "    return sum(prices)\n" + RISKY)
    code.show(path, 14)
    code.page("marked", MARKED)
    code.act("a person wrote this")
    code.page("waitForText", ".quick-input-widget", "Kept with the record")
    code.page("type", "I typed this myself")
    code.page("press", "Enter")
    code.page("marked", [])
    reached("VS Code", "mark", "code action")


def test_an_accepted_completion_is_evidence(code: Workbench, reached: Reached) -> None:
    path = "prices.py"
    code.show(path, 2)
    code.api("configure", "earmark.inlineCompletions.tool", "Probe")
    code.page("type", "def ")
    code.page("marked", [])
    code.api("offer", COMPLETION)
    code.api("execute", "editor.action.inlineSuggest.trigger")
    code.page("waitForText", ".monaco-editor .ghost-text", "return")
    code.page("press", "Tab")
    code.api("offer", None)
    code.page("marked", ["def net(price):", "return price / 1.19"])
    code.page("press", "Control+z")
    code.page("marked", [])
    code.page("press", "Control+y")
    code.page("marked", ["def net(price):", "return price / 1.19"])
    # What is typed afterwards is the person's.
    code.page("press", "End")
    code.page("press", "Enter")
    code.page("type", "# rounded by the caller")
    code.page("marked", ["def net(price):", "return price / 1.19"])
    code.api("execute", "workbench.action.files.save")
    [region] = [r for r in code.project.blame(path) if r["kind"] == "ai"]
    assert (region["start"], region["end"], region["tool"], region["model"]) == (3, 4, "Probe", "unknown")
    reached("VS Code", "completion", "Tab")
    reached("VS Code", "undo", "yes")


def test_the_next_commit_is_tagged(code: Workbench, reached: Reached) -> None:
    code.show("shop.py")
    code.project.git("add", "shop.py")
    answer = code.api("execute", "earmark.tagCommit")
    assert answer["written"] == "next commit"
    assert answer["block"].startswith("AI-Assisted: yes\nAssisted-by: ")
    reached("VS Code", "next", "command")


def test_the_open_commit_message_gets_its_trailers(code: Workbench) -> None:
    code.project.git("add", "shop.py")
    message = code.project.top / ".git" / "COMMIT_EDITMSG"
    message.write_text("Ask the carrier for its rates\n\n# Please enter the commit message for your changes.\n")
    code.show(".git/COMMIT_EDITMSG")
    code.api("execute", "earmark.tagCommit")
    text = workbench.wait("the trailers", lambda: tagged(code.api("text", str(message))))
    assert text.startswith("Ask the carrier for its rates\n\nAI-Assisted: yes\n")
    code.api("execute", "workbench.action.revertAndCloseActiveEditor")


def tagged(text: str) -> str:
    return text if "AI-Assisted: yes" in text else ""


def test_a_restart_leaves_no_command_behind(code: Workbench) -> None:
    code.show("shop.py")
    code.page("marked", MARKED)
    before = code.api("commands", "earmark.")
    code.api("execute", "earmark.restartServer")
    code.page("marked", MARKED)
    assert code.api("commands", "earmark.") == before
    assert {"earmark.tagCommit", "earmark.requestReview", "earmark.markRegion", "earmark.explainRule"} <= set(before)
    assert code.api("execute", "earmark.explainRule", [{"rule": "py-http-no-timeout"}])["rule"] == "py-http-no-timeout"
    code.close_page()


def test_a_server_that_crashed_comes_back(code: Workbench) -> None:
    code.show("shop.py")
    code.page("marked", MARKED)
    first = code.server()
    os.kill(first, signal.SIGKILL)
    workbench.wait("another server", lambda: code.server() not in (0, first))
    code.page("marked", MARKED)
    assert code.api("execute", "earmark.tagCommit")["written"] == "next commit"


def test_two_windows_do_not_disturb_each_other(code: Workbench) -> None:
    code.show("shop.py")
    code.page("openSecond", workbench.link(code.address, code.project.top, code.project.top / "shop.py"))
    code.page("marked", MARKED)
    code.page("waitForText", STATUS, "AI")
    assert code.page("texts", TOASTS) == []
    code.page("closeSecond")
    code.page("marked", MARKED)


def test_the_servers_settings_reach_it_alone(code: Workbench) -> None:
    code.show("shop.py")
    code.wait_diagnostics("shop.py", 3)
    code.api("configure", "earmark.minimumSeverity", "critical")
    workbench.wait("no diagnostics", lambda: not code.api("diagnostics", code.path("shop.py")))
    code.api("configure", "earmark.minimumSeverity", None)
    code.wait_diagnostics("shop.py", 3)
    assert not any("setting" in text for text in code.page("texts", TOASTS))


def test_a_missing_interpreter_is_named_with_a_way_out(
    editors: Path, shop: Project, tmp_path: Path, reached: Reached
) -> None:
    shown = shop.top / "shop.py"
    settings = {"earmark.interpreter": "/nowhere/python"}
    with workbench.running(editors, shop, tmp_path, shown, settings=settings) as code:
        said = 'Earmark is not running. The setting earmark.interpreter names "/nowhere/python"'
        code.page("waitForText", TOASTS, said)
        code.page("waitForText", STATUS, "Earmark")
        code.page("marked", [])
        code.api("execute", "notifications.clearAll")
        code.run("Earmark: Tag This Commit")
        code.page("waitForText", TOASTS, said)
        assert code.page("texts", ".notifications-toasts .monaco-button") == ["Set Up…"]
        code.page("click", ".notifications-toasts .monaco-button", "Set Up…")
        code.page("waitForText", ".quick-input-list .monaco-list-row", "Choose the Python That Has Earmark…")
        code.page("click", ".quick-input-list .monaco-list-row", "Open Settings")
        code.page("waitForText", ".settings-editor", "Earmark: Interpreter")
        # What is mended is used at once, and the commands of the server are the server's again.
        code.api("configure", "earmark.interpreter", shop.environment["EARMARK_PYTHON"])
        code.show("shop.py")
        code.page("marked", MARKED)
        assert code.api("execute", "earmark.explainRule", [{"rule": "py-http-no-timeout"}])["severity"]
    reached("VS Code", "missing", "message, status bar, tree view")


def test_an_untrusted_workspace_is_annotated_and_decides_nothing(editors: Path, tmp_path: Path) -> None:
    project = Project(tmp_path / "hostile")
    ran = tmp_path / "ran"
    hostile = f"open({str(ran)!r}, 'a').write('x')\n"
    fake = project.top / "python"
    fake.write_text(f"#!/bin/sh\necho x >> {ran}\n")
    fake.chmod(0o755)
    (project.top / ".vscode").mkdir()
    settings = f'{{"earmark.interpreter": "{fake}", "earmark.path": "{fake}"}}'
    (project.top / ".vscode" / "settings.json").write_text(settings)
    project.commit("Be hostile", shop__py=BASE, earmark__py=hostile, json__py=hostile, sitecustomize__py=hostile)
    project.ai_edit("shop.py", "    return sum(prices)\n", "    return sum(prices)\n" + RISKY)
    with workbench.running(editors, project, tmp_path / "code", project.top / "shop.py", trust=False) as code:
        assert code.api("trusted") is False
        code.page("marked", MARKED)
        code.run("Earmark: Tag This Commit")
        code.page("waitForText", TOASTS, "Nobody has said that this workspace is trusted")
    assert not ran.exists()
