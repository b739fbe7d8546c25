/** What runs where no server can: VS Code in a browser with nothing behind it. Says so, once asked. */

import * as vscode from "vscode";

const REFUSED = [
  "tagCommit",
  "requestReview",
  "markRegion",
  "explainRule",
  "nextRegion",
  "previousRegion",
  "toggleRegions",
  "writeTrailers",
  "refreshReviews",
  "restartServer",
  "showLog",
  "setUp",
  "installHooks",
  "getStarted",
];

export function activate(context: vscode.ExtensionContext): void {
  const reason = vscode.l10n.t(
    "Earmark needs the files and the git history on a disk, and a Python beside them. Open the folder in VS Code itself, or in a remote window, a container or a codespace.",
  );
  const item = vscode.window.createStatusBarItem("earmark.file", vscode.StatusBarAlignment.Right, 90);
  item.name = "Earmark";
  item.text = "$(circle-slash) Earmark";
  item.tooltip = reason;
  item.accessibilityInformation = { label: `Earmark: ${reason}` };
  item.show();
  void vscode.commands.executeCommand("setContext", "earmark.state", "web");
  context.subscriptions.push(
    item,
    ...REFUSED.map((name) =>
      vscode.commands.registerCommand(`earmark.${name}`, () => vscode.window.showInformationMessage(reason)),
    ),
  );
}
