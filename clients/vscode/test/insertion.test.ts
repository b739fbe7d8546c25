import assert from "node:assert/strict";
import { test } from "node:test";
import { type Change, inserted } from "../src/insertion.ts";

function apply(before: string, changes: readonly Change[]): string {
  return [...changes]
    .sort((a, b) => b.rangeOffset - a.rangeOffset)
    .reduce((text, c) => text.slice(0, c.rangeOffset) + c.text + text.slice(c.rangeOffset + c.rangeLength), before);
}

const CASES: { name: string; before: string; changes: Change[]; new: string[] }[] = [
  { name: "text at the cursor", before: "ab", changes: [{ rangeOffset: 1, rangeLength: 0, text: "XY" }], new: ["XY"] },
  {
    name: "what was typed is repeated by the completion",
    before: "def loa",
    changes: [{ rangeOffset: 4, rangeLength: 3, text: "load(path):\n    return 1" }],
    new: ["d(path):\n    return 1"],
  },
  {
    name: "a bracket closed by the editor stays the editor's",
    before: "call()",
    changes: [{ rangeOffset: 4, rangeLength: 2, text: "(1, 2)" }],
    new: ["1, 2"],
  },
  {
    name: "two cursors, given in any order",
    before: "a\nb\n",
    changes: [
      { rangeOffset: 3, rangeLength: 0, text: "22" },
      { rangeOffset: 1, rangeLength: 0, text: "1" },
    ],
    new: ["1", "22"],
  },
  { name: "nothing but a deletion", before: "abc", changes: [{ rangeOffset: 0, rangeLength: 2, text: "" }], new: [] },
  { name: "nothing new", before: "abc", changes: [{ rangeOffset: 0, rangeLength: 3, text: "abc" }], new: [] },
  {
    name: "characters that share half of their UTF-16 code",
    before: "\u{1f600}",
    changes: [{ rangeOffset: 0, rangeLength: 2, text: "\u{1f601}" }],
    new: ["\u{1f601}"],
  },
  {
    name: "characters that end in the same UTF-16 unit",
    before: "\u{10000}",
    changes: [{ rangeOffset: 0, rangeLength: 2, text: "\u{10400}" }],
    new: ["\u{10400}"],
  },
  {
    name: "a repeated word is not counted twice at both ends",
    before: "aa",
    changes: [{ rangeOffset: 0, rangeLength: 2, text: "aaaa" }],
    new: ["aa"],
  },
];

for (const { name, before, changes, new: expected } of CASES) {
  test(`inserted: ${name}`, () => {
    const after = apply(before, changes);
    assert.deepEqual(
      inserted(before, changes).map(({ start, end }) => after.slice(start, end)),
      expected,
    );
  });
}
