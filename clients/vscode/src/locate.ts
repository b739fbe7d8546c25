/** Which program is the server: a decision over plain values, so that it is tested without an editor. */

import { isAbsolute, join } from "node:path";

export interface Surroundings {
  /** The setting `earmark.interpreter`. */
  interpreter: string;
  /** The setting `earmark.path`. */
  path: string;
  /** The environment variable `EARMARK_PYTHON`. */
  environment: string | undefined;
  /** The folder of the extension. */
  extension: string;
  windows: boolean;
  isFile(path: string): boolean;
}

export type Located = { command: string; args: string[]; why: string } | { missing: string };

/**
 * What a person configured comes first and is never silently replaced: a wrong path is said, not skipped.
 * The search path is not looked at, because a workspace can change what it holds.
 */
export function locate(around: Surroundings): Located {
  if (around.interpreter) return check(around, around.interpreter, "The setting earmark.interpreter", python);
  const bundled = join(around.extension, "bundled", "env", ...(around.windows ? ["python.exe"] : ["bin", "python3"]));
  if (around.isFile(bundled)) return python(bundled, "the environment bundled with the extension");
  if (around.path) return check(around, around.path, "The setting earmark.path", program);
  if (around.environment) return check(around, around.environment, "The environment variable EARMARK_PYTHON", python);
  return { missing: "Set earmark.interpreter to a Python (3.11 or newer) in which Earmark is installed." };
}

function check(
  around: Surroundings,
  path: string,
  source: string,
  start: (path: string, why: string) => Located,
): Located {
  if (!isAbsolute(path)) return { missing: `${source} must be an absolute path, not "${path}".` };
  if (!around.isFile(path)) return { missing: `${source} names "${path}", which is not there.` };
  return start(path, source);
}

/** `-P` keeps the folder the server starts in out of the import path: it may hold a hostile `earmark.py`. */
function python(path: string, why: string): Located {
  return { command: path, args: ["-P", "-m", "earmark", "serve", "--stdio"], why };
}

function program(path: string, why: string): Located {
  return { command: path, args: ["serve", "--stdio"], why };
}
