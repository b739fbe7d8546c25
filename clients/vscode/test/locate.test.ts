import assert from "node:assert/strict";
import { test } from "node:test";
import { type Located, locate, type Surroundings } from "../src/locate.ts";

const PYTHON = ["-P", "-m", "earmark", "serve", "--stdio"];

function at(given: Partial<Surroundings>, files: string[]): Located {
  const nowhere = { interpreter: "", path: "", environment: undefined, extension: "/ext", windows: false };
  return locate({ ...nowhere, isFile: (path) => files.includes(path), ...given });
}

function command(found: Located): string {
  assert.ok("command" in found, JSON.stringify(found));
  return [found.command, ...found.args].join(" ");
}

test("the configured interpreter wins over everything else", () => {
  const found = at({ interpreter: "/py", path: "/earmark", environment: "/env/py" }, [
    "/py",
    "/earmark",
    "/env/py",
    "/ext/bundled/env/bin/python3",
  ]);
  assert.equal(command(found), ["/py", ...PYTHON].join(" "));
});

test("then the bundled environment, the program, the environment variable", () => {
  const all = { path: "/earmark", environment: "/env/py" };
  assert.equal(
    command(at(all, ["/ext/bundled/env/bin/python3", "/earmark"])).split(" ")[0],
    "/ext/bundled/env/bin/python3",
  );
  assert.equal(command(at(all, ["/earmark", "/env/py"])), "/earmark serve --stdio");
  assert.equal(command(at({ environment: "/env/py" }, ["/env/py"])), ["/env/py", ...PYTHON].join(" "));
});

for (const [name, given, said] of [
  ["nothing is set", {}, /Set earmark\.interpreter/],
  ["the interpreter is gone", { interpreter: "/gone", environment: "/env/py" }, /earmark\.interpreter names "\/gone"/],
  ["the interpreter is a name", { interpreter: "python3" }, /absolute path, not "python3"/],
  ["the program is relative to the workspace", { path: "./earmark" }, /earmark\.path must be an absolute path/],
  ["the variable names nothing", { environment: "/gone" }, /EARMARK_PYTHON names "\/gone"/],
] as const) {
  test(`says what is missing when ${name}`, () => {
    const found = at(given, ["/env/py"]);
    assert.ok("missing" in found);
    assert.match(found.missing, said);
  });
}
