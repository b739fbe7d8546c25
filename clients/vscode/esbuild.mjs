import { copyFileSync } from "node:fs";
import { build } from "esbuild";

const shared = { bundle: true, format: "cjs", external: ["vscode"], minify: true, logLevel: "warning" };
await build({
  ...shared,
  entryPoints: ["src/extension.ts"],
  outfile: "out/extension.cjs",
  platform: "node",
  target: "node20",
  legalComments: "linked",
});
await build({ ...shared, entryPoints: ["src/web.ts"], outfile: "out/web.cjs", platform: "browser", target: "es2022" });

// The package must hold the licence, and vsce looks for it only beside package.json.
copyFileSync("../../LICENSE", "LICENSE");
