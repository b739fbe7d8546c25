/** Which tool an accepted inline completion is credited to. VS Code does not tell; this says only what is certain. */

/** Extensions that complete with a language model, and the slug each is known by. */
export const TOOLS: ReadonlyMap<string, string> = new Map([
  ["amazonwebservices.amazon-q-vscode", "AmazonQ"],
  ["augment.vscode-augment", "Augment"],
  ["codeium.codeium", "Windsurf"],
  ["continue.continue", "Continue"],
  ["github.copilot", "Copilot"],
  ["github.copilot-chat", "Copilot"],
  ["google.geminicodeassist", "Gemini"],
  ["sourcegraph.cody-ai", "Cody"],
  ["supermaven.supermaven", "Supermaven"],
  ["tabnine.tabnine-vscode", "Tabnine"],
]);

/** `configured` if it is a slug, else the one tool among the running extensions (ids in any case), else "unknown". */
export function toolOf(configured: string, running: Iterable<string>): string {
  if (/^[A-Za-z0-9._/-]+$/.test(configured)) return configured;
  const tools = new Set<string>();
  for (const id of running) {
    const tool = TOOLS.get(id.toLowerCase());
    if (tool) tools.add(tool);
  }
  const [only] = tools;
  return tools.size === 1 && only !== undefined ? only : "unknown";
}
