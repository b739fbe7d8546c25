/**
 * What is about to happen, as a document to read first: a review request, the files that setting up would write.
 * A lens at its top and a button in its title carry it out.
 */

import * as vscode from "vscode";

const SCHEME = "earmark-offer";

interface Offer {
  text: string;
  /** Why it cannot be done now; empty when it can. */
  blocked: string;
  action: string;
  /** Carries it out; whether it was done. */
  accept(): Promise<boolean>;
  /** Something that changes what is offered, beside accepting it. */
  other?: { title: string; command: string; argument: unknown };
}

export class Offers
  implements vscode.TextDocumentContentProvider, vscode.CodeLensProvider, vscode.Disposable
{
  private readonly offers = new Map<string, Offer>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly lenses = new vscode.EventEmitter<void>();
  private readonly registered: vscode.Disposable[];
  readonly onDidChange = this.changed.event;
  readonly onDidChangeCodeLenses = this.lenses.event;

  constructor() {
    this.registered = [
      this.changed,
      this.lenses,
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.languages.registerCodeLensProvider({ scheme: SCHEME }, this),
      vscode.commands.registerCommand("earmark.acceptOffer", (uri?: vscode.Uri) => this.accept(uri)),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.offers.delete(uri.path)),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.registered).dispose();
  }

  /** Shows an offer called `name` (a file name, which decides the language), in the place of an older one. */
  async show(name: string, offer: Offer): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name}` });
    this.offers.set(uri.path, offer);
    this.changed.fire(uri);
    this.lenses.fire();
    await vscode.window.showTextDocument(uri, { preview: true });
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.offers.get(uri.path)?.text ?? "";
  }

  provideCodeLenses({ uri }: vscode.TextDocument): vscode.CodeLens[] {
    const offer = this.offers.get(uri.path);
    if (!offer) return [];
    const { blocked, action, other } = offer;
    const lens = (title: string, command: string, ...args: unknown[]) =>
      new vscode.CodeLens(new vscode.Range(0, 0, 0, 0), { title, command, arguments: args });
    return [
      blocked ? lens(`$(circle-slash) ${blocked}`, "") : lens(`$(check) ${action}`, "earmark.acceptOffer", uri),
      ...(other ? [lens(other.title, other.command, other.argument)] : []),
    ];
  }

  /** Carries the offer out, once, and closes its document when that went well. */
  private async accept(given: vscode.Uri | undefined): Promise<void> {
    const uri = given ?? vscode.window.activeTextEditor?.document.uri;
    const offer = uri && this.offers.get(uri.path);
    if (!uri || !offer || offer.blocked) return;
    this.offers.delete(uri.path);
    this.lenses.fire();
    if (await offer.accept()) await close(uri);
    else {
      this.offers.set(uri.path, offer);
      this.lenses.fire();
    }
  }
}

async function close(uri: vscode.Uri): Promise<void> {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  const shown = tabs.filter((tab) => tab.input instanceof vscode.TabInputText && tab.input.uri.path === uri.path);
  await vscode.window.tabGroups.close(shown.filter((tab) => (tab.input as vscode.TabInputText).uri.scheme === SCHEME));
}
