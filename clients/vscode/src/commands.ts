/** The commands. Those of the server are registered here once and for all, and say why when there is no server. */

import * as vscode from "vscode";
import { ExecuteCommandRequest } from "vscode-languageclient";
import type { Item } from "./items.ts";
import type { Offers } from "./offers.ts";
import { REVIEW_PREVIEW, type ReviewPreview } from "./protocol.ts";
import { mode, type RegionView } from "./regions.ts";
import { refused, tell, why } from "./say.ts";
import type { Server } from "./server.ts";
import { webPage } from "./tree.ts";

const OF_SERVER = [
  "earmark.tagCommit",
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
  rule?: string;
  asked?: string;
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
    void refused(why(error));
    return undefined;
  }
}

async function complete(command: string, argument: Argument): Promise<Argument | undefined> {
  if (command !== "earmark.markRegion" && command !== "earmark.suppressFinding") return argument;
  if (!argument.uri) {
    tell(vscode.l10n.t("Open a file and select the lines that are meant."));
    return undefined;
  }
  const kind = argument.kind ?? (command === "earmark.markRegion" ? await askWho() : "");
  if (kind === undefined) return undefined;
  const reason = argument.reason ?? (await askWhy());
  return reason ? { ...argument, ...(kind ? { kind } : {}), reason } : undefined;
}

async function askWho(): Promise<string | undefined> {
  const { t } = vscode.l10n;
  const answers = [
    { label: t("A person"), detail: t("A person wrote the selected lines."), origin: "human" },
    { label: t("AI"), detail: t("An assistant wrote the selected lines."), origin: "ai" },
  ];
  return (await vscode.window.showQuickPick(answers, { title: t("Who wrote the selected lines?") }))?.origin;
}

async function askWhy(): Promise<string | undefined> {
  const prompt = vscode.l10n.t("Kept with the record, for whoever reviews it.");
  const title = vscode.l10n.t("Why?");
  return (await vscode.window.showInputBox({ title, prompt, ignoreFocusOut: true }))?.trim();
}

/** Shows the request exactly as it would be sent; sending it is a click of its own. */
async function requestReview(server: Server, offers: Offers, given: Argument | undefined): Promise<unknown> {
  const client = await server.ready();
  if (!client) return void server.explain();
  const about: Argument = given && "uri" in given ? given : placeless(here(), given?.asked);
  try {
    const preview = await client.sendRequest<ReviewPreview>(REVIEW_PREVIEW, about);
    if (!preview.text) return tell(preview.blocked);
    await offers.show(`${vscode.l10n.t("Review Request")}.md`, {
      text: preview.text,
      blocked: preview.blocked,
      action: vscode.l10n.t("Send This Request"),
      accept: async () => {
        const argument = { ...about, digest: preview.digest };
        return (await execute(server, "earmark.requestReview", argument)) !== undefined;
      },
      other: {
        title: vscode.l10n.t("Add What the Session Was Asked…"),
        command: "earmark.requestReviewSaying",
        argument: about,
      },
    });
    return preview;
  } catch (error) {
    return void refused(why(error));
  }
}

/** The author's own words for the reviewer, then the request with them. */
async function requestReviewSaying(server: Server, offers: Offers, about: Argument): Promise<void> {
  const title = vscode.l10n.t("What was the session asked?");
  const prompt = vscode.l10n.t("Your own words, for the reviewer. Nothing of the conversation is sent.");
  const asked = await vscode.window.showInputBox({ title, prompt, value: about.asked ?? "", ignoreFocusOut: true });
  if (asked !== undefined) await requestReview(server, offers, { ...about, asked });
}

/** From the palette the whole change is meant, in the repository of the open file. */
function placeless({ uri }: Argument, asked: string | undefined): Argument {
  return { ...(uri ? { uri } : {}), ...(asked ? { asked } : {}) };
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
export function registerCommands(
  server: Server,
  regions: RegionView,
  offers: Offers,
  log: vscode.LogOutputChannel,
): vscode.Disposable {
  const register = vscode.commands.registerCommand;
  return vscode.Disposable.from(
    vscode.workspace.registerTextDocumentContentProvider(PAGES, {
      provideTextDocumentContent: (uri) => pages.get(uri.path) ?? "",
    }),
    ...OF_SERVER.map((command) =>
      register(command, (argument?: Argument | Item) => execute(server, command, argumentOf(argument))),
    ),
    register("earmark.requestReview", (given?: Argument | Item) => requestReview(server, offers, argumentOf(given))),
    register("earmark.requestReviewSaying", (about: Argument) => requestReviewSaying(server, offers, about)),
    register("earmark.sendAgain", ({ value }: Item) => outbox(server, "send", value)),
    register("earmark.cancelRequest", ({ value }: Item) => outbox(server, "cancel", value)),
    register("earmark.openLink", ({ value }: Item) => {
      const page = webPage(value);
      return page && vscode.env.openExternal(page);
    }),
    register("earmark.restartServer", () => server.restart()),
    register("earmark.showLog", () => log.show()),
    register("earmark.toggleRegions", () =>
      vscode.workspace
        .getConfiguration("earmark")
        .update("regions.mode", mode() === "off" ? "all" : "off", vscode.ConfigurationTarget.Global),
    ),
    register("earmark.nextRegion", () => goToRegion(regions, 1)),
    register("earmark.previousRegion", () => goToRegion(regions, -1)),
  );
}

/** A menu of a tree gives its item: a finding names its rule, anything else only means "this change". */
function argumentOf(given: Argument | Item | undefined): Argument | undefined {
  if (!given || !("children" in given)) return given;
  return given.context === "earmark.finding" ? { rule: given.value } : undefined;
}

async function outbox(server: Server, action: "send" | "cancel", key: string): Promise<void> {
  await execute(server, "earmark.outbox", { ...placeless(here(), undefined), ...{ action, key } });
}

function goToRegion(regions: RegionView, step: 1 | -1): void {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return;
  const line = editor.selection.active.line;
  const starts = (regions.of(editor.document.uri)?.regions ?? [])
    .filter((region) => region.kind === "ai")
    .map((region) => region.range.start.line)
    .sort((a, b) => (a - b) * step);
  const next = starts.find((start) => (start - line) * step > 0) ?? starts[0];
  if (next === undefined) return tell(vscode.l10n.t("No assistant wrote anything in this file."));
  const place = new vscode.Position(next, 0);
  editor.selection = new vscode.Selection(place, place);
  editor.revealRange(new vscode.Range(place, place), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}
