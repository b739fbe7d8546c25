/** Which program is the server: a decision over plain values, so that it is tested without an editor. */

import { isAbsolute, join } from "node:path";
import type { Translate } from "./words.ts";

export interface Surroundings {
  /** The setting `earmark.interpreter`. */
  interpreter: string;
  /** The setting `earmark.path`. */
  path: string;
  /** The environment variables. */
  environment: Readonly<Record<string, string | undefined>>;
  /** The folder of the extension. */
  extension: string;
  /** The user's home. */
  home: string;
  windows: boolean;
  isFile(path: string): boolean;
  t: Translate;
}

export type Located = { command: string; args: string[]; why: string } | { missing: string };

/**
 * What a person configured comes first and is never silently replaced: a wrong path is said, not skipped.
 * The search path is not looked at, because a workspace can change what it holds.
 */
export function locate(around: Surroundings): Located {
  const { environment, t } = around;
  if (around.interpreter) {
    return check(around, around.interpreter, t("The setting {0}", "earmark.interpreter"), python);
  }
  const bundled = join(around.extension, "bundled", "env", ...(around.windows ? ["python.exe"] : ["bin", "python3"]));
  if (around.isFile(bundled)) return python(bundled, t("The environment bundled with the extension"));
  if (around.path) return check(around, around.path, t("The setting {0}", "earmark.path"), program);
  const named = environment["EARMARK_PYTHON"];
  if (named) return check(around, named, t("The environment variable {0}", "EARMARK_PYTHON"), python);
  const installed = installations(around).find(around.isFile);
  if (installed) return python(installed, t("The user's own installation"));
  return { missing: t("No Python with Earmark was found. Install it with pipx or uv, or choose the Python that has it.") };
}

/** Where pipx and uv put a program that a user installs: folders of the user, out of reach of a workspace. */
export function installations({ environment, home, windows }: Surroundings): string[] {
  const set = (name: string, fallback: string): string => {
    const path = environment[name];
    return path && isAbsolute(path) ? path : fallback;
  };
  const data = windows ? set("APPDATA", home) : set("XDG_DATA_HOME", join(home, ".local", "share"));
  const folders = [
    join(set("PIPX_HOME", windows ? join(home, "pipx") : join(data, "pipx")), "venvs"),
    join(home, ".local", "pipx", "venvs"),
    set("UV_TOOL_DIR", join(data, "uv", "tools")),
  ];
  const program = windows ? ["Scripts", "python.exe"] : ["bin", "python"];
  return folders.map((folder) => join(folder, "earmark", ...program));
}

function check(
  around: Surroundings,
  path: string,
  source: string,
  start: (path: string, why: string) => Located,
): Located {
  if (!isAbsolute(path)) return { missing: around.t('{0} must be an absolute path, not "{1}".', source, path) };
  if (!around.isFile(path)) return { missing: around.t('{0} names "{1}", which is not there.', source, path) };
  return start(path, source);
}

/** `-P` keeps the folder the server starts in out of the import path: it may hold a hostile `earmark.py`. */
function python(path: string, why: string): Located {
  return { command: path, args: ["-P", "-m", "earmark", "serve", "--stdio"], why };
}

function program(path: string, why: string): Located {
  return { command: path, args: ["serve", "--stdio"], why };
}
