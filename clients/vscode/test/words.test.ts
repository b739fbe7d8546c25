/**
 * Every word for people can be translated: what the code says stands in l10n/bundle.l10n.json, what the manifest says in
 * package.nls.json. EARMARK_UPDATE=1 writes the first from the code.
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";

const HERE = new URL("../", import.meta.url);
const BUNDLE = new URL("l10n/bundle.l10n.json", HERE);
const read = (path: string) => readFileSync(new URL(path, HERE), "utf8");

/** The first argument of every `t(…)`, in the order of the files. */
function said(): string[] {
  const files = readdirSync(new URL("src/", HERE)).sort();
  const literal = /\bt\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')/g;
  const found = files.flatMap((file) =>
    [...read(`src/${file}`).matchAll(literal)].map(([, double, single]) => (double ?? single ?? "").replace(/\\(.)/g, "$1")),
  );
  return [...new Set(found)].sort();
}

test("the bundle for translators holds what the code says, and nothing else", () => {
  if (process.env["EARMARK_UPDATE"]) {
    writeFileSync(BUNDLE, `${JSON.stringify(Object.fromEntries(said().map((text) => [text, text])), null, 2)}\n`);
  }
  assert.deepEqual(Object.keys(JSON.parse(readFileSync(BUNDLE, "utf8"))), said());
});

test("no word for people is passed on without a translation", () => {
  const calls = /\b(?:show(?:Error|Warning|Information)Message|tell|refused)\(\s*(?:["']|`(?!Earmark: \$\{))/g;
  for (const file of readdirSync(new URL("src/", HERE))) {
    assert.deepEqual(read(`src/${file}`).match(calls), null, file);
  }
});

test("the manifest's words stand in package.nls.json, each used", () => {
  const words = JSON.parse(read("package.nls.json"));
  const used = [...read("package.json").matchAll(/"%([^%"]+)%"/g)].map(([, key]) => key);
  assert.deepEqual([...new Set(used)].sort(), Object.keys(words).sort());
  const contributes = JSON.parse(read("package.json")).contributes;
  for (const { command, title, category } of contributes.commands) {
    assert.match(title, /^%.*%$/, command);
    assert.equal(category, "Earmark");
  }
  for (const [name, setting] of Object.entries(contributes.configuration.properties) as [string, object][]) {
    const { description, markdownDescription, scope } = setting as Record<string, string>;
    assert.match(description ?? markdownDescription ?? "", /^%.*%$/, name);
    assert.ok(scope, name);
  }
});

test("what starts a program is the machine's to decide", () => {
  const { configuration } = JSON.parse(read("package.json")).contributes;
  const scopes = ["interpreter", "path"].map((name) => configuration.properties[`earmark.${name}`].scope);
  assert.deepEqual(scopes, ["machine", "machine"]);
});

test("where there is no server, every command of the palette says why", () => {
  const { commands, menus } = JSON.parse(read("package.json")).contributes;
  const hidden = menus.commandPalette.filter(({ when }: { when: string }) => when === "false");
  const names = (list: { command: string }[]) => list.map(({ command }) => command.replace("earmark.", ""));
  const palette = names(commands).filter((name) => !names(hidden).includes(name));
  const web = [...(read("src/web.ts").match(/REFUSED = \[([^\]]*)\]/)?.[1] ?? "").matchAll(/"(\w+)"/g)].map(([, n]) => n);
  assert.deepEqual(web.sort(), palette.sort());
});
