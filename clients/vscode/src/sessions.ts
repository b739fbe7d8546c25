/** Colours of sessions, and what the status bar says of a file. */

import type { Region, Removal } from "./protocol.ts";
import { lines as lineCount, type Translate } from "./words.ts";

/** How a bar in the gutter is drawn, so that sessions can be told apart without seeing colours. */
export type Pattern = "solid" | "double" | "dashed" | "dotted" | "hollow" | "split";

export interface Colour {
  /** Theme colours that the manifest contributes: `earmark.session1` and `earmark.session1Background`. */
  id: string;
  /** For the gutter, whose icons cannot take a theme colour. */
  dark: string;
  light: string;
  pattern: Pattern;
}

/** None is near red, orange, yellow, green or blue: those say error, warning, and what git changed. */
export const COLOURS: readonly Colour[] = (
  [
    ["#a285f2", "#4f3df2", "solid"],
    ["#238c7e", "#238c7e", "double"],
    ["#98d9d0", "#b861f2", "dashed"],
    ["#885ba6", "#732e6c", "split"],
    ["#ca98d9", "#6d42a6", "hollow"],
    ["#6f61f2", "#8c86bf", "dotted"],
  ] as const
).map(([dark, light, pattern], n) => ({ id: `earmark.session${n + 1}`, dark, light, pattern }));

/** Gives each session a colour of its own while there are enough; the same at every start unless it is taken. */
export class Palette {
  private readonly taken = new Map<string, number>();

  /** An index into `COLOURS`. */
  of(session: string): number {
    const known = this.taken.get(session);
    if (known !== undefined) return known;
    const wanted = hash(session) % COLOURS.length;
    const used = new Set(this.taken.values());
    let colour = wanted;
    for (let n = 0; n < COLOURS.length && used.has(colour); n++) colour = (wanted + 1 + n) % COLOURS.length;
    this.taken.set(session, colour);
    return colour;
  }
}

function hash(text: string): number {
  let value = 0;
  for (const character of text) value = (value * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return value;
}

/** A bar for the gutter, 16 by 16. */
export function bar(colour: string, pattern: Pattern): string {
  const shapes: Record<Pattern, string> = {
    solid: '<rect x="6" width="4" height="16"/>',
    double: '<rect x="5" width="2" height="16"/><rect x="9" width="2" height="16"/>',
    dashed: '<rect x="6" y="1" width="4" height="6"/><rect x="6" y="9" width="4" height="6"/>',
    split: '<rect x="6" width="4" height="10"/><rect x="6" y="12" width="4" height="2"/>',
    hollow: '<path d="M5 0h6v16H5zM7 0v16h2V0z" fill-rule="evenodd"/>',
    dotted: [2, 7.5, 13].map((y) => `<circle cx="8" cy="${y + 0.5}" r="2"/>`).join(""),
  };
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="${colour}">${shapes[pattern]}</svg>`;
}

/** The last line a region touches; one that ends at the start of a line does not reach into it. */
export function lastLine(region: Region): number {
  const { start, end } = region.range;
  return end.character === 0 && end.line > start.line ? end.line - 1 : end.line;
}

/** The 0-based lines that hold AI text. */
export function aiLines(regions: readonly Region[]): Set<number> {
  const lines = new Set<number>();
  for (const region of regions) {
    if (region.kind !== "ai") continue;
    for (let line = region.range.start.line; line <= lastLine(region); line++) lines.add(line);
  }
  return lines;
}

export interface Summary {
  /** "AI 3/17 −2" */
  text: string;
  /** The same in words, for a screen reader. */
  spoken: string;
  /** One line a session, then the removals. */
  details: string[];
}

/** What the status bar says of a file of `total` lines; null when no assistant touched it: then there is nothing to say. */
export function summary(
  regions: readonly Region[],
  removals: readonly Removal[],
  total: number,
  t: Translate,
): Summary | null {
  const lines = aiLines(regions).size;
  const removed = removals.reduce((sum, removal) => sum + removal.lines, 0);
  if (lines === 0 && removed === 0) return null;
  const sessions = new Map<string, { name: string; regions: Region[] }>();
  for (const region of regions) {
    if (region.kind !== "ai") continue;
    const entry = sessions.get(region.session) ?? { name: `${region.tool}:${region.model}`, regions: [] };
    entry.regions.push(region);
    sessions.set(region.session, entry);
  }
  const details = [...sessions.values()].map((s) => `${s.name}: ${lineCount(t, aiLines(s.regions).size)}`);
  if (removed) details.push(t("removed by AI: {0}", lineCount(t, removed)));
  const spoken = t("{0} of {1} lines of this file written by AI", lines, total);
  return {
    text: `AI ${lines}/${total}${removed ? ` −${removed}` : ""}`,
    spoken: removed ? `${spoken}, ${t("removed by AI: {0}", lineCount(t, removed))}` : spoken,
    details,
  };
}
