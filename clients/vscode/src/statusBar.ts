/** One item: how much of the file an assistant wrote and what the change still owes, or that the server does not run. */

import * as vscode from "vscode";
import { openObligations } from "./change.ts";
import type { RegionView } from "./regions.ts";
import type { Server } from "./server.ts";
import { summary } from "./sessions.ts";
import type { WorkingChange } from "./workingChange.ts";

export class StatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("earmark.file", vscode.StatusBarAlignment.Right, 90);
  private readonly disposables: vscode.Disposable[] = [this.item];

  constructor(
    private readonly server: Server,
    private readonly regions: RegionView,
    private readonly change: WorkingChange,
  ) {
    this.item.name = "Earmark";
    const show = () => this.show();
    this.disposables.push(
      regions.onDidChange(show),
      change.onDidChange(show),
      server.onDidStart(show),
      server.onDidStop(show),
      vscode.window.onDidChangeActiveTextEditor(show),
    );
  }

  dispose(): void {
    vscode.Disposable.from(...this.disposables).dispose();
  }

  private show(): void {
    if (this.server.problem) {
      this.set("$(warning) Earmark", this.server.problem, this.server.problem, "earmark.setUp");
      return;
    }
    const { t } = vscode.l10n;
    const document = vscode.window.activeTextEditor?.document;
    const known = document && this.regions.of(document.uri);
    const said = document && known && summary(known.regions, known.removals ?? [], lines(document), t);
    const open = openObligations(this.change.current);
    if (!said && open.length === 0) {
      this.item.hide();
      return;
    }
    const owed = open.length ? t("{0} open", open.length) : "";
    const details = [
      ...(said ? [t("Lines of this file written by AI"), ...said.details] : []),
      ...(open.length ? [t("Asked of this change and not done"), ...open.map((o) => `• ${o.message}`)] : []),
    ];
    const spoken = [said?.spoken, open.length ? t("{0} obligations of this change are open", open.length) : ""];
    this.set(
      `$(sparkle) ${[said?.text, owed].filter(Boolean).join(" · ")}`,
      details.join("\n"),
      spoken.filter(Boolean).join(", "),
      open.length ? "earmark.change.focus" : "earmark.nextRegion",
    );
  }

  private set(text: string, tooltip: string, spoken: string, command: string): void {
    this.item.text = text;
    this.item.tooltip = tooltip;
    this.item.command = command;
    this.item.accessibilityInformation = { label: `Earmark: ${spoken}`, role: "button" };
    this.item.show();
  }
}

/** As a person counts them: the line end at the end of a file opens no line. */
function lines(document: vscode.TextDocument): number {
  const { lineCount } = document;
  return document.lineAt(lineCount - 1).text === "" ? lineCount - 1 : lineCount;
}
