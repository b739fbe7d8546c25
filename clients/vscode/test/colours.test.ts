/** Whether the colours of the manifest can be told apart and read: WCAG contrast, and distance as people see it who lack
 * one kind of cone (Machado, Oliveira and Fernandes 2009, severity 1; distance CIE76 in Lab). */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { COLOURS } from "../src/sessions.ts";

type Triple = [number, number, number];
type Theme = "dark" | "light" | "highContrast" | "highContrastLight";

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const contributed = new Map<string, Record<Theme, string>>(
  manifest.contributes.colors.map((c: { id: string; defaults: Record<Theme, string> }) => [c.id, c.defaults]),
);
/** The editor's background and text in VS Code's own themes. */
const THEMES: Record<Theme, { background: string; text: string; least: number }> = {
  dark: { background: "#1f1f1f", text: "#cccccc", least: 4.5 },
  light: { background: "#ffffff", text: "#3b3b3b", least: 4.5 },
  highContrast: { background: "#000000", text: "#ffffff", least: 7 },
  highContrastLight: { background: "#ffffff", text: "#292929", least: 7 },
};
const EYES: Record<string, Triple[]> = {
  "all cones": [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function channels(hex: string): [...Triple, number] {
  const value = (at: number) => Number.parseInt(hex.slice(at, at + 2) || "ff", 16) / 255;
  return [value(1), value(3), value(5), value(7)];
}

function linear(hex: string): Triple {
  return channels(hex)
    .slice(0, 3)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as Triple;
}

function luminance([r, g, b]: Triple): number {
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(linear(a)), luminance(linear(b))].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** `over`, which may let through, on `under`. */
function blended(over: string, under: string): string {
  const [r, g, b, alpha] = channels(over);
  const below = channels(under);
  const mixed = [r, g, b].map((c, n) => Math.round((c * alpha + (below[n] ?? 0) * (1 - alpha)) * 255));
  return `#${mixed.map((c) => c.toString(16).padStart(2, "0")).join("")}`;
}

function lab([r, g, b]: Triple): Triple {
  const f = (t: number) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047);
  const y = f(luminance([r, g, b]));
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function seen(hex: string, eyes: Triple[]): Triple {
  const colour = linear(hex);
  const mixed = eyes.map((row) => row.reduce((sum, weight, n) => sum + weight * (colour[n] ?? 0), 0));
  return lab(mixed.map((c) => Math.min(Math.max(c, 0), 1)) as Triple);
}

for (const [theme, { background, text, least }] of Object.entries(THEMES) as [Theme, (typeof THEMES)[Theme]][]) {
  const strong = COLOURS.map(({ id }) => contributed.get(id)?.[theme] ?? "");
  test(`every session stands out from the background and leaves the text readable: ${theme}`, () => {
    for (const [n, { id }] of COLOURS.entries()) {
      assert.ok(contrast(strong[n] ?? "", background) >= 3, `${id} on ${background}`);
      const tint = contributed.get(`${id}Background`)?.[theme] ?? "";
      assert.ok(contrast(text, blended(tint, background)) >= least, `text on ${id}Background`);
    }
  });
  for (const [name, eyes] of Object.entries(EYES)) {
    test(`no two sessions look alike: ${theme}, ${name}`, () => {
      for (const [n, a] of strong.entries()) {
        for (const b of strong.slice(n + 1)) {
          const [p, q] = [seen(a, eyes), seen(b, eyes)];
          assert.ok(Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]) >= 15, `${a} and ${b}`);
        }
      }
    });
  }
}

test("the gutter has the colours of the themes", () => {
  for (const { id, dark, light } of COLOURS) {
    assert.deepEqual([contributed.get(id)?.dark, contributed.get(id)?.light], [dark, light]);
  }
});
