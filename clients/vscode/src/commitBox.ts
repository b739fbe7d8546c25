/** The trailers in the box for the commit message: shown as ghost text while it is written, written by a command. */

import * as vscode from "vscode";
import { ExecuteCommandRequest } from "vscode-languageclient";
import { repositories, type Repository } from "./git.ts";
import { refused, tell, why } from "./say.ts";
import type { Server } from "./server.ts";

interface Tagged {
  block: string;
  summary: string;
  message: string;
}

export class CommitBox implements vscode.InlineCompletionItemProvider, vscode.Disposable {
  private readonly registered: vscode.Disposable[];

  constructor(private readonly server: Server) {
    this.registered = [
      vscode.languages.registerInlineCompletionItemProvider({ scheme: "vscode-scm" }, this),
      vscode.commands.registerCommand("earmark.writeTrailers", (control?: vscode.SourceControl) => this.write(control)),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.registered).dispose();
  }

  /** What the message lacks, behind the cursor at its end; nothing while there is no message yet. */
  async provideInlineCompletionItems(
    document: vscode.TextDocument,
    position: vscode.Position,
    _context: vscode.InlineCompletionContext,
    token: vscode.CancellationToken,
  ): Promise<vscode.InlineCompletionItem[]> {
    const text = document.getText();
    const wanted = vscode.workspace.getConfiguration("earmark").get("commitBox.preview", true);
    if (!wanted || !vscode.workspace.isTrusted || !text.trim() || document.offsetAt(position) !== text.length) return [];
    const repository = await this.repositoryOf(text);
    if (!repository || token.isCancellationRequested) return [];
    const tagged = await this.tagged(repository, text).catch(() => undefined);
    if (!tagged?.block || !tagged.message.startsWith(text)) return [];
    const missing = tagged.message.slice(text.length).trimEnd();
    return missing ? [new vscode.InlineCompletionItem(missing, new vscode.Range(position, position))] : [];
  }

  private async write(control: vscode.SourceControl | undefined): Promise<void> {
    const found = await repositories();
    const root = control?.rootUri?.toString();
    const repository = found.find(({ rootUri }) => rootUri.toString() === root) ?? found[0];
    if (!repository) return void refused(vscode.l10n.t("No git repository is open."));
    try {
      const tagged = await this.tagged(repository, repository.inputBox.value);
      if (!tagged) return void this.server.explain();
      if (tagged.block) repository.inputBox.value = tagged.message;
      else tell(vscode.l10n.t("Nothing to declare: {0}", tagged.summary));
    } catch (error) {
      void refused(why(error));
    }
  }

  /** The repository in whose box this text stands. */
  private async repositoryOf(text: string): Promise<Repository | undefined> {
    const found = await repositories();
    return found.find(({ inputBox }) => inputBox.value === text) ?? (found.length === 1 ? found[0] : undefined);
  }

  private async tagged(repository: Repository, message: string): Promise<Tagged | undefined> {
    const client = await this.server.ready();
    const argument = { uri: repository.rootUri.toString(), message };
    return client?.sendRequest(ExecuteCommandRequest.type, { command: "earmark.tagCommit", arguments: [argument] });
  }
}
