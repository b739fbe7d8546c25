/** Colours of sessions, and what the status bar says of a file. */

import type { Region, Removal } from "./protocol.ts";

export interface Colour {
  /** Gutter and overview ruler; legible on dark and light backgrounds. */
  strong: string;
  /** Behind the lines. */
  dark: string;
  light: string;
}

/** None is near red, orange, yellow or green: those say error, warning, and what git changed. */
export const COLOURS: readonly Colour[] = [
  "#8b7cf6",
  "#2aa198",
  "#4c9be8",
  "#d6619f",
  "#6d83c4",
  "#a45fbf",
  "#3fa7c4",
  "#b88ae0",
].map((strong) => ({ strong, dark: `${strong}26`, light: `${strong}1f` }));

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
  text: string;
  /** One line a session, then the removals. */
  details: string[];
}

/** What the status bar says of a file of `total` lines; null when no assistant touched it: then there is nothing to say. */
export function summary(regions: readonly Region[], removals: readonly Removal[], total: number): Summary | null {
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
  const details = [...sessions.values()].map((s) => `${s.name}: ${count(aiLines(s.regions).size, "line")}`);
  if (removed) details.push(`removed by AI: ${count(removed, "line")}`);
  return { text: `AI ${lines}/${total}${removed ? ` −${removed}` : ""}`, details };
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
