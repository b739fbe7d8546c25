#!/usr/bin/env bash
# Installs the real editors that tests/editors drives, every one pinned: Neovim, VS Code (code-server), and what opens
# its workbench (Node, Playwright, Chromium). Also builds our extension. What is there already is left alone.
#
# They go to tests/editors/.cache, or to $EARMARK_EDITORS. Chromium comes from Debian, whose stable release is the pin.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
pins=$here/installed
cache=${EARMARK_EDITORS:-$here/.cache}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
export NPM_CONFIG_AUDIT=false NPM_CONFIG_FUND=false NPM_CONFIG_UPDATE_NOTIFIER=false NPM_CONFIG_LOGLEVEL=error

# step NAME FILE…: succeeds when NAME has not been done yet with exactly these files.
step() {
  local name=$1 sum
  shift
  sum=$(cat "$@" | sha256sum)
  [ "$(cat "$cache/$name.done" 2>/dev/null)" != "$sum" ] || return 1
  printf '%s\n' "$sum" >"$cache/$name.todo"
  printf '==> %s\n' "$name"
}

finish() {
  mv "$cache/$1.todo" "$cache/$1.done"
}

if step programs "$pins/requirements.txt"; then
  rm -rf "$cache/venv"
  python3 -m venv "$cache/venv"
  "$cache/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$pins/requirements.txt"
  finish programs
fi
export PATH=$cache/venv/bin:$PATH

if step workbench "$pins/package.json" "$pins/package-lock.json"; then
  rm -rf "$cache/npm"
  mkdir "$cache/npm"
  cp "$pins/package.json" "$pins/package-lock.json" "$cache/npm/"
  # Install scripts stay off: they compile what these tests do not use, and fetch.
  npm ci --prefix "$cache/npm" --ignore-scripts
  workbench=$cache/npm/node_modules/code-server/lib/vscode
  # The lock that ships with the workbench leaves out what only peers ask for.
  npm ci --prefix "$workbench" --omit=dev --ignore-scripts --legacy-peer-deps
  npm ci --prefix "$workbench/extensions" --omit=dev --ignore-scripts --legacy-peer-deps
  finish workbench
fi

if ! command -v chromium >/dev/null; then
  echo '==> chromium'
  [ "$(id -u)" = 0 ] || { echo 'chromium is missing: sudo apt-get install chromium, then run this again' >&2; exit 1; }
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >"$cache/apt.log" ||
    { cat "$cache/apt.log" >&2; exit 1; }
fi

extension=$here/../../clients/vscode
[ -d "$extension/node_modules" ] || rm -f "$cache/extension.done"
if step extension "$extension/package.json" "$extension/package-lock.json"; then
  (cd "$extension" && npm ci --ignore-scripts)
  finish extension
fi

# quietly LOG COMMAND…: shows what the command printed only when it fails.
quietly() {
  local log=$1
  shift
  "$@" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
}
cd "$extension"
quietly "$cache/extension.log" npm test
quietly "$cache/extension.log" npm run package
cd "$here/probe"
quietly "$cache/probe.log" "$extension/node_modules/.bin/vsce" package \
  --no-dependencies --allow-missing-repository --skip-license --out "$cache/probe.vsix"
echo "The editors are in $cache"
