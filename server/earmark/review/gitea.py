"""Who owns a path in Gitea's and Forgejo's CODEOWNERS: regular expressions, and every line that matches counts.

Rules ("Code Owners" of Gitea's documentation, and the reader of 1.21 to 1.26): a line is an expression and owners,
parted by blanks; a backslash escapes the next character, so one for the expression is written twice; `#` begins a
comment; `!` before the expression turns it round. The expression is Go's, which is RE2's, put between `^` and `$` as it
is, so of `a|b` the first half is bound to the start alone. Owners are `@user` and `@org/team`, the `@` may be missing;
what is neither is left out, and a line without owners is skipped. The first file of `LOCATIONS` counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from earmark.review.owners import Ownership, Problem

LOCATIONS: Final = {
    "gitea": ("CODEOWNERS", "docs/CODEOWNERS", ".gitea/CODEOWNERS"),
    "forgejo": ("CODEOWNERS", "docs/CODEOWNERS", ".gitea/CODEOWNERS", ".forgejo/CODEOWNERS"),
}
_OWNER: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)?", re.ASCII)
_PLAIN: Final = re.compile(r"[^.+*?()|\[\]{}^$\\/]+/(?![*?{])")
_MEMORY: Final = 256 << 20  # bytes that all expressions together may take


class _Rule(NamedTuple):
    line: int
    owners: tuple[str, ...]
    expression: bytes
    turned: bool


class GiteaOwners:
    """A CODEOWNERS file of this dialect. Expressions that begin with a plain folder are tried for paths in it alone;
    all that are tried for a path are matched at once."""

    def __init__(self, text: str, source: str = "CODEOWNERS") -> None:
        self._source = source
        self._problems: list[Problem] = []
        self._rules: list[_Rule] = []
        self._in_folder: dict[bytes, list[int]] = {}
        self._matchers: dict[bytes, Callable[[bytes], set[int]]] = {}
        trial = _new_set()
        for number, line in enumerate(text.split("\n"), 1):
            self._read(number, line, trial)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(self._problems)

    def of(self, path: str) -> tuple[Ownership, ...]:
        """What is asked for `path`: one entry for each line that applies, in the order of the file."""
        name = path.encode("utf-8", "surrogateescape")
        folder, slash, _ = name.partition(b"/")
        found = self._matching(b"", name) | (self._matching(folder + slash, name) if slash else set())
        rules = [self._rules[at] for at in sorted(found)]
        return tuple(Ownership("", rule.owners, 1, False, self._source, rule.line) for rule in rules)

    def _matching(self, folder: bytes, path: bytes) -> set[int]:
        """The places of the rules kept for `folder` (empty: for every path) that apply to `path`."""
        if folder not in self._in_folder:
            return set()
        if folder not in self._matchers:
            self._matchers[folder] = _matcher(self._rules, self._in_folder[folder])
        return self._matchers[folder](path)

    def _read(self, number: int, line: str, trial: Any) -> None:
        import re2

        words = _words(line)
        if not words:
            return
        names = (word.removeprefix("@") for word in words[1:])
        owners = tuple(dict.fromkeys(f"@{name}" for name in names if _OWNER.fullmatch(name)))
        if not owners:
            self._problems.append(Problem(self._source, number, "no user and no team: the forge skips the line"))
            return
        if len(owners) < len(words) - 1:
            self._problems.append(Problem(self._source, number, "an owner that is no user and no team is left out"))
        turned = words[0].startswith("!")
        expression = words[0].removeprefix("!")
        rule = _Rule(number, owners, f"^{expression}$".encode("utf-8", "surrogateescape"), turned)
        try:
            trial.Add(rule.expression)
        except re2.error:
            said = "not a regular expression as Go reads them: the forge skips the line"
            self._problems.append(Problem(self._source, number, said))
            return
        folder = b"" if turned else _folder(expression).encode("utf-8", "surrogateescape")
        self._in_folder.setdefault(folder, []).append(len(self._rules))
        self._rules.append(rule)


def _new_set() -> Any:
    import re2

    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    return re2.Set.SearchSet(options)


def _matcher(rules: Sequence[_Rule], places: Sequence[int]) -> Callable[[bytes], set[int]]:
    expressions = _new_set()
    for at in places:
        expressions.Add(rules[at].expression)
    expressions.Compile()

    def matching(path: bytes) -> set[int]:
        matched = set(expressions.Match(path) or ())
        return {at for number, at in enumerate(places) if (number in matched) != rules[at].turned}

    return matching


def _folder(expression: str) -> str:
    """The top folder, with its slash, that every path the expression matches lies in; empty where there is none."""
    plain = _PLAIN.match(expression)
    return plain[0] if plain and not _has_alternatives(expression) else ""


def _has_alternatives(expression: str) -> bool:
    """Whether a bar stands outside every group; with character classes, whether there is a bar at all."""
    bare = re.sub(r"\\.", "", expression)
    if "|" not in bare or "[" in bare:
        return "|" in bare
    depth = 0
    for char in bare:
        if char == "|" and depth <= 0:
            return True
        depth += (char == "(") - (char == ")")
    return False


def _words(line: str) -> list[str]:
    """The words of a line up to a comment; a backslash keeps the next character as it is."""
    out: list[str] = []
    word, escaped = "", False
    for char in line.strip().replace("\t", " "):
        if escaped:
            word, escaped = word + char, False
        elif char == "\\":
            escaped = True
        elif char == "#":
            break
        elif char == " ":
            out += [word] if word else []
            word = ""
        else:
            word += char
    return [*out, word] if word else out


def find(read: Callable[[str], bytes | None], kind: str) -> GiteaOwners | None:
    """The file that counts in a tree, None where there is none. `read` gives a file's bytes at the target, or None."""
    for path in LOCATIONS[kind]:
        data = read(path)
        if data is not None:
            return GiteaOwners(data.decode("utf-8-sig", "surrogateescape"), path)
    return None
