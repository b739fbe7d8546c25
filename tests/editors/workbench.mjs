// Drives VS Code's rendered workbench in a real browser. One JSON object a line: {id, op, args} in, {id, result} or
// {id, error} out. Waits are the browser's own, with a limit; nothing is tried twice.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { chromium } = createRequire(`${process.env.EARMARK_EDITORS}/npm/`)("playwright-core");
const LIMIT = 40_000;
const browser = await chromium.launch({
  executablePath: process.env.EARMARK_CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--font-render-hinting=none"],
});
const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
context.setDefaultTimeout(LIMIT);
const first = await context.newPage();
/** The window that operations mean. */
let page = first;

const operations = {
  /** Opens the workbench and waits until a file is shown in it. */
  async open(url) {
    await page.goto(url);
    await page.waitForSelector(".monaco-workbench .editor-instance .view-line");
  },
  /** A second window beside the first, which operations mean from now on. */
  async openSecond(url) {
    page = await context.newPage();
    await operations.open(url);
  },
  async closeSecond() {
    await page.close();
    page = first;
  },
  /** What is drawn of each visible line: its text, the colour behind it, whether its gutter is marked. */
  lines: () => page.evaluate(drawn),
  /** Waits until exactly the lines that start with `texts` are marked, behind the text and in the gutter. */
  async marked(texts, limit) {
    try {
      await page.waitForFunction(
        ([source, texts]) => {
          const lines = new Function(`return (${source})()`)();
          const marked = lines.filter((l) => l.background && l.gutter).map((l) => l.text.trim());
          const either = lines.filter((l) => l.background || l.gutter).length;
          return either === marked.length && JSON.stringify(marked) === JSON.stringify(texts);
        },
        [drawn.toString(), texts],
        { timeout: limit ?? LIMIT, polling: "raf" },
      );
    } catch (error) {
      const lines = await page.evaluate(drawn);
      const shown = lines.map((l) => `${l.background ? "#" : " "}${l.gutter ? "|" : " "} ${l.text}`).join("\n");
      throw new Error(`the marked lines are not ${JSON.stringify(texts)}:\n${shown}`, { cause: error });
    }
  },
  async waitForText(selector, text, limit) {
    await page
      .locator(selector)
      .filter({ hasText: text })
      .first()
      .waitFor({ timeout: limit ?? LIMIT });
  },
  async waitFor(selector) {
    await page.locator(selector).first().waitFor();
  },
  async texts(selector) {
    return (await page.locator(selector).allInnerTexts()).map((text) => text.replaceAll("\u00a0", " "));
  },
  /** An attribute of all elements, for what a screen reader says. */
  async attributes(selector, name) {
    return await page.locator(selector).evaluateAll((all, name) => all.map((e) => e.getAttribute(name)), name);
  },
  async count(selector) {
    return await page.locator(selector).count();
  },
  async click(selector, text) {
    const all = page.locator(selector);
    await (text ? all.filter({ hasText: text }) : all).first().click();
  },
  async waitGone(selector) {
    await page.locator(selector).first().waitFor({ state: "hidden" });
  },
  press: (key) => page.keyboard.press(key),
  type: (text) => page.keyboard.type(text, { delay: 20 }),
  resize: (width, height) => page.setViewportSize({ width, height }),
  async screenshot(path) {
    await page.screenshot({ path });
  },
};

/** Runs in the page. Lines and their overlays are different elements that share the same vertical place. */
function drawn() {
  const editor =
    document.querySelector(".editor-group-container.active .editor-instance .monaco-editor") ??
    document.querySelector(".editor-instance .monaco-editor");
  if (!editor) return [];
  const at = (element) => Math.round(element.getBoundingClientRect().top);
  const coloured = (element) =>
    !["", "rgba(0, 0, 0, 0)", "transparent"].includes(getComputedStyle(element).backgroundColor);
  const has = (selector, test, place) =>
    new Set([...editor.querySelectorAll(selector)].filter(test).map((e) => at(place(e))));
  const icon = (element) => getComputedStyle(element).backgroundImage.includes("url(");
  const behind = has(".view-overlays [class*='ced-']", coloured, (e) => e.parentElement);
  const gutter = has(".glyph-margin-widgets [class*='ced-']", icon, (e) => e);
  return [...editor.querySelectorAll(".view-lines .view-line")]
    .sort((a, b) => at(a) - at(b))
    .map((line) => ({
      text: line.textContent.replaceAll("\u00a0", " "),
      background: behind.has(at(line)),
      gutter: gutter.has(at(line)),
    }));
}

const send = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
send({ id: 0, result: browser.version() });
for await (const line of createInterface({ input: process.stdin })) {
  const { id, op, args } = JSON.parse(line);
  try {
    send({ id, result: (await operations[op](...args)) ?? null });
  } catch (error) {
    send({ id, error: String(error?.stack ?? error) });
  }
}
await browser.close();
