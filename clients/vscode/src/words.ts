/** Words for people, so that what decides over them is tested without an editor. */

/** `vscode.l10n.t`, or what a test puts in its place: `{0}`, `{1}`… in `message` stand for the arguments. */
export type Translate = (message: string, ...args: (string | number)[]) => string;

/** "1 line", "2 lines": a translation has a message for each. */
export function lines(t: Translate, n: number): string {
  return n === 1 ? t("1 line") : t("{0} lines", n);
}
