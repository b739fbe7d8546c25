import { copyFileSync } from "node:fs";
import { build } from "esbuild";

await build({
  entryPoints: ["src/extension.ts"],
  outfile: "out/extension.cjs",
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  external: ["vscode"],
  minify: true,
  legalComments: "linked",
  logLevel: "warning",
});

// The package must hold the licence, and vsce looks for it only beside package.json.
copyFileSync("../../LICENSE", "LICENSE");
