/** The view of reviews. A forge is asked only while somebody looks at it. */

import * as vscode from "vscode";
import {
  REVIEW_CHANGED,
  REVIEW_QUEUE,
  REVIEW_STATE,
  type ReviewQueue,
  type ReviewState,
} from "./protocol.ts";
import { reviewItems } from "./reviews.ts";
import { why } from "./say.ts";
import type { Server } from "./server.ts";
import { Tree } from "./tree.ts";
import type { WorkingChange } from "./workingChange.ts";

export class ReviewsView implements vscode.Disposable {
  private readonly tree = new Tree("earmark.reviews");
  private readonly disposables: vscode.Disposable[] = [this.tree];
  private round = 0;

  constructor(
    private readonly server: Server,
    private readonly change: WorkingChange,
  ) {
    this.disposables.push(
      server.onDidStart((client) => {
        client.onNotification(REVIEW_CHANGED, () => this.refreshVisible());
        this.refreshVisible();
      }),
      server.onDidStop(() => this.tree.show([])),
      this.tree.view.onDidChangeVisibility(() => this.refreshVisible()),
    );
  }

  dispose(): void {
    vscode.Disposable.from(...this.disposables).dispose();
  }

  /** Asks again; with `forge`, what the forge says now instead of what it said last. */
  async refresh(forge: boolean): Promise<void> {
    const client = this.server.client;
    if (!client) return;
    const round = ++this.round;
    const uri = vscode.window.activeTextEditor?.document.uri;
    const about = uri?.scheme === "file" ? { uri: client.code2ProtocolConverter.asUri(uri) } : {};
    const asking = { location: { viewId: "earmark.reviews" } };
    const [state, queue] = await vscode.window.withProgress(asking, () =>
      Promise.all([
        answer<ReviewState>(client.sendRequest(REVIEW_STATE, { ...about, ...(forge ? { refresh: true } : {}) })),
        answer<ReviewQueue>(client.sendRequest(REVIEW_QUEUE, about)),
      ]),
    );
    if (round !== this.round) return;
    const notes = [state, queue].map((said) => (said.value ? said.value.note : said.error)).filter(Boolean);
    const items = reviewItems(this.change.current.root, state.value, queue.value, vscode.l10n.t);
    this.tree.show(items, "", [...new Set(notes)].join(" · "));
  }

  private refreshVisible(): void {
    if (this.tree.view.visible) void this.refresh(false);
  }
}

/** The answer, or the server's words why there is none. */
async function answer<T>(asked: Thenable<T>): Promise<{ value: T | null; error: string }> {
  try {
    return { value: await asked, error: "" };
  } catch (error) {
    return { value: null, error: why(error) };
  }
}
