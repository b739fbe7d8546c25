import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReviewedRegion, ReviewQueue, ReviewState } from "../src/protocol.ts";
import { reviewItems } from "../src/reviews.ts";
import { english } from "./english.ts";

const ROOT = "file:///repo";
const PULL = "https://forge.example/pulls/7";

function state(...regions: ReviewedRegion[]): ReviewState {
  return { url: PULL, state: "open", waiting: ["Ada"], regions, askedDaysAgo: 1, note: "" };
}

function region(given: Partial<ReviewedRegion>): ReviewedRegion {
  return { path: "src/a b.py", lines: [3, 9], state: "pending", by: [], because: "", ...given };
}

test("nothing under review and nothing waiting is an empty tree", () => {
  assert.deepEqual(reviewItems(ROOT, null, null, english), []);
  const nothing = { ...state(), url: "" };
  assert.deepEqual(reviewItems(ROOT, nothing, { waiting: [], outbox: [], note: "" }, english), []);
});

test("each region says how it stands and who said so", () => {
  const regions = [
    region({ state: "approved", by: [{ name: "Ada", level: "senior" }] }),
    region({ lines: [12, 12], state: "stale", because: "the function changed" }),
    region({ lines: [0, 0], state: "changes" }),
  ];
  const [root] = reviewItems(ROOT, state(...regions), null, english);
  assert.equal(`${root?.label} | ${root?.description}`, "This change | 1 of 3 regions approved");
  assert.deepEqual(
    root?.children.map(({ label, description }) => [label, description]),
    [
      ["a b.py:3–9", "approved · Ada"],
      ["a b.py:12", "to be reviewed again"],
      ["a b.py, what was removed", "changes asked for"],
    ],
  );
  assert.deepEqual(root?.children[0]?.place, { uri: "file:///repo/src/a%20b.py", line: 2 });
  assert.match(root?.children[1]?.tooltip ?? "", /the function changed/);
  assert.match(root?.tooltip ?? "", /asked yesterday/);
});

test("a request without regions leads to its page", () => {
  const [root] = reviewItems(ROOT, state(), null, english);
  assert.deepEqual([root?.description, root?.link, root?.context], ["waiting for Ada", PULL, "earmark.link"]);
});

test("the queue and the outbox have their own remedies", () => {
  const queue: ReviewQueue = {
    waiting: [{ number: 9, url: `${PULL}9`, title: "Retry payments", ours: true }],
    outbox: [{ key: "k1", state: "waiting", title: "Refunds", said: "no answer", attempts: 2, url: "" }],
    note: "",
  };
  const [waiting, outbox] = reviewItems(ROOT, null, queue, english);
  assert.deepEqual([waiting?.children[0]?.label, waiting?.children[0]?.link], ["Retry payments", `${PULL}9`]);
  assert.deepEqual([outbox?.children[0]?.description, outbox?.children[0]?.value], ["no answer", "k1"]);
});
