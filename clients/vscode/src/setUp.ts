/** Setting up: which Python has Earmark, and the hooks by which assistants and git report to it. */

import { execFile } from "node:child_process";
import * as vscode from "vscode";
import type { Offers } from "./offers.ts";
import { refused, tell } from "./say.ts";
import type { Found, Server } from "./server.ts";

const LIMIT_MS = 30_000;
/** What a plan without a change prints. */
const NOTHING = "nothing to do";

/** What can be done when the server does not run, in one list. */
async function setUp(server: Server): Promise<void> {
  const { t } = vscode.l10n;
  const choices = [
    { label: `$(folder-opened) ${t("Choose the Python That Has Earmark…")}`, run: () => choosePython() },
    { label: `$(debug-restart) ${t("Look for It Again")}`, run: () => server.restart() },
    { label: `$(gear) ${t("Open Settings")}`, run: openSettings },
    { label: `$(output) ${t("Show Log")}`, run: () => open("earmark.showLog") },
  ];
  const placeHolder = server.problem || t("Earmark is running.");
  await (await vscode.window.showQuickPick(choices, { title: t("Set Up Earmark"), placeHolder }))?.run();
}

/** The setting belongs to the machine, so a workspace cannot bring its own. */
async function choosePython(): Promise<void> {
  const title = vscode.l10n.t("The Python (3.11 or newer) in which Earmark is installed");
  const [chosen] = (await vscode.window.showOpenDialog({ title, canSelectMany: false })) ?? [];
  if (!chosen) return;
  const settings = vscode.workspace.getConfiguration("earmark");
  await settings.update("interpreter", chosen.fsPath, vscode.ConfigurationTarget.Global);
}

/** Those of the machine that the server runs on. */
async function openSettings(): Promise<void> {
  const where = vscode.env.remoteName ? "openRemoteSettings" : "openSettings";
  await open(`workbench.action.${where}`, { query: "@ext:earmark.earmark" });
}

async function open(command: string, ...args: unknown[]): Promise<void> {
  await vscode.commands.executeCommand(command, ...args);
}

/** Shows what `earmark init` would write; writing it is a click of its own. */
async function installHooks(server: Server, offers: Offers): Promise<void> {
  const { t } = vscode.l10n;
  const found = server.locate();
  if ("missing" in found) return server.explain();
  const folders = vscode.workspace.isTrusted ? vscode.workspace.workspaceFolders : undefined;
  const folder = folders?.find(({ uri }) => uri.scheme === "file")?.uri.fsPath;
  const what = folder ? ["--git-hooks", "--agents", "auto"] : ["--agents", "auto"];
  const planned = await init(found, folder, [...what, "--dry-run"]);
  if (planned.code === 2) return refused(planned.said);
  if (planned.said.trim() === NOTHING) return tell(t("The hooks are installed; there is nothing to write."));
  await offers.show(`${t("Hooks")}.diff`, {
    text: planned.said,
    blocked: "",
    action: t("Write These Files"),
    accept: async () => {
      const done = await init(found, folder, [...what, "--yes"]);
      if (done.code === 0) tell(t("The hooks are installed."));
      else await refused(done.said);
      return done.code === 0;
    },
  });
}

/** Runs `earmark init`; `said` is what it printed, its reason when it failed. */
function init(found: Found, cwd: string | undefined, args: string[]): Promise<{ code: number; said: string }> {
  const program = [...found.args.slice(0, found.args.indexOf("serve")), "init", ...args];
  return new Promise((resolve) => {
    execFile(found.command, program, { cwd, timeout: LIMIT_MS }, (error, out, err) => {
      const code = error ? (typeof error.code === "number" ? error.code : 2) : 0;
      resolve({ code, said: (code === 2 ? err.trim() || out : out) || (error?.message ?? "") });
    });
  });
}

export function registerSetUp(server: Server, offers: Offers): vscode.Disposable {
  const walkthrough = "earmark.earmark#start";
  return vscode.Disposable.from(
    vscode.commands.registerCommand("earmark.setUp", () => setUp(server)),
    vscode.commands.registerCommand("earmark.installHooks", () => installHooks(server, offers)),
    vscode.commands.registerCommand("earmark.getStarted", () =>
      open("workbench.action.openWalkthrough", walkthrough, false),
    ),
  );
}
