import assert from "node:assert/strict";
import { test } from "node:test";
import { toolOf } from "../src/tools.ts";

for (const [name, configured, running, tool] of [
  ["what is configured", "MyModel", ["GitHub.copilot"], "MyModel"],
  ["what is configured, unless it is no slug", "a b\nSigned-off-by: x", ["GitHub.copilot"], "Copilot"],
  [
    "the one that runs, in any case of its id",
    "",
    ["ms-python.python", "GitHub.copilot", "GitHub.copilot-chat"],
    "Copilot",
  ],
  ["no one among several", "", ["GitHub.copilot", "Codeium.codeium"], "unknown"],
  ["no one when none is known", "", ["ms-python.python"], "unknown"],
] as const) {
  test(`credits ${name}`, () => assert.equal(toolOf(configured, running), tool));
}
