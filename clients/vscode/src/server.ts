/** The language server's life: found, started, restarted when that may help, and explained when it does not run. */

import { execFile } from "node:child_process";
import { statSync } from "node:fs";
import { homedir } from "node:os";
import * as vscode from "vscode";
import {
  CloseAction,
  type CloseHandlerResult,
  ErrorAction,
  type ErrorHandler,
  type ErrorHandlerResult,
  ExecuteCommandRequest,
  LanguageClient,
  type LanguageClientOptions,
  MessageType,
  type Middleware,
  ShowMessageNotification,
  State,
  type StaticFeature,
  TransportKind,
} from "vscode-languageclient/node";
import { type Located, locate } from "./locate.ts";
import { refused, tell, why } from "./say.ts";

export type Found = Exclude<Located, { missing: string }>;

/** The settings that the server reads; the others are the extension's own and would be unknown to it. */
const SERVER_SETTINGS = ["minimumSeverity", "codeLens"];

/** Tells the server that regions are drawn here, so that it does not also say them by hint or diagnostic. */
const drawsRegions: StaticFeature = {
  fillClientCapabilities(capabilities) {
    const experimental = (capabilities.experimental ?? {}) as Record<string, unknown>;
    capabilities.experimental = { ...experimental, earmark: { decorations: true } };
  },
  initialize: () => undefined,
  getState: () => ({ kind: "static" }),
  clear: () => undefined,
};

const middleware: Middleware = {
  workspace: {
    configuration: async (params, token, next) => {
      const values = await next(params, token);
      return Array.isArray(values) ? params.items.map((item, n) => ours(item.section, values[n])) : values;
    },
  },
};

/**
 * Leaves the commands to us: the language client would register them only while the server runs, so that a lens clicked
 * a moment too early would meet a command that does not exist.
 */
class Client extends LanguageClient {
  override registerFeature(feature: Parameters<LanguageClient["registerFeature"]>[0]): void {
    const method = "registrationType" in feature ? feature.registrationType.method : "";
    if (method !== ExecuteCommandRequest.method) super.registerFeature(feature);
  }
}

export class Server implements vscode.Disposable {
  /** The client while it runs. */
  client: LanguageClient | undefined;
  /** Why there is no client, in a sentence for the user; empty while there is one. */
  problem = vscode.l10n.t("The server has not been started yet.");
  private readonly running = new vscode.EventEmitter<LanguageClient>();
  private readonly gone = new vscode.EventEmitter<void>();
  private queue: Promise<void> = Promise.resolve();

  /** Fires whenever a server is ready, also after one that crashed came back. */
  readonly onDidStart = this.running.event;
  readonly onDidStop = this.gone.event;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** Stops what runs and starts anew; calls that overlap are carried out one after the other. */
  restart(): Promise<void> {
    this.queue = this.queue.then(() => this.stop()).then(() => this.start());
    return this.queue;
  }

  /** The client once it runs, waiting for a start that is under way; undefined when there is none. */
  async ready(): Promise<LanguageClient | undefined> {
    await this.queue;
    const client = this.client;
    // A server that crashed is being started again by its client.
    if (client && client.state !== State.Running) await client.start().catch(() => undefined);
    return client?.state === State.Running ? client : undefined;
  }

  dispose(): void {
    this.running.dispose();
    this.gone.dispose();
    void this.client?.stop();
  }

  private async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    if (client?.needsStop()) await client.stop();
    await client?.dispose();
  }

  private async start(): Promise<void> {
    const found = this.locate();
    if ("missing" in found) return this.fail(found.missing);
    this.log.info(`Starting ${found.command} ${found.args.join(" ")} (${found.why})`);
    const handler = new CloseHandler();
    const client = new Client("earmark", "Earmark", this.options(found), this.clientOptions(handler));
    handler.restarts = client.createDefaultErrorHandler();
    client.registerFeature(drawsRegions);
    client.onNotification(ShowMessageNotification.type, ({ type, message }) => {
      if (type === MessageType.Error || type === MessageType.Warning) void refused(message.replace(/^Earmark: /, ""));
      else tell(message);
    });
    client.onDidChangeState(({ newState }) => {
      if (this.client !== client) return;
      if (newState === State.Running) this.running.fire(client);
      if (newState === State.Stopped && handler.gaveUp) this.fail(handler.gaveUp);
    });
    try {
      await client.start();
    } catch (error) {
      await client.dispose().catch(() => undefined);
      return this.fail(await diagnose(found, error, this.context.extensionPath));
    }
    handler.started = true;
    this.client = client;
    this.problem = "";
    show("running");
    this.running.fire(client);
  }

  /** The program that is the server, or why there is none. */
  locate(): Located {
    const settings = vscode.workspace.getConfiguration("earmark");
    return locate({
      interpreter: settings.get("interpreter", "").trim(),
      path: settings.get("path", "").trim(),
      environment: process.env,
      extension: this.context.extensionPath,
      home: homedir(),
      windows: process.platform === "win32",
      isFile: (path) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false,
      t: vscode.l10n.t,
    });
  }

  /** The server's own folder is the extension's: what lies in the workspace must not decide what runs. */
  private options(found: Found) {
    const { command, args } = found;
    return {
      command,
      args: args.filter((a) => a !== "--stdio"),
      transport: TransportKind.stdio,
      options: { cwd: this.context.extensionPath },
    };
  }

  private clientOptions(errorHandler: ErrorHandler): LanguageClientOptions {
    return {
      documentSelector: [{ scheme: "file" }],
      outputChannel: this.log,
      initializationOptions: { trusted: vscode.workspace.isTrusted },
      initializationFailedHandler: () => false,
      errorHandler,
      middleware,
      markdown: { isTrusted: false, supportHtml: false },
    };
  }

  private fail(problem: string): void {
    this.client = undefined;
    this.problem = problem;
    this.log.error(problem);
    show("missing");
    this.gone.fire();
    void this.explain();
  }

  /** Says why nothing is shown, and offers what mends it. */
  async explain(): Promise<void> {
    const setUp = vscode.l10n.t("Set Up…");
    const said = vscode.l10n.t("Earmark is not running. {0}", this.problem);
    if ((await vscode.window.showErrorMessage(said, setUp)) === setUp) {
      await vscode.commands.executeCommand("earmark.setUp");
    }
  }
}

/** For the `when` of what the manifest contributes. */
function show(state: "running" | "missing"): void {
  void vscode.commands.executeCommand("setContext", "earmark.state", state);
}

/** Restarts a server that had been running; one that never came up is explained instead. */
class CloseHandler implements ErrorHandler {
  started = false;
  restarts: ErrorHandler | undefined;
  /** Why it was not started again; empty while it is. */
  gaveUp = "";

  async error(...given: Parameters<ErrorHandler["error"]>): Promise<ErrorHandlerResult> {
    return this.restarts ? this.restarts.error(...given) : { action: ErrorAction.Continue };
  }

  async closed(): Promise<CloseHandlerResult> {
    if (!this.started || !this.restarts) return { action: CloseAction.DoNotRestart, handled: true };
    const result = await this.restarts.closed();
    if (result.action === CloseAction.DoNotRestart) this.gaveUp = result.message ?? vscode.l10n.t("The server stopped.");
    return { ...result, handled: true };
  }
}

function ours(section: string | undefined, value: unknown): unknown {
  if (section !== "earmark" || typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => SERVER_SETTINGS.includes(name)));
}

/** Asks the program for its version, because what it prints then is the clearest reason why it would not serve. */
function diagnose(found: Found, error: unknown, cwd: string): Promise<string> {
  const serve = found.args.indexOf("serve");
  const args = [...found.args.slice(0, serve), "--version"];
  return new Promise((resolve) => {
    execFile(found.command, args, { timeout: 5000, cwd }, (failed, _, stderr) => {
      const last = stderr.trim().split("\n").at(-1)?.slice(0, 300);
      const said = failed ? last || failed.message : why(error);
      resolve(vscode.l10n.t("{0} was used, and {1} could not serve: {2}", found.why, found.command, said));
    });
  });
}
