/** Draws the regions of the visible editors, and keeps what the server last said of each document. */

import * as vscode from "vscode";
import { REGIONS, REGIONS_CHANGED, type Region, type Regions, type RegionsChanged } from "./protocol.ts";
import type { Server } from "./server.ts";
import { aiLines, bar, COLOURS, Palette, type Pattern } from "./sessions.ts";

export type Mode = "all" | "line" | "off";

/** How long after the last keystroke regions are asked for, when the server saw nothing worth a notice itself. */
const IDLE_MS = 300;

export class RegionView implements vscode.Disposable {
  private readonly known = new Map<string, Regions>();
  private readonly asking = new Set<string>();
  private readonly again = new Set<string>();
  private readonly palette = new Palette();
  private readonly types = COLOURS.map(({ id, dark, light, pattern }) =>
    vscode.window.createTextEditorDecorationType({
      isWholeLine: true,
      gutterIconSize: "contain",
      backgroundColor: new vscode.ThemeColor(`${id}Background`),
      overviewRulerColor: new vscode.ThemeColor(id),
      overviewRulerLane: vscode.OverviewRulerLane.Left,
      rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
      dark: { gutterIconPath: icon(dark, pattern) },
      light: { gutterIconPath: icon(light, pattern) },
    }),
  );
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly disposables: vscode.Disposable[] = [this.changed, ...this.types];
  private idle: NodeJS.Timeout | undefined;

  /** Fires with the document whose regions are others now. */
  readonly onDidChange = this.changed.event;

  constructor(private readonly server: Server) {
    this.disposables.push(
      server.onDidStart((client) => {
        client.onNotification(REGIONS_CHANGED, ({ uri }: RegionsChanged) => this.refreshUri(uri));
        this.refreshVisible();
      }),
      server.onDidStop(() => this.forgetAll()),
      vscode.window.onDidChangeVisibleTextEditors(() => this.refreshVisible()),
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => {
        if (mode() === "line") this.draw(textEditor);
      }),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length === 0 || !this.known.has(document.uri.toString())) return;
        clearTimeout(this.idle);
        this.idle = setTimeout(() => void this.refresh(document), IDLE_MS);
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.known.delete(uri.toString())),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("earmark.regions.mode")) this.drawVisible();
      }),
    );
  }

  /** What the server last said of a document; undefined before it said anything. */
  of(uri: vscode.Uri): Regions | undefined {
    return this.known.get(uri.toString());
  }

  dispose(): void {
    clearTimeout(this.idle);
    vscode.Disposable.from(...this.disposables).dispose();
  }

  private refreshVisible(): void {
    for (const { document } of vscode.window.visibleTextEditors) void this.refresh(document);
  }

  private refreshUri(given: string): void {
    const wanted = vscode.Uri.parse(given).toString();
    for (const document of vscode.workspace.textDocuments) {
      if (document.uri.toString() === wanted) void this.refresh(document);
    }
  }

  /** One request at a time for a document; an answer that the text has overtaken is dropped and asked for again. */
  private async refresh(document: vscode.TextDocument): Promise<void> {
    const client = this.server.client;
    const key = document.uri.toString();
    if (!client || document.uri.scheme !== "file" || document.isClosed) return;
    if (this.asking.has(key)) {
      this.again.add(key);
      return;
    }
    this.asking.add(key);
    try {
      const textDocument = client.code2ProtocolConverter.asTextDocumentIdentifier(document);
      const answer = await client.sendRequest<Regions>(REGIONS, { textDocument });
      if (answer.version === null || document.isClosed) return;
      if (answer.version === document.version) this.accept(document, answer);
      else this.again.add(key);
    } catch (error) {
      client.error(`Regions of ${document.uri.fsPath} could not be read`, error, false);
    } finally {
      this.asking.delete(key);
    }
    if (this.again.delete(key)) void this.refresh(document);
  }

  private accept(document: vscode.TextDocument, answer: Regions): void {
    this.known.set(document.uri.toString(), answer);
    for (const editor of vscode.window.visibleTextEditors) {
      if (editor.document === document) this.draw(editor);
    }
    this.changed.fire(document.uri);
  }

  private forgetAll(): void {
    this.known.clear();
    this.drawVisible();
    for (const { document } of vscode.window.visibleTextEditors) this.changed.fire(document.uri);
  }

  private drawVisible(): void {
    for (const editor of vscode.window.visibleTextEditors) this.draw(editor);
  }

  private draw(editor: vscode.TextEditor): void {
    const drawn: vscode.Range[][] = COLOURS.map(() => []);
    for (const region of this.shown(editor)) {
      const lines = [...aiLines([region])];
      const first = lines[0];
      const last = lines.at(-1);
      if (first === undefined || last === undefined) continue;
      drawn[this.palette.of(region.session)]?.push(new vscode.Range(first, 0, last, 0));
    }
    this.types.forEach((type, n) => editor.setDecorations(type, drawn[n] ?? []));
  }

  private shown(editor: vscode.TextEditor): Region[] {
    const regions = this.of(editor.document.uri)?.regions ?? [];
    const shown = mode();
    if (shown === "off") return [];
    const line = editor.selection.active.line;
    return shown === "all" ? regions : regions.filter((region) => aiLines([region]).has(line));
  }
}

export function mode(): Mode {
  return vscode.workspace.getConfiguration("earmark").get<Mode>("regions.mode", "all");
}

function icon(colour: string, pattern: Pattern): vscode.Uri {
  return vscode.Uri.parse(`data:image/svg+xml;base64,${Buffer.from(bar(colour, pattern)).toString("base64")}`);
}
