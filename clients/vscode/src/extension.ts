/** Earmark for VS Code. Thin: what the server can know or decide is asked of it; here it is only shown. */

import * as vscode from "vscode";
import { registerCommands } from "./commands.ts";
import { Completions } from "./completions.ts";
import { RegionView } from "./regions.ts";
import { Server } from "./server.ts";
import { StatusBar } from "./statusBar.ts";

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("Earmark", { log: true });
  const server = new Server(context, log);
  const regions = new RegionView(server);
  context.subscriptions.push(
    log,
    server,
    regions,
    new StatusBar(server, regions),
    new Completions(server),
    registerCommands(server, regions, log),
    vscode.workspace.onDidGrantWorkspaceTrust(() => server.restart()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      const changed = ["interpreter", "path"].some((name) => event.affectsConfiguration(`earmark.${name}`));
      if (changed) void server.restart();
    }),
  );
  await server.restart();
}
