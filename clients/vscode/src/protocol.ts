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
