/** How the user is told something: quietly when all went as asked, in a message box when it did not. */

import * as vscode from "vscode";

/** Long enough to be read; a screen reader speaks it. */
const TOLD_MS = 8000;

/** Says what was done, in the status bar. */
export function tell(text: string): void {
  vscode.window.setStatusBarMessage(`$(sparkle) ${text.replace(/^Earmark: /, "").replaceAll("$(", "$ (")}`, TOLD_MS);
}

/** Says why something was not done, and offers what may mend it. */
export async function refused(reason: string): Promise<void> {
  const trust = vscode.l10n.t("Manage Workspace Trust");
  const offered = vscode.workspace.isTrusted ? [] : [trust];
  const chosen = await vscode.window.showWarningMessage(`Earmark: ${reason}`, ...offered);
  if (chosen === trust) await vscode.commands.executeCommand("workbench.trust.manage");
}

/** The words of what was thrown. */
export function why(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
