import assert from "node:assert/strict";
import { test } from "node:test";
import { creditOf } from "../src/reasons.ts";

const COPILOT = { $extensionId: "GitHub.copilot" };

for (const [name, source, metadata, credit] of [
  ["an accepted completion", "inlineCompletionAccept", COPILOT, ["Copilot", "unknown", "", "completion"]],
  ["a part of one", "inlineCompletionPartialAccept", COPILOT, ["Copilot", "unknown", "", "completion"]],
  [
    "one of an extension nobody listed",
    "inlineCompletionAccept",
    { $extensionId: "ada.completer" },
    ["ada.completer", "unknown", "", "completion"],
  ],
  [
    "what a chat applies",
    "Chat.applyEdits",
    { ...COPILOT, $modelId: "gpt-5.5", $$sessionId: "c1" },
    ["Copilot", "gpt-5.5", "c1", "chat"],
  ],
  ["a chat of no known extension", "inlineChat.applyEdits", { $modelId: "a b" }, ["unknown", "unknown", "", "chat"]],
] as const) {
  test(`credits ${name}`, () => {
    const found = creditOf({ source, metadata });
    assert.deepEqual(found && [found.tool, found.model, found.session, found.kind], credit);
  });
}

for (const [name, source, metadata] of [
  ["typing", "cursor", { kind: "type" }],
  ["a paste", "cursor", { kind: "paste" }],
  ["a snippet as ghost text", "inlineCompletionAccept", { $extensionId: " " }],
  ["a snippet", "snippet", {}],
  ["a formatter", "formatEditsCommand", COPILOT],
  ["a reload", "reloadFromDisk", {}],
  ["undoing what a chat did", "Chat.undoEdits", COPILOT],
  ["anything else", "unknown", { $extensionId: 7 }],
] as const) {
  test(`credits nobody with ${name}`, () => assert.equal(creditOf({ source, metadata }), null));
}
