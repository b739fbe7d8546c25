/**
 * The commands. Those of the server are registered by the language client when the server offers them, and only then;
 * while there is no server a stand-in says why. No command is registered here and there at once.
 */

import * as vscode from "vscode";
import { mode, type RegionView } from "./regions.ts";
import type { Server } from "./server.ts";

const OF_SERVER = ["earmark.tagCommit", "earmark.requestReview", "earmark.markRegion", "earmark.explainRule"];

/** Fills in what a person who used the palette could not give; a lens or a code action gives its own arguments. */
export async function executeCommand(
  command: string,
  given: unknown[],
  next: (command: string, args: unknown[]) => vscode.ProviderResult<unknown>,
): Promise<unknown> {
  const args = await complete(command, given);
  return args === undefined ? undefined : await next(command, args);
}

async function complete(command: string, given: unknown[]): Promise<unknown[] | undefined> {
  if (given.length > 0) return given;
  const place = here();
  if (command !== "earmark.markRegion") return [place];
  if (!place.uri) {
    void vscode.window.showInformationMessage("Open a file and select the lines to mark.");
    return undefined;
  }
  const kind = await vscode.window.showQuickPick(
    [
      { label: "Human", detail: "A person wrote the selected lines.", origin: "human" },
      { label: "AI", detail: "An assistant wrote the selected lines.", origin: "ai" },
    ],
    { title: "Who wrote the selected lines?" },
  );
  if (!kind) return undefined;
  const reason = await vscode.window.showInputBox({ title: "Why?", prompt: "Kept with the mark, for whoever reviews it.", ignoreFocusOut: true });
  return reason ? [{ ...place, kind: kind.origin, reason }] : undefined;
}

function here(): { uri?: string; version?: number; range?: vscode.Range } {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.uri.scheme !== "file") return {};
  const { document, selection } = editor;
  return { uri: document.uri.toString(), version: document.version, range: new vscode.Range(selection.start, selection.end) };
}

/** Registers the commands that need no server. */
export function registerCommands(server: Server, regions: RegionView, log: vscode.LogOutputChannel): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.commands.registerCommand("earmark.restartServer", () => server.restart()),
    vscode.commands.registerCommand("earmark.showLog", () => log.show()),
    vscode.commands.registerCommand("earmark.toggleRegions", () =>
      vscode.workspace
        .getConfiguration("earmark")
        .update("regions.mode", mode() === "off" ? "all" : "off", vscode.ConfigurationTarget.Global),
    ),
    vscode.commands.registerCommand("earmark.nextRegion", () => nextRegion(regions)),
  );
}

/** Stand-ins for the server's commands, while it does not run. */
export class StandIns implements vscode.Disposable {
  private registered: vscode.Disposable[] = [];

  constructor(private readonly explain: () => Promise<void>) {}

  show(): void {
    if (this.registered.length > 0) return;
    this.registered = OF_SERVER.map((command) => vscode.commands.registerCommand(command, this.explain));
  }

  dispose(): void {
    for (const registration of this.registered) registration.dispose();
    this.registered = [];
  }
}

function nextRegion(regions: RegionView): void {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return;
  const starts = (regions.of(editor.document.uri)?.regions ?? [])
    .filter((region) => region.kind === "ai")
    .map((region) => region.range.start.line)
    .sort((a, b) => a - b);
  const line = starts.find((start) => start > editor.selection.active.line) ?? starts[0];
  if (line === undefined) return;
  const place = new vscode.Position(line, 0);
  editor.selection = new vscode.Selection(place, place);
  editor.revealRange(new vscode.Range(place, place), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}
