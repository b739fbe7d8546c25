/** What the server last said of the working change, asked for when something has happened to it. */

import * as vscode from "vscode";
import { changeItems, changeSummary } from "./change.ts";
import { CHANGE, CHANGE_CHANGED, type Change } from "./protocol.ts";
import type { Server } from "./server.ts";
import { Tree } from "./tree.ts";

const NONE: Change = { root: "", level: "", score: 0, files: [], obligations: [] };

export class WorkingChange implements vscode.Disposable {
  private readonly tree = new Tree("earmark.change");
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly disposables: vscode.Disposable[] = [this.tree, this.changed];
  private asking: Promise<void> | undefined;
  private again = false;

  /** Fires when `current` is another one. */
  readonly onDidChange = this.changed.event;
  current = NONE;

  constructor(private readonly server: Server) {
    this.disposables.push(
      server.onDidStart((client) => {
        client.onNotification(CHANGE_CHANGED, () => this.refresh());
        this.refresh();
      }),
      server.onDidStop(() => this.accept(NONE)),
      vscode.window.onDidChangeActiveTextEditor((editor) => {
        if (editor?.document.uri.scheme === "file") this.refresh();
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("earmark.minimumSeverity")) this.refresh();
      }),
    );
  }

  dispose(): void {
    vscode.Disposable.from(...this.disposables).dispose();
  }

  /** One question at a time; what happens meanwhile is asked about afterwards. */
  refresh(): void {
    if (this.asking) {
      this.again = true;
      return;
    }
    this.asking = this.ask().finally(() => {
      this.asking = undefined;
      if (this.again) {
        this.again = false;
        this.refresh();
      }
    });
  }

  private async ask(): Promise<void> {
    const client = this.server.client;
    if (!client) return;
    const document = vscode.window.activeTextEditor?.document;
    const about =
      document?.uri.scheme === "file"
        ? { textDocument: client.code2ProtocolConverter.asTextDocumentIdentifier(document) }
        : {};
    try {
      this.accept(await client.sendRequest<Change>(CHANGE, about));
    } catch (error) {
      if (this.server.client === client) client.error("The working change could not be read", error, false);
    }
  }

  private accept(change: Change): void {
    this.current = change;
    this.tree.show(changeItems(change, vscode.l10n.t), changeSummary(change, vscode.l10n.t));
    this.changed.fire();
  }
}
