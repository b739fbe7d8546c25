/** What a completion added, from the change events it caused. Offsets are 0-based UTF-16 units. */

export interface Change {
  rangeOffset: number;
  rangeLength: number;
  text: string;
}

export interface Span {
  start: number;
  end: number;
}

/**
 * The text that is new after `changes`, as spans of the text *after* all of them.
 *
 * All offsets of `changes` are in `before`, as VS Code reports one event. A completion often replaces what was typed by
 * itself plus more; what both ends share was there before and is nobody's insertion.
 */
export function inserted(before: string, changes: readonly Change[]): Span[] {
  const spans: Span[] = [];
  let shift = 0;
  for (const change of [...changes].sort((a, b) => a.rangeOffset - b.rangeOffset)) {
    const old = before.slice(change.rangeOffset, change.rangeOffset + change.rangeLength);
    const head = sharedHead(old, change.text);
    const tail = sharedTail(old.slice(head), change.text.slice(head));
    const start = change.rangeOffset + shift + head;
    const end = change.rangeOffset + shift + change.text.length - tail;
    if (end > start) spans.push({ start, end });
    shift += change.text.length - change.rangeLength;
  }
  return spans;
}

function sharedHead(a: string, b: string): number {
  let n = 0;
  while (n < a.length && n < b.length && a[n] === b[n]) n++;
  return splitsPair(a, n) ? n - 1 : n;
}

function sharedTail(a: string, b: string): number {
  let n = 0;
  while (n < a.length && n < b.length && a[a.length - 1 - n] === b[b.length - 1 - n]) n++;
  return splitsPair(b, b.length - n) ? n - 1 : n;
}

/** Whether offset `n` of `text` lies between the two halves of a character outside the basic plane. */
function splitsPair(text: string, n: number): boolean {
  return n > 0 && n <= text.length && /[\ud800-\udbff]/.test(text.charAt(n - 1));
}
