/**
 * Reports accepted inline completions.
 *
 * VS Code has no stable event for it. What is stable: an extension may register a command that VS Code itself has, and
 * is then asked first. So these commands are taken, the edit that VS Code's own command makes is observed, and that
 * range is reported. Text that a person types is never seen here.
 */

import { randomUUID } from "node:crypto";
import * as vscode from "vscode";
import { inserted } from "./insertion.ts";
import { DID_INSERT, type DidInsert } from "./protocol.ts";
import type { Server } from "./server.ts";
import { toolOf } from "./tools.ts";

const ACCEPTING = [
  "editor.action.inlineSuggest.commit",
  "editor.action.inlineSuggest.acceptNextWord",
  "editor.action.inlineSuggest.acceptNextLine",
];

export class Completions implements vscode.Disposable {
  private readonly taken = new Map<string, vscode.Disposable>();
  private readonly configuration: vscode.Disposable;
  /** One session a window: a completion has no conversation of its own. */
  private readonly session = `inline-${randomUUID()}`;

  constructor(private readonly server: Server) {
    this.apply();
    this.configuration = vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("earmark.inlineCompletions.report")) this.apply();
    });
  }

  dispose(): void {
    this.configuration.dispose();
    this.releaseAll();
  }

  private apply(): void {
    this.releaseAll();
    const wanted = vscode.workspace.getConfiguration("earmark").get("inlineCompletions.report", true);
    if (wanted) for (const command of ACCEPTING) this.take(command);
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
      for (const { start, end } of spans) {
        this.report(document, new vscode.Range(document.positionAt(start), document.positionAt(end)));
      }
    });
  }

  private report(document: vscode.TextDocument, range: vscode.Range): void {
    const client = this.server.client;
    if (!client) return;
    const running = vscode.extensions.all.filter((extension) => extension.isActive).map((extension) => extension.id);
    const configured = vscode.workspace.getConfiguration("earmark").get("inlineCompletions.tool", "");
    const message: DidInsert = {
      textDocument: client.code2ProtocolConverter.asVersionedTextDocumentIdentifier(document),
      range: client.code2ProtocolConverter.asRange(range),
      tool: toolOf(configured, running),
      model: "unknown",
      session: this.session,
      kind: "completion",
    };
    client.sendNotification(DID_INSERT, message).catch((error: unknown) => {
      client.error("An accepted completion could not be reported", error, false);
    });
  }
}
