/**
 * Reports accepted inline completions.
 *
 * VS Code has no stable event for it. What is stable: an extension may register a command that VS Code itself has, and
 * is then asked first. So these commands are taken, the edit that VS Code's own command makes is observed, and that
 * range is reported. Text that a person types is never seen here.
 *
 * Where VS Code lets this extension use the proposed API that says why a text changed, that is used instead: it is
 * exact, names the extension that offered the text, and covers what a chat applies.
 */

import { randomUUID } from "node:crypto";
import * as vscode from "vscode";
import { inserted, type Span } from "./insertion.ts";
import { DID_INSERT, type DidInsert } from "./protocol.ts";
import { type Credit, creditOf, PROPOSAL, type Reason } from "./reasons.ts";
import type { Server } from "./server.ts";
import { toolOf } from "./tools.ts";

const ACCEPTING = [
  "editor.action.inlineSuggest.commit",
  "editor.action.inlineSuggest.acceptNextWord",
  "editor.action.inlineSuggest.acceptNextLine",
];

type Credited = Pick<Credit, "tool" | "model" | "kind"> & { session: string };

export class Completions implements vscode.Disposable {
  private readonly taken = new Map<string, vscode.Disposable>();
  private readonly disposables: vscode.Disposable[] = [];
  /** The texts before the next change, where reasons are told. */
  private readonly texts = new Map<vscode.TextDocument, string>();
  private readonly reasons: boolean;
  /** One session a window: a completion has no conversation of its own. */
  private readonly session = `inline-${randomUUID()}`;

  constructor(
    private readonly server: Server,
    manifest: { enabledApiProposals?: readonly string[] },
  ) {
    // VS Code empties the list of an extension that may not use them.
    this.reasons = manifest.enabledApiProposals?.includes(PROPOSAL) ?? false;
    this.apply();
    this.disposables.push(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("earmark.inlineCompletions.report")) this.apply();
      }),
    );
    if (this.reasons) this.listen();
  }

  dispose(): void {
    vscode.Disposable.from(...this.disposables).dispose();
    this.releaseAll();
  }

  private apply(): void {
    this.releaseAll();
    if (!this.reasons && this.wanted()) for (const command of ACCEPTING) this.take(command);
  }

  private wanted(): boolean {
    return vscode.workspace.getConfiguration("earmark").get("inlineCompletions.report", true);
  }

  private listen(): void {
    const keep = (document: vscode.TextDocument) => {
      if (document.uri.scheme === "file") this.texts.set(document, document.getText());
    };
    vscode.workspace.textDocuments.forEach(keep);
    this.disposables.push(
      vscode.workspace.onDidOpenTextDocument(keep),
      vscode.workspace.onDidCloseTextDocument((document) => this.texts.delete(document)),
      vscode.workspace.onDidChangeTextDocument((event: vscode.TextDocumentChangeEvent & { detailedReason?: Reason }) => {
        const { document, contentChanges, detailedReason } = event;
        const before = this.texts.get(document);
        if (before === undefined || contentChanges.length === 0) return;
        keep(document);
        const credit = detailedReason && this.wanted() ? creditOf(detailedReason) : null;
        if (credit) this.reportAll(document, inserted(before, contentChanges), this.configured(credit));
      }),
    );
  }

  /** What the user says of the tool goes before what VS Code says. */
  private configured(credit: Credit): Credited {
    const named = vscode.workspace.getConfiguration("earmark").get("inlineCompletions.tool", "");
    const tool = credit.kind === "completion" && named ? toolOf(named, []) : credit.tool;
    return { ...credit, tool, session: credit.session || this.session };
  }

  private releaseAll(): void {
    for (const registration of this.taken.values()) registration.dispose();
    this.taken.clear();
  }

  private take(command: string): void {
    this.taken.set(
      command,
      vscode.commands.registerCommand(command, (...args: unknown[]) => this.accept(command, args)),
    );
  }

  /** Runs VS Code's own command, and reports what it inserted into the active document. */
  private async accept(command: string, args: unknown[]): Promise<unknown> {
    const document = vscode.window.activeTextEditor?.document;
    const watch = document && this.server.client ? this.watch(document) : undefined;
    try {
      return await this.original(command, args);
    } finally {
      watch?.dispose();
    }
  }

  /** Ours steps aside for one call. Messages reach VS Code in order, so that ours is back before the next key. */
  private original(command: string, args: unknown[]): Thenable<unknown> {
    this.taken.get(command)?.dispose();
    const done = vscode.commands.executeCommand(command, ...args);
    if (this.taken.has(command)) this.take(command);
    return done;
  }

  private watch(document: vscode.TextDocument): vscode.Disposable {
    let before = document.getText();
    return vscode.workspace.onDidChangeTextDocument((event) => {
      if (event.document !== document || event.contentChanges.length === 0) return;
      const spans = inserted(before, event.contentChanges);
      before = document.getText();
      this.reportAll(document, spans, this.guessed());
    });
  }

  /** What is known of an accepted completion without a reason. */
  private guessed(): Credited {
    const running = vscode.extensions.all.filter((extension) => extension.isActive).map((extension) => extension.id);
    const configured = vscode.workspace.getConfiguration("earmark").get("inlineCompletions.tool", "");
    return { tool: toolOf(configured, running), model: "unknown", session: this.session, kind: "completion" };
  }

  private reportAll(document: vscode.TextDocument, spans: readonly Span[], credited: Credited): void {
    for (const { start, end } of spans) {
      this.report(document, new vscode.Range(document.positionAt(start), document.positionAt(end)), credited);
    }
  }

  private report(document: vscode.TextDocument, range: vscode.Range, credited: Credited): void {
    const client = this.server.client;
    if (!client) return;
    const message: DidInsert = {
      textDocument: client.code2ProtocolConverter.asVersionedTextDocumentIdentifier(document),
      range: client.code2ProtocolConverter.asRange(range),
      ...credited,
    };
    client.sendNotification(DID_INSERT, message).catch((error: unknown) => {
      client.error("An accepted completion could not be reported", error, false);
    });
  }
}
