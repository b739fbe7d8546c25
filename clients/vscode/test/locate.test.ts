import assert from "node:assert/strict";
import { test } from "node:test";
import { installations, type Located, locate, type Surroundings } from "../src/locate.ts";
import { english } from "./english.ts";

const PYTHON = ["-P", "-m", "earmark", "serve", "--stdio"];

const NOWHERE: Surroundings = {
  interpreter: "",
  path: "",
  environment: {},
  extension: "/ext",
  home: "/home/ada",
  windows: false,
  isFile: () => false,
  t: english,
};

function at(given: Partial<Surroundings>, files: string[]): Located {
  return locate({ ...NOWHERE, isFile: (path) => files.includes(path), ...given });
}

function variable(path: string) {
  return { environment: { EARMARK_PYTHON: path } };
}

function command(found: Located): string {
  assert.ok("command" in found, JSON.stringify(found));
  return [found.command, ...found.args].join(" ");
}

test("the configured interpreter wins over everything else", () => {
  const found = at({ interpreter: "/py", path: "/earmark", ...variable("/env/py") }, [
    "/py",
    "/earmark",
    "/env/py",
    "/ext/bundled/env/bin/python3",
  ]);
  assert.equal(command(found), ["/py", ...PYTHON].join(" "));
});

test("then the bundled environment, the program, the environment variable", () => {
  const all = { path: "/earmark", ...variable("/env/py") };
  assert.equal(
    command(at(all, ["/ext/bundled/env/bin/python3", "/earmark"])).split(" ")[0],
    "/ext/bundled/env/bin/python3",
  );
  assert.equal(command(at(all, ["/earmark", "/env/py"])), "/earmark serve --stdio");
  assert.equal(command(at({ ...variable("/env/py") }, ["/env/py"])), ["/env/py", ...PYTHON].join(" "));
});

test("last comes what pipx or uv installed for the user, wherever they were told to", () => {
  const pipx = "/home/ada/.local/share/pipx/venvs/earmark/bin/python";
  const uv = "/home/ada/.local/share/uv/tools/earmark/bin/python";
  assert.equal(command(at({}, [uv])).split(" ")[0], uv);
  assert.equal(command(at({}, [uv, pipx])).split(" ")[0], pipx);
  assert.equal(command(at(variable("/env/py"), [pipx, "/env/py"])).split(" ")[0], "/env/py");
  const moved = { PIPX_HOME: "/p", UV_TOOL_DIR: "/u", XDG_DATA_HOME: "relative" };
  assert.deepEqual(installations({ ...NOWHERE, environment: moved }), [
    "/p/venvs/earmark/bin/python",
    "/home/ada/.local/pipx/venvs/earmark/bin/python",
    "/u/earmark/bin/python",
  ]);
});

for (const [name, given, said] of [
  ["nothing is set", {}, /No Python with Earmark was found/],
  ["the interpreter is gone", { interpreter: "/gone", ...variable("/env/py") }, /earmark\.interpreter names "\/gone"/],
  ["the interpreter is a name", { interpreter: "python3" }, /absolute path, not "python3"/],
  ["the program is relative to the workspace", { path: "./earmark" }, /earmark\.path must be an absolute path/],
  ["the variable names nothing", { ...variable("/gone") }, /EARMARK_PYTHON names "\/gone"/],
] as const) {
  test(`says what is missing when ${name}`, () => {
    const found = at(given, ["/env/py"]);
    assert.ok("missing" in found);
    assert.match(found.missing, said);
  });
}
