#!/usr/bin/env bash
# Installs the real editors that tests/editors drives, every one pinned: Neovim, VS Code (code-server) and what opens
# its workbench (Node, Playwright, Chromium), Emacs, Vim, Kate, the newer Neovim, Emacs and Helix of Debian 13, and the
# assistants whose hooks are tested (Claude Code, Codex, Gemini CLI, OpenCode). Also builds our extension. What is there
# already is left alone.
#
# They go to tests/editors/.cache, or to $EARMARK_EDITORS. What comes from Debian has its release for a pin.
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

if step assistants "$pins/assistants/package.json" "$pins/assistants/package-lock.json"; then
  rm -rf "$cache/assistants"
  mkdir "$cache/assistants"
  cp "$pins/assistants/package.json" "$pins/assistants/package-lock.json" "$cache/assistants/"
  # Not `ci`: it refuses a lock without the builds for other systems, which a registry may not have.
  npm install --prefix "$cache/assistants" --ignore-scripts
  finish assistants
fi

# as_root WHAT: stops with advice unless this is root.
as_root() {
  [ "$(id -u)" = 0 ] || { echo "$1 is missing: run this once as root, then again" >&2; exit 1; }
}

packages='chromium fonts-dejavu-core neovim emacs-lucid elpa-eglot elpa-lsp-mode vim-nox vim-ale kate tmux xvfb xdotool
  imagemagick dbus debootstrap'
missing=$(for package in $packages; do dpkg -s "$package" >/dev/null 2>&1 || echo "$package"; done)
if [ -n "$missing" ]; then
  echo "==> debian: $(echo $missing)"
  as_root "$(echo $missing)"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >"$cache/apt.log" 2>&1 ||
    { cat "$cache/apt.log" >&2; exit 1; }
fi

if [ ! -e "$cache/trixie.done" ]; then
  echo '==> trixie'
  as_root 'the root folder of Debian 13'
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian' | sort -u | head -n 1)
  rm -rf "$cache/trixie"
  debootstrap --variant=minbase --include=neovim,emacs-nox,hx trixie "$cache/trixie" "$mirror" \
    >"$cache/trixie.log" 2>&1 || { tail -n 20 "$cache/trixie.log" >&2; exit 1; }
  mkdir "$cache/trixie/host"
  touch "$cache/trixie.done"
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
