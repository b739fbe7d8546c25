/** The part of VS Code's own Git extension that is used here (its API, version 1). */

import * as vscode from "vscode";

export interface Repository {
  readonly rootUri: vscode.Uri;
  readonly inputBox: { value: string };
  readonly state: { readonly onDidChange: vscode.Event<void> };
}

interface GitExtension {
  readonly enabled: boolean;
  getAPI(version: 1): { readonly repositories: Repository[] };
}

/** The repositories that VS Code has open; none while its Git extension is off or not ready. */
export async function repositories(): Promise<Repository[]> {
  const extension = vscode.extensions.getExtension<GitExtension>("vscode.git");
  if (!extension) return [];
  const git = extension.isActive ? extension.exports : await extension.activate();
  return git.enabled ? git.getAPI(1).repositories : [];
}
