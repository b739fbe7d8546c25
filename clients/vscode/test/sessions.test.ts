import assert from "node:assert/strict";
import { test } from "node:test";
import type { Region } from "../src/protocol.ts";
import { aiLines, bar, COLOURS, Palette, summary } from "../src/sessions.ts";
import { english } from "./english.ts";

function region(from: [number, number], to: [number, number], session = "s_1", kind: Region["kind"] = "ai"): Region {
  const [start, end] = [from, to].map(([line, character]) => ({ line, character }));
  assert.ok(start && end);
  return {
    id: `${from}`,
    range: { start, end },
    kind,
    tool: "Claude",
    model: "opus",
    session,
    risk: "low",
    review: "none",
  };
}

test("a region that ends at the start of a line does not reach into it", () => {
  assert.deepEqual([...aiLines([region([1, 0], [3, 0])])], [1, 2]);
  assert.deepEqual([...aiLines([region([1, 4], [1, 4])])], [1]);
  assert.deepEqual([...aiLines([region([1, 0], [3, 1])])], [1, 2, 3]);
});

test("only AI text is counted, a line once", () => {
  const regions = [region([0, 0], [0, 4]), region([0, 6], [0, 9]), region([5, 0], [6, 0], "", "human")];
  assert.deepEqual([...aiLines(regions)], [0]);
});

test("sessions get colours of their own, and keep them", () => {
  const palette = new Palette();
  const sessions = COLOURS.map((_, n) => `s_${n}`);
  const colours = sessions.map((session) => palette.of(session));
  assert.equal(new Set(colours).size, COLOURS.length);
  assert.deepEqual(
    sessions.map((session) => palette.of(session)),
    colours,
  );
  assert.ok(palette.of("one more") < COLOURS.length);
  assert.equal(new Palette().of("s_3"), new Palette().of("s_3"));
});

test("the status bar says nothing of a file that no assistant touched", () => {
  assert.equal(summary([region([0, 0], [4, 0], "", "human")], [], 10, english), null);
});

test("the status bar counts lines, names sessions and mentions removals", () => {
  const regions = [region([0, 0], [2, 0]), region([4, 0], [5, 0], "s_2"), region([7, 0], [8, 0])];
  const removals = [{ position: { line: 1, character: 0 }, lines: 3, session: "s_1" }];
  assert.deepEqual(summary(regions, removals, 10, english), {
    text: "AI 4/10 −3",
    spoken: "4 of 10 lines of this file written by AI, removed by AI: 3 lines",
    details: ["Claude:opus: 3 lines", "Claude:opus: 1 line", "removed by AI: 3 lines"],
  });
});

test("every session has a pattern of its own, drawn in its colour", () => {
  const drawn = COLOURS.map(({ pattern }) => bar("#123456", pattern));
  assert.equal(new Set(drawn).size, COLOURS.length);
  for (const svg of drawn) assert.match(svg, /fill="#123456">.*<\/svg>$/);
});
