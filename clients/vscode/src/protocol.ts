/** The messages of Earmark that LSP does not have. Positions are 0-based, columns in UTF-16 units. */

export interface Position {
  line: number;
  character: number;
}

export interface Range {
  start: Position;
  end: Position;
}

/** A stretch of text of one origin. `id` stays the same under edits; `session` is empty unless `kind` is "ai". */
export interface Region {
  id: string;
  range: Range;
  kind: "ai" | "human" | "unknown";
  tool: string;
  model: string;
  session: string;
  risk: string;
  review: string;
}

/** Where a session deleted `lines` lines; nothing of them is left in the text. */
export interface Removal {
  position: Position;
  lines: number;
  session: string;
}

/** The answer to `earmark/regions`; `version` is null when the document is not open in the server. */
export interface Regions {
  version: number | null;
  regions: Region[];
  removals?: Removal[];
}

export interface RegionsChanged {
  uri: string;
  version: number;
}

/** An assistant's text that was accepted. `range` holds it in the text of `textDocument.version`. */
export interface DidInsert {
  textDocument: { uri: string; version: number };
  range: Range;
  tool: string;
  model: string;
  session: string;
  kind: "completion" | "chat" | "agent";
}

export const REGIONS = "earmark/regions";
export const REGIONS_CHANGED = "earmark/regionsChanged";
export const DID_INSERT = "earmark/didInsert";

export type Risk = "low" | "medium" | "high" | "critical";

/** A finding of the working change, at a line (1-based). */
export interface Remark {
  line: number;
  rule: string;
  severity: Risk;
  message: string;
}

/** Lines `start` to `end` (1-based, inclusive) of one session; with `removed`, that many stood below line `start`. */
export interface Stretch {
  start: number;
  end: number;
  removed: number;
  session: string;
  tool: string;
  model: string;
  risk: Risk;
  findings: Remark[];
}

export interface ChangedFile {
  path: string;
  uri: string;
  aiLines: number;
  aiRemoved: number;
  risk: Risk;
  review: string;
  regions: Stretch[];
}

/** Something the policy asks. `command` mends it where one of ours can; `uri` and `line` (1-based, 0: a default) ask. */
export interface Obligation {
  code: string;
  message: string;
  met: boolean;
  fix: string;
  command: string;
  policy: string;
  line: number;
  uri: string;
  paths: string[];
}

/** The answer to `earmark/change`: files with the riskiest first; `root` is empty outside a git worktree. */
export interface Change {
  root: string;
  level: Risk | "";
  score: number;
  files: ChangedFile[];
  obligations: Obligation[];
}

export const CHANGE = "earmark/change";
export const CHANGE_CHANGED = "earmark/changeChanged";

/** The answer to `earmark/reviewPreview`: exactly what a request would send, and to whom. */
export interface ReviewPreview {
  digest: string;
  title: string;
  /** All of it, as Markdown. */
  text: string;
  /** Why it cannot be sent now; empty when it can. */
  blocked: string;
}

export interface ReviewedRegion {
  path: string;
  /** Of HEAD, 1-based and inclusive; `[0, 0]` for removals. */
  lines: [number, number];
  state: "pending" | "approved" | "changes" | "stale";
  by: { name: string; level: string }[];
  because: string;
}

/** The answer to `earmark/reviewState`. */
export interface ReviewState {
  url: string;
  state: string;
  waiting: string[];
  regions: ReviewedRegion[];
  askedDaysAgo: number | null;
  note: string;
}

/** The answer to `earmark/reviewQueue`. */
export interface ReviewQueue {
  waiting: { number: number; url: string; title: string; ours: boolean }[];
  outbox: { key: string; state: string; title: string; said: string; attempts: number; url: string }[];
  note: string;
}

export const REVIEW_PREVIEW = "earmark/reviewPreview";
export const REVIEW_STATE = "earmark/reviewState";
export const REVIEW_QUEUE = "earmark/reviewQueue";
export const REVIEW_CHANGED = "earmark/reviewChanged";
