"""Languages inside other languages: statements of SQL, command lines of the shell.

SQL is split by a scanner that knows quotes and comments, not parsed: dialects differ more than a grammar can hold, and
a rule needs only the words of one statement. Shell is parsed; what is echoed or quoted is never a command.
"""

from __future__ import annotations

import shlex
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from earmark.text.syntax import grammar, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node, Query

_LONGEST = 4000


class Piece(NamedTuple):
    """A statement or command as one line of plain words, and the bytes (0-based, half-open) it stands at."""

    line: str
    start: int
    end: int


_SQL_PARTS = (
    r"--[^\n]*|/\*(?s:.*?)\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\$\$(?s:.*?)\$\$|;|[^-/'\"`$;]+|[-/'\"`$]"
)


def sql_statements(text: bytes) -> list[Piece]:
    """The statements of a script, comments dropped and white space collapsed."""
    from earmark.risk.places import regex

    found: list[Piece] = []
    words: list[str] = []
    begin = end = -1
    source = text.decode("latin-1")
    for token in regex(_SQL_PARTS).finditer(source):
        part = token.group(0)
        if part == ";":
            if words:
                found.append(Piece(" ".join("".join(words).split())[:_LONGEST], begin, token.end()))
            words, begin = [], -1
        elif part.startswith(("--", "/*")):
            words.append(" ")
        else:
            stripped = part.strip()
            if stripped and begin < 0:
                begin = token.start() + len(part) - len(part.lstrip())
            if begin >= 0:
                words.append(part)
                end = token.end() - (len(part) - len(part.rstrip())) if stripped else end
    if words and begin >= 0:
        found.append(Piece(" ".join("".join(words).split())[:_LONGEST], begin, end))
    return found


# Words before the command that is really run.
_PREFIXES = frozenset(
    [
        "sudo",
        "doas",
        "env",
        "nohup",
        "time",
        "nice",
        "ionice",
        "exec",
        "command",
        "builtin",
        "xargs",
        "stdbuf",
        "setsid",
        "then",
        "do",
        "else",
    ]
)
_VALUED = frozenset(["-u", "-g", "-n", "-I", "-P", "-L", "-d", "-s", "-c"])
_SHELLS = frozenset(["sh", "bash", "zsh", "dash", "ksh", "ash"])
_NESTED = 3


@cache
def _command_query() -> Query | None:
    from tree_sitter import Query

    known = grammar("bash")
    return None if known is None else Query(known, "(command) @c")


def shell_commands(text: bytes, root: Node | None = None, nested: int = 0) -> Iterator[Piece]:
    """Every command of a script as plain words: quotes dropped, expansions kept (`rm -rf $DIR/x`), prefixes such as
    `sudo` gone, a path before the command's name gone. What `sh -c` is given counts too."""
    if root is None:
        tree = parse(text, "bash")
        if tree is None:
            return
        root = tree.root_node
    from tree_sitter import QueryCursor

    query = _command_query()
    if query is None:
        return
    nodes = QueryCursor(query).captures(root)
    for node in sorted(nodes.get("c", []), key=lambda n: n.start_byte):
        words = _words(text, node)
        if not words:
            continue
        line = " ".join(words)[:_LONGEST]
        yield Piece(line, node.start_byte, node.end_byte)
        if nested < _NESTED:
            for inner in _handed_on(words):
                for piece in shell_commands(inner.encode(), None, nested + 1):
                    yield Piece(piece.line, node.start_byte, node.end_byte)


def _handed_on(words: list[str]) -> list[str]:
    """Scripts that a command hands to a shell: `bash -c '…'`, `su -c '…'`, `ssh host '…'`, `eval '…'`,
    `find -exec … ;`, and what `docker exec` and `kubectl exec` run inside."""
    name = words[0]
    if name in _SHELLS and "-c" in words[:-1]:
        return [words[words.index("-c") + 1]]
    if name == "eval":
        return [" ".join(words[1:])]
    if name == "ssh" and len(words) > 2:
        return [words[-1]] if " " in words[-1] else []
    if name == "find" and "-exec" in words:
        return [" ".join(words[words.index("-exec") + 1 :]).rstrip("\\;+ ")]
    if name in ("su", "runuser") and "-c" in words[:-1]:
        return [words[words.index("-c") + 1]]
    if name in ("docker", "podman", "kubectl") and "--" in words:
        return [" ".join(words[words.index("--") + 1 :])]
    if name in ("docker", "podman") and words[1:2] == ["exec"]:
        rest = [word for word in words[2:] if not word.startswith("-")]
        return [shlex.join(rest[1:])]
    return []


def _words(text: bytes, command: Node) -> list[str]:
    words = []
    for child in command.named_children:
        if child.type in ("variable_assignment", "file_redirect", "heredoc_redirect", "herestring_redirect"):
            continue
        words.append(_word(text, child))
    index = 0
    while index < len(words) - 1 and (words[index].rsplit("/", 1)[-1] in _PREFIXES or words[index].startswith("-")):
        index += 2 if words[index] in _VALUED and index + 2 < len(words) else 1
        while index < len(words) - 1 and "=" in words[index].split("/")[0] and not words[index].startswith("-"):
            index += 1
    words = words[index:]
    if words and words[0] == "timeout" and len(words) > 2:
        words = words[2:]
    if words:
        words[0] = words[0].rsplit("/", 1)[-1].lstrip("\\")
    return words


def _word(text: bytes, node: Node) -> str:
    raw = text[node.start_byte : node.end_byte].decode("utf-8", "replace")
    if node.type in ("raw_string", "string") and len(raw) > 1:
        return raw[1:-1]
    if node.type == "concatenation":
        return "".join(_word(text, child) for child in node.named_children)
    return raw.replace("\\\n", " ")
