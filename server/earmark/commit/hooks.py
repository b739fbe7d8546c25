"""The git hooks as POSIX shell text.

Each begins with the hook that was there before (moved aside, its exit code respected) and leaves as early as it can,
with shell built-ins only: git runs prepare-commit-msg for every pick of a rebase.
"""

from __future__ import annotations

from earmark.trailers.attribution import ADDRESSES

NAMES = ("prepare-commit-msg", "commit-msg", "post-rewrite", "post-merge", "pre-push")
MOVED = ".before-earmark"
REFUSED = 100
"""Exit code of `earmark hook` that makes the git command fail; every other one is turned into success."""

_MARK = "# earmark hook, version 1. "

_HEAD = """\
#!/bin/sh
{mark}`earmark init --undo` takes it out and puts back what stood here before.
"""

# The hook that was here before sees the same arguments and standard input as ours. A shell script is read in a subshell
# instead of being run, so that `$0` is still the name git gave it: hook managers find their own files by it.
_CHAIN = """\
before=$0{moved}
code=0
if [ -x "$before" ]; then
  IFS= read -r line <"$before"
  case $line in
    '#!/bin/sh' | '#!/usr/bin/env sh') ( . "$before" ) ;;
    *) "$before" "$@" ;;
  esac
  code=$?
fi
[ $code -eq 0 ] || exit $code
"""
_CHAIN_WITH_INPUT = """\
before=$0{moved}
input=
code=0
if [ -x "$before" ]; then
  input=$(cat; echo .)
  IFS= read -r line <"$before"
  case $line in
    '#!/bin/sh' | '#!/usr/bin/env sh') printf %s "${{input%.}}" | ( . "$before" ) ;;
    *) printf %s "${{input%.}}" | "$before" "$@" ;;
  esac
  code=$?
fi
[ $code -eq 0 ] || exit $code
"""

_FOLDERS = """\
dir=${GIT_DIR:-.git}
if [ ! -d "$dir" ]; then
  IFS= read -r line <"$dir"
  dir=${line#gitdir: }
fi
common=$dir
if [ -f "$dir/commondir" ]; then
  IFS= read -r line <"$dir/commondir"
  case $line in /*) common=$line ;; *) common=$dir/$line ;; esac
fi
ours=$common/earmark
"""

# `active` stands for AI text that is not committed yet, `always` for a policy that declares every commit; a policy
# file newer than `policy` has not been looked at. A commit message that git or the user took from elsewhere (amend,
# squash, merge, revert) may need its declaration made again even when nothing is waiting; an assistant that calls
# itself a co-author is evidence that no other hook may have brought.
_PREPARE = """\
[ "$2" = message ] && [ -z "$GIT_AUTHOR_DATE" ] && [ -e "$dir/CHERRY_PICK_HEAD" ] && exit 0
wanted=
[ -e "$ours/active" ] || [ -e "$ours/always" ] && wanted=1
[ -e "$dir/earmark/pending" ] || [ -e "$dir/earmark/next" ] && wanted=1
[ -e .earmark.toml ] && [ ! -e "$ours/policy" ] || [ .earmark.toml -nt "$ours/policy" ] && wanted=1
[ -z "$EARMARK_BASE_POLICY" ] || wanted=1
if [ -z "$wanted" ] && [ -e "$ours/ledger.db" ]; then
  case $2 in commit | squash | merge) wanted=1 ;; esac
  [ -e "$dir/rebase-merge/current-fixups" ] && wanted=1
  if [ -n "$wanted" ]; then :
  elif [ -r "/proc/$PPID/cmdline" ]; then
    while IFS= read -r line || [ -n "$line" ]; do
      case $line in *--am* | *revert*) wanted=1 ;; esac
    done <"/proc/$PPID/cmdline"
  else
    case $(ps -o args= -p "$PPID" 2>/dev/null) in *--am* | *revert*) wanted=1 ;; esac
  fi
fi
if [ -z "$wanted" ]; then
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
      [Cc]o-[Aa]uthored-[Bb]y:*"<"*)
        case $line in {addresses}) wanted=1 ;; esac ;;
    esac
  done <"$1"
fi
[ -n "$wanted" ] || exit 0
"""

_COMMIT_MSG = """\
[ -e "$dir/earmark/pending" ] || exit 0
"""

_POST_REWRITE = """\
[ "$1" = rebase ] && [ -e "$ours/ledger.db" ] || exit 0
[ -e "$ours/active" ] || [ -e "$common/refs/notes/ai" ] || [ -e "$common/packed-refs" ] || exit 0
"""

_POST_MERGE = """\
[ -e "$ours/active" ] || exit 0
"""

_PRE_PUSH = """\
[ -e "$ours/active" ] || [ -e "$common/refs/notes/ai" ] || [ -e "$common/packed-refs" ] || exit 0
"""

_START = """\
python={python}
if [ ! -x "$python" ]; then
  echo "earmark: $python is gone, nothing is declared; run \\`earmark init --git-hooks\\` again" >&2
  exit 0
fi
{feed}EARMARK_GIT_PID=$PPID "$python" -EP -c 'from earmark.cli import main; raise SystemExit(main())' hook {name} "$@"
code=$?
[ $code -eq {refused} ] && exit 1
[ $code -eq 0 ] || echo "earmark: the {name} hook failed ($code), git goes on without it; run \\`earmark doctor\\`" >&2
exit 0
"""


def _any_case(address: str) -> str:
    """A shell pattern for a line that ends in `<address>`, in any case."""
    letters = (
        f"[{char.upper()}{char}]" if char.isalpha() else f"\\{char}" if char in "[]" else char for char in address
    )
    return '*"<"' + "".join(letters) + '">"'


_BODIES = {
    "prepare-commit-msg": _PREPARE.replace("{addresses}", " | ".join(map(_any_case, ADDRESSES))),
    "commit-msg": _COMMIT_MSG,
    "post-rewrite": _POST_REWRITE,
    "post-merge": _POST_MERGE,
    "pre-push": _PRE_PUSH,
}
_READS_INPUT = ("post-rewrite", "pre-push")


def script(name: str, interpreter: str) -> bytes:
    """The text of hook `name`, which starts the Python at the absolute path `interpreter`."""
    reads = name in _READS_INPUT
    feed = '[ -n "$input" ] && exec <<END\n${input%.}\nEND\n' if reads else ""
    text = (
        _HEAD.format(mark=_MARK)
        + (_CHAIN_WITH_INPUT if reads else _CHAIN).format(moved=MOVED)
        + _FOLDERS
        + _BODIES[name]
        + _START.format(python=_quoted(interpreter), name=name, refused=REFUSED, feed=feed)
    )
    return text.encode("utf-8", "surrogateescape")


def head() -> bytes:
    """How every hook of this version begins."""
    return _HEAD.format(mark=_MARK).encode()


def is_ours(text: bytes) -> bool:
    """Whether a hook file was written by `script`, by this version or another."""
    return text.startswith(b"#!/bin/sh\n# earmark hook, version ")


def interpreter_of(text: bytes) -> str:
    """The interpreter a hook of ours starts, empty when it names none."""
    for line in text.split(b"\n"):
        if line.startswith(b"python='") and line.endswith(b"'"):
            return line[8:-1].decode("utf-8", "surrogateescape").replace("'\\''", "'")
    return ""


def _quoted(path: str) -> str:
    return "'" + path.replace("'", "'\\''") + "'"
