import assert from "node:assert/strict";
import { test } from "node:test";
import { changeItems, changeSummary, openObligations } from "../src/change.ts";
import type { Item } from "../src/items.ts";
import type { Change, ChangedFile, Obligation, Stretch } from "../src/protocol.ts";
import { english } from "./english.ts";

function stretch(given: Partial<Stretch>): Stretch {
  const nothing = { start: 1, end: 1, removed: 0, session: "s_1", tool: "claude", model: "opus" };
  return { ...nothing, risk: "low", findings: [], ...given };
}

function file(path: string, ...regions: Stretch[]): ChangedFile {
  return { path, uri: `file:///repo/${path}`, aiLines: 1, aiRemoved: 0, risk: "low", review: "none", regions };
}

function asked(given: Partial<Obligation>): Obligation {
  const nothing = { code: "x", message: "do it", met: false, fix: "", command: "", policy: ".earmark.toml:3", line: 3 };
  return { ...nothing, uri: "file:///repo/.earmark.toml", paths: [], ...given };
}

function change(files: ChangedFile[], obligations: Obligation[] = []): Change {
  return { root: "file:///repo", level: "high", score: 60.4, files, obligations };
}

/** Labels and descriptions, indented. */
function outline(items: Item[], depth = 0): string[] {
  return items.flatMap((item) => [
    `${"  ".repeat(depth)}${item.label}${item.description ? ` | ${item.description}` : ""}`,
    ...outline(item.children, depth + 1),
  ]);
}

test("a change that no assistant touched is an empty tree", () => {
  assert.deepEqual(changeItems(change([]), english), []);
  assert.equal(changeSummary({ ...change([]), level: "" }, english), "");
});

test("regions stand under their risk, the worst first, with their findings", () => {
  const finding = { line: 14, rule: "py-http-no-timeout", severity: "high", message: "No timeout" } as const;
  const files = [
    file("src/a.py", stretch({ start: 12, end: 20, risk: "high", findings: [finding] }), stretch({ start: 30, end: 30 })),
    { ...file("b.py", stretch({ start: 4, end: 4, removed: 3, risk: "critical" })), review: "required" },
  ];
  assert.deepEqual(outline(changeItems(change(files), english)), [
    "Critical risk | 1 region",
    "  b.py:4 | removed 3 lines · claude:opus · needs review",
    "High risk | 1 region",
    "  a.py:12–20 | claude:opus",
    "    No timeout | py-http-no-timeout · 14",
    "Low risk | 1 region",
    "  a.py:30 | claude:opus",
  ]);
  assert.equal(changeSummary(change(files), english), "risk high, 60 of 100");
});

test("a click goes to the line, and a finding knows its rule", () => {
  const finding = { line: 14, rule: "r", severity: "medium", message: "m" } as const;
  const [group] = changeItems(change([file("a.py", stretch({ start: 12, end: 14, findings: [finding] }))]), english);
  const region = group?.children[0];
  assert.deepEqual(region?.place, { uri: "file:///repo/a.py", line: 11 });
  assert.equal(region?.spoken, "a.py, line 12 to 14, claude:opus");
  const found = region?.children[0];
  assert.deepEqual([found?.place?.line, found?.value, found?.context], [13, "r", "earmark.finding"]);
});

test("lines removed at the top of a file lead to its first line", () => {
  const [group] = changeItems(change([file("a.py", stretch({ start: 0, end: 0, removed: 2 }))]), english);
  assert.equal(group?.children[0]?.place?.line, 0);
});

test("what is open comes before what is done, and offers its remedy", () => {
  const obligations = [
    asked({ code: "tests-missing", message: "add a test", met: true }),
    asked({ code: "undeclared-ai", message: "declare 4 lines", command: "earmark.tagCommit" }),
    asked({ code: "approval-missing", message: "1 senior", command: "earmark.requestReview", line: 0 }),
  ];
  const [root] = changeItems(change([], obligations), english);
  assert.deepEqual(outline(root ? [root] : []), [
    "Asked of this change | 2 open",
    "  Declare 4 lines | .earmark.toml:3",
    "  1 senior | by default",
    "  Add a test | done",
  ]);
  assert.deepEqual(
    root?.children.map(({ context, place }) => [context, place?.line]),
    [
      ["earmark.asked.tag", 2],
      ["earmark.asked.review", undefined],
      ["", 2],
    ],
  );
  assert.equal(openObligations(change([], obligations)).length, 2);
});

test("no two items of a tree have one id", () => {
  const findings = [1, 2].map((line) => ({ line, rule: "r", severity: "low", message: "m" }) as const);
  const files = ["a.py", "b/a.py"].map((path) => file(path, stretch({ findings: [...findings] })));
  const obligations = [asked({}), asked({}), asked({ met: true })];
  const ids = (list: Item[]): string[] => list.flatMap(({ id, children }) => [id, ...ids(children)]);
  const found = ids(changeItems(change(files, obligations), english));
  assert.equal(new Set(found).size, found.length);
});
