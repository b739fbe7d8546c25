/** Why a text changed, as VS Code says it to extensions that may use the proposed API `textDocumentChangeReason`. */

import { TOOLS } from "./tools.ts";

export const PROPOSAL = "textDocumentChangeReason";

/** `event.detailedReason`. The names of `metadata` are VS Code's own, `$` for what may be reported. */
export interface Reason {
  source: string;
  metadata: Readonly<Record<string, unknown>>;
}

/** Whom the inserted text is credited to; `session` is empty where VS Code knows of no conversation. */
export interface Credit {
  tool: string;
  model: string;
  session: string;
  kind: "completion" | "chat";
}

const COMPLETIONS = ["inlineCompletionAccept", "inlineCompletionPartialAccept"];
const CHATS = ["Chat.applyEdits", "inlineChat.applyEdits"];

/** Null for what no assistant wrote: typing, pasting, snippets, formatting, undo, and whatever VS Code does not know. */
export function creditOf({ source, metadata }: Reason): Credit | null {
  const extension = word(metadata["$extensionId"]).toLowerCase();
  const completion = COMPLETIONS.includes(source);
  // VS Code's own providers (a snippet as ghost text) name no extension.
  if (completion ? !extension : !CHATS.includes(source)) return null;
  return {
    tool: TOOLS.get(extension) ?? (slug(extension) || "unknown"),
    model: slug(word(metadata["$modelId"])) || "unknown",
    session: word(metadata["$$sessionId"]),
    kind: completion ? "completion" : "chat",
  };
}

function word(value: unknown): string {
  return typeof value === "string" ? value.trim() : "";
}

function slug(text: string): string {
  return /^[A-Za-z0-9._/-]+$/.test(text) ? text : "";
}
