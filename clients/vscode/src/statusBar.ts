/** One item: how much of the file an assistant wrote, or that the server does not run. */

import * as vscode from "vscode";
import type { RegionView } from "./regions.ts";
import type { Server } from "./server.ts";
import { summary } from "./sessions.ts";

export class StatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("earmark.file", vscode.StatusBarAlignment.Right, 90);
  private readonly disposables: vscode.Disposable[] = [this.item];

  constructor(
    private readonly server: Server,
    private readonly regions: RegionView,
  ) {
    this.item.name = "Earmark";
    const show = () => this.show();
    this.disposables.push(
      regions.onDidChange(show),
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
      this.set("$(warning) Earmark", this.server.problem, "earmark.showLog");
      return;
    }
    const document = vscode.window.activeTextEditor?.document;
    const known = document && this.regions.of(document.uri);
    const said = document && known && summary(known.regions, known.removals ?? [], lines(document));
    if (said)
      this.set(
        `$(sparkle) ${said.text}`,
        `Lines of this file written by AI\n${said.details.join("\n")}`,
        "earmark.nextRegion",
      );
    else this.item.hide();
  }

  private set(text: string, tooltip: string, command: string): void {
    this.item.text = text;
    this.item.tooltip = tooltip;
    this.item.command = command;
    this.item.accessibilityInformation = { label: `Earmark: ${text.replace(/\$\([a-z]+\) /, "")}` };
    this.item.show();
  }
}

/** As a person counts them: the line end at the end of a file opens no line. */
function lines(document: vscode.TextDocument): number {
  const { lineCount } = document;
  return document.lineAt(lineCount - 1).text === "" ? lineCount - 1 : lineCount;
}
