/** Earmark for VS Code. Thin: what the server can know or decide is asked of it; here it is only shown. */

import * as vscode from "vscode";
import { registerCommands } from "./commands.ts";
import { CommitBox } from "./commitBox.ts";
import { Completions } from "./completions.ts";
import { Offers } from "./offers.ts";
import { RegionView } from "./regions.ts";
import { ReviewsView } from "./reviewsView.ts";
import { Server } from "./server.ts";
import { registerSetUp } from "./setUp.ts";
import { StatusBar } from "./statusBar.ts";
import { WorkingChange } from "./workingChange.ts";

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("Earmark", { log: true });
  const server = new Server(context, log);
  const regions = new RegionView(server);
  const change = new WorkingChange(server);
  const reviews = new ReviewsView(server, change);
  const offers = new Offers();
  context.subscriptions.push(
    log,
    server,
    regions,
    change,
    reviews,
    offers,
    new StatusBar(server, regions, change),
    new Completions(server, context.extension.packageJSON),
    new CommitBox(server),
    registerCommands(server, regions, offers, log),
    registerSetUp(server, offers),
    vscode.commands.registerCommand("earmark.refreshReviews", () => reviews.refresh(true)),
    vscode.workspace.onDidGrantWorkspaceTrust(() => server.restart()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      const changed = ["interpreter", "path"].some((name) => event.affectsConfiguration(`earmark.${name}`));
      if (changed) void server.restart();
    }),
  );
  await server.restart();
}
