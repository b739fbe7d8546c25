// Lets a test use the real `vscode` API from outside: one JSON object a line over the socket named by EARMARK_PROBE.
// A request is {id, op, args}, its answer {id, result} or {id, error}.

"use strict";
const net = require("node:net");
const readline = require("node:readline");
const vscode = require("vscode");

/** What the inline completion provider offers; null offers nothing. */
let offer = null;
/** Whether the formatter puts spaces around `*`. */
let formats = false;

const operations = {
  /** Every diagnostic of a file, lines and columns 0-based. */
  diagnostics(path) {
    return vscode.languages.getDiagnostics(vscode.Uri.file(path)).map((d) => ({
      source: d.source,
      code: typeof d.code === "object" ? String(d.code.value) : String(d.code),
      link: typeof d.code === "object" ? String(d.code.target) : "",
      severity: vscode.DiagnosticSeverity[d.severity],
      message: d.message,
      line: d.range.start.line,
      text: documentOf(path).getText(d.range),
    }));
  },
  async codeActions(path, line) {
    return (await actionsOf(path, line)).map((a) => ({
      title: a.title,
      command: a.command?.command ?? "",
      edits: !!a.edit,
    }));
  },
  async runCodeAction(path, line, title) {
    const action = (await actionsOf(path, line)).find((a) => a.title === title);
    if (!action) throw new Error(`no action ${title}`);
    if (action.edit) await vscode.workspace.applyEdit(action.edit);
    if (!action.command) return null;
    return plain(await vscode.commands.executeCommand(action.command.command, ...(action.command.arguments ?? [])));
  },
  async hover(path, line, character) {
    const place = new vscode.Position(line, character);
    const hovers = await vscode.commands.executeCommand("vscode.executeHoverProvider", vscode.Uri.file(path), place);
    return hovers.flatMap((h) => h.contents).map((c) => (typeof c === "string" ? c : c.value));
  },
  async lenses(path) {
    const lenses = await vscode.commands.executeCommand("vscode.executeCodeLensProvider", vscode.Uri.file(path), 50);
    return lenses.map((l) => ({
      line: l.range.start.line,
      title: l.command?.title ?? "",
      command: l.command?.command ?? "",
    }));
  },
  async inlayHints(path) {
    const document = documentOf(path);
    const all = new vscode.Range(0, 0, document.lineCount, 0);
    const hints = await vscode.commands.executeCommand("vscode.executeInlayHintProvider", document.uri, all);
    return hints.map((h) => ({
      line: h.position.line,
      label: typeof h.label === "string" ? h.label : h.label.map((p) => p.value).join(""),
    }));
  },
  async commands(prefix) {
    return (await vscode.commands.getCommands(true)).filter((name) => name.startsWith(prefix)).sort();
  },
  async execute(command, args) {
    return plain(await vscode.commands.executeCommand(command, ...(args ?? [])));
  },
  async select(path, line, character, endLine, endCharacter) {
    const editor = await vscode.window.showTextDocument(vscode.Uri.file(path));
    const start = new vscode.Position(line, character);
    editor.selection = new vscode.Selection(start, new vscode.Position(endLine ?? line, endCharacter ?? character));
    editor.revealRange(new vscode.Range(start, start));
  },
  text(path) {
    return documentOf(path).getText();
  },
  /** The text of a document that is shown to be read before something is done. */
  offered(name) {
    const found = vscode.workspace.textDocuments.find((d) => d.uri.scheme === "earmark-offer" && d.uri.path === `/${name}`);
    return found ? found.getText() : "";
  },
  /** The message in the commit box of Source Control. */
  commitBox() {
    return vscode.extensions.getExtension("vscode.git").exports.getAPI(1).repositories[0].inputBox.value;
  },
  /** The text of the active editor, whatever it shows. */
  shown() {
    return vscode.window.activeTextEditor?.document.getText() ?? "";
  },
  offer(text) {
    offer = text;
  },
  formats(wanted) {
    formats = wanted;
  },
  async configure(name, value) {
    await vscode.workspace.getConfiguration().update(name, value ?? undefined, vscode.ConfigurationTarget.Global);
  },
  extension(id) {
    const found = vscode.extensions.getExtension(id);
    return found ? { active: found.isActive, version: found.packageJSON.version } : null;
  },
  trusted() {
    return vscode.workspace.isTrusted;
  },
};

function documentOf(path) {
  const document = vscode.workspace.textDocuments.find((d) => d.uri.scheme === "file" && d.uri.fsPath === path);
  if (!document) throw new Error(`${path} is not open`);
  return document;
}

function actionsOf(path, line) {
  const range = documentOf(path).lineAt(line).range;
  return vscode.commands.executeCommand("vscode.executeCodeActionProvider", vscode.Uri.file(path), range);
}

/** What survives JSON; a result of VS Code's own may refer to itself. */
function plain(value) {
  try {
    return JSON.parse(JSON.stringify(value ?? null));
  } catch {
    return String(value);
  }
}

exports.activate = function activate(context) {
  context.subscriptions.push(
    vscode.languages.registerInlineCompletionItemProvider(
      { scheme: "file" },
      {
        provideInlineCompletionItems(document, position) {
          if (offer === null) return [];
          const typed = new vscode.Range(
            position.with({ character: document.lineAt(position).firstNonWhitespaceCharacterIndex }),
            position,
          );
          return [new vscode.InlineCompletionItem(document.getText(typed) + offer, typed)];
        },
      },
    ),
  );
  context.subscriptions.push(
    vscode.languages.registerDocumentFormattingEditProvider("python", {
      provideDocumentFormattingEdits(document) {
        const found = formats ? [...document.getText().matchAll(/(?<=\w)\*(?=\w)/g)] : [];
        return found.map(({ index }) => {
          const [start, end] = [document.positionAt(index), document.positionAt(index + 1)];
          return vscode.TextEdit.replace(new vscode.Range(start, end), " * ");
        });
      },
    }),
  );
  const socket = net.connect(process.env.EARMARK_PROBE);
  context.subscriptions.push({ dispose: () => socket.destroy() });
  const send = (message) => socket.write(`${JSON.stringify(message)}\n`);
  readline.createInterface({ input: socket }).on("line", (line) => {
    const { id, op, args } = JSON.parse(line);
    Promise.resolve()
      .then(() => operations[op](...args))
      .then((result) => send({ id, result: result ?? null }))
      .catch((error) => send({ id, error: String(error?.stack ?? error) }));
  });
};
