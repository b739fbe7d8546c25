/** The commands. Those of the server are registered here once and for all, and say why when there is no server. */

import * as vscode from "vscode";
import { ExecuteCommandRequest } from "vscode-languageclient";
import { mode, type RegionView } from "./regions.ts";
import type { Server } from "./server.ts";

const OF_SERVER = [
  "earmark.tagCommit",
  "earmark.requestReview",
  "earmark.markRegion",
  "earmark.suppressFinding",
  "earmark.showRegion",
  "earmark.explainRule",
];

/** What the server's commands take: one object. A lens or an action fills it in, the palette leaves it to us. */
interface Argument {
  uri?: string;
  version?: number;
  range?: vscode.Range;
  kind?: string;
  reason?: string;
}

/**
 * Completes the argument with the place of the cursor and with what only a person can say, then asks the server.
 * Why the server refuses is said once, in its own words.
 */
async function execute(server: Server, command: string, given: Argument | undefined): Promise<unknown> {
  const client = await server.ready();
  if (!client) return void server.explain();
  const argument = await complete(command, given ?? here());
  if (!argument) return undefined;
  try {
    const answer = await client.sendRequest(ExecuteCommandRequest.type, { command, arguments: [argument] });
    if (command === "earmark.explainRule") await showPage(answer);
    return answer;
  } catch (error) {
    refused(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

function refused(reason: string): void {
  const trust = "Manage Workspace Trust";
  const offered = vscode.workspace.isTrusted ? [] : [trust];
  const chosen = vscode.window.showWarningMessage(`Earmark: ${reason}`, ...offered);
  void chosen.then((title) => title === trust && vscode.commands.executeCommand("workbench.trust.manage"));
}

async function complete(command: string, argument: Argument): Promise<Argument | undefined> {
  if (command !== "earmark.markRegion" && command !== "earmark.suppressFinding") return argument;
  if (!argument.uri) {
    void vscode.window.showInformationMessage("Open a file and select the lines that are meant.");
    return undefined;
  }
  const kind = argument.kind ?? (command === "earmark.markRegion" ? await askWho() : "");
  if (kind === undefined) return undefined;
  const reason = argument.reason ?? (await askWhy());
  return reason ? { ...argument, ...(kind ? { kind } : {}), reason } : undefined;
}

async function askWho(): Promise<string | undefined> {
  const answers = [
    { label: "A person", detail: "A person wrote the selected lines.", origin: "human" },
    { label: "AI", detail: "An assistant wrote the selected lines.", origin: "ai" },
  ];
  return (await vscode.window.showQuickPick(answers, { title: "Who wrote the selected lines?" }))?.origin;
}

async function askWhy(): Promise<string | undefined> {
  const prompt = "Kept with the record, for whoever reviews it.";
  const reason = await vscode.window.showInputBox({ title: "Why?", prompt, ignoreFocusOut: true });
  return reason?.trim();
}

function here(): Argument {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.uri.scheme !== "file") return {};
  const { document, selection } = editor;
  return {
    uri: document.uri.toString(),
    version: document.version,
    range: new vscode.Range(selection.start, selection.end),
  };
}

const PAGES = "earmark-rule";
const pages = new Map<string, string>();

/** Opens a rule's page, which is Markdown, as VS Code shows Markdown. */
async function showPage(answer: { rule?: string; page?: string } | undefined): Promise<void> {
  if (!answer?.rule || !answer.page) return;
  const uri = vscode.Uri.from({ scheme: PAGES, path: `/${answer.rule}.md` });
  pages.set(uri.path, answer.page);
  await vscode.commands.executeCommand("markdown.showPreviewToSide", uri);
}

/** Registers all commands, and the pages that they open. */
export function registerCommands(server: Server, regions: RegionView, log: vscode.LogOutputChannel): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.workspace.registerTextDocumentContentProvider(PAGES, {
      provideTextDocumentContent: (uri) => pages.get(uri.path) ?? "",
    }),
    ...OF_SERVER.map((command) =>
      vscode.commands.registerCommand(command, (argument?: Argument) => execute(server, command, argument)),
    ),
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
