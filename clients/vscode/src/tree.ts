/** Shows items as a tree of VS Code. */

import * as vscode from "vscode";
import type { Item } from "./items.ts";

export class Tree implements vscode.TreeDataProvider<Item>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private roots: Item[] = [];
  readonly onDidChangeTreeData = this.changed.event;
  readonly view: vscode.TreeView<Item>;

  constructor(id: string) {
    this.view = vscode.window.createTreeView(id, { treeDataProvider: this, showCollapseAll: false });
  }

  /** Shows these items from now on; `description` stands beside the title, `message` above them. */
  show(items: Item[], description = "", message = ""): void {
    this.roots = items;
    this.view.description = description;
    this.view.message = message;
    this.changed.fire();
  }

  dispose(): void {
    this.view.dispose();
    this.changed.dispose();
  }

  getChildren(parent?: Item): Item[] {
    return parent ? parent.children : this.roots;
  }

  getTreeItem(item: Item): vscode.TreeItem {
    const { None, Expanded, Collapsed } = vscode.TreeItemCollapsibleState;
    const shown = new vscode.TreeItem(item.label, item.children.length === 0 ? None : item.open ? Expanded : Collapsed);
    shown.id = item.id;
    shown.description = item.description;
    shown.accessibilityInformation = { label: item.spoken };
    shown.contextValue = item.context;
    if (item.tooltip) shown.tooltip = item.tooltip;
    if (item.icon) {
      shown.iconPath = new vscode.ThemeIcon(item.icon, item.colour ? new vscode.ThemeColor(item.colour) : undefined);
    }
    const command = opening(item);
    if (command) shown.command = command;
    return shown;
  }
}

function opening(item: Item): vscode.Command | undefined {
  if (item.place) {
    const at = new vscode.Position(item.place.line, 0);
    const options: vscode.TextDocumentShowOptions = { selection: new vscode.Range(at, at) };
    return { command: "vscode.open", title: item.label, arguments: [vscode.Uri.parse(item.place.uri), options] };
  }
  const page = webPage(item.link);
  return page && { command: "vscode.open", title: item.label, arguments: [page] };
}

/** An address that a forge gave, if it is one of the web: nothing else is opened for it. */
export function webPage(link: string): vscode.Uri | undefined {
  return /^https?:\/\/[^\s/]/.test(link) ? vscode.Uri.parse(link) : undefined;
}
