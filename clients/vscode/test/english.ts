/** What `vscode.l10n.t` does without a translation. */
export function english(message: string, ...args: (string | number)[]): string {
  return message.replace(/\{(\d+)\}/g, (_, n: string) => String(args[Number(n)]));
}
