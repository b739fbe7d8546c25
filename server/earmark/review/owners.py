"""Who owns a path: the CODEOWNERS dialects of GitHub and GitLab; `prow` and `gitea` read the others.

Rules
- GitHub ("About code owners"): the last matching line of the file wins; a line without owners clears ownership; a line
  with `!`, `[ ]`, an escaped leading `#` or an owner that is neither a mention nor an address is skipped as a whole.
- GitLab ("Code Owners" reference, 18.5): the last match wins in each section and sections add up; headings give
  `^` optional, `[2]` approvals and default owners; `!` excludes for good within its section; malformed owners are left
  out; patterns follow Ruby's `File.fnmatch` with dot files matched and `*` kept inside a segment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple, Protocol

from earmark.review.patterns import ANY_DEPTH, PathIndex

GITHUB_LIMIT: Final = 3 * 1024 * 1024
LOCATIONS: Final = {
    "github": (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"),
    "gitlab": ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"),
}
DEFAULT_SECTION: Final = "codeowners"
_ADDRESS: Final = r"[^\s@#]+@[^\s@#]+\.[^\s@#]+"
_GITHUB_OWNER: Final = re.compile(rf"@[A-Za-z0-9][\w.-]*(?:/[\w.-]+)?|{_ADDRESS}")
_GITLAB_OWNER: Final = re.compile(rf"@@(?:developer|maintainer|owner)s?|@[A-Za-z0-9_][\w./-]*|{_ADDRESS}", re.ASCII)
_HEADING: Final = re.compile(r"(\^)?\[([^\[\]]+)\](?:\[(\d*)\])?(?:\s+(.*))?", re.ASCII)
_ENTRY: Final = re.compile(r"((?:\\.|[^\s\\]|\\$)+)\s*(.*)")


class Problem(NamedTuple):
    """A line (1-based) that could not be read as written, and what was done about it."""

    source: str
    line: int
    message: str


class Ownership(NamedTuple):
    """What one section (or one file, where the dialect has none) asks for one path.

    `owners` are as written: `@user`, `@org/team`, an address, `@@maintainer`; any `approvals` of them approve. `source`
    and `line` (1-based, 0 when a whole file says it) are where it is written. `reviewers` may review but not approve.
    """

    section: str
    owners: tuple[str, ...]
    approvals: int
    optional: bool
    source: str
    line: int
    reviewers: tuple[str, ...] = ()


class Owners(Protocol):
    """An ownership file, or several, read."""

    @property
    def problems(self) -> tuple[Problem, ...]: ...

    def of(self, path: str) -> tuple[Ownership, ...]:
        """What is asked for `path` (repository-relative, `/` between segments); empty when nobody owns it."""
        ...


class _Section(NamedTuple):
    name: str
    approvals: int
    defaults: tuple[str, ...]


class _Rule(NamedTuple):
    line: int
    owners: tuple[str, ...]
    section: _Section


class CodeOwners:
    """A CODEOWNERS file of one dialect."""

    def __init__(self, source: str, *, sets: bool) -> None:
        self._source = source
        self._index = PathIndex(sets=sets)
        self._rules: list[_Rule] = []
        self._problems: list[Problem] = []
        self._keys: dict[str, int] = {}
        self._required: set[int] = set()

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(self._problems)

    def of(self, path: str) -> tuple[Ownership, ...]:
        found = self._index.lookup(path)
        out: list[Ownership] = []
        for slot in sorted(found):
            if slot % 2 or slot + 1 in found:
                continue
            rule = self._rules[found[slot]]
            if rule.owners:
                optional = slot // 2 not in self._required
                approvals = 0 if optional else rule.section.approvals
                out.append(Ownership(rule.section.name, rule.owners, approvals, optional, self._source, rule.line))
        return tuple(out)

    def _problem(self, line: int, message: str) -> None:
        self._problems.append(Problem(self._source, line, message))

    def _open(self, name: str, *, optional: bool) -> tuple[str, int]:
        """The section's key and slot; the name is not case-sensitive, and optional only if every heading says so."""
        key = name.casefold()
        slot = self._keys.setdefault(key, len(self._keys))
        if not optional:
            self._required.add(slot)
        return key, slot

    def _add(self, segments: Iterable[str], slot: int, rule: _Rule, *, exact: bool, below: bool) -> None:
        self._index.add(segments, slot, len(self._rules), exact=exact, below=below)
        self._rules.append(rule)


def parse_github(text: str, source: str = "CODEOWNERS") -> CodeOwners:
    """Read GitHub's dialect."""
    out = CodeOwners(source, sets=False)
    if len(text.encode("utf-8", "surrogatepass")) > GITHUB_LIMIT:
        out._problem(1, "larger than 3 MB: GitHub does not load it, so nobody is a code owner")
        return out
    section = _Section("", 1, ())
    _, slot = out._open("", optional=False)
    valid: dict[str, bool] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.isspace() or line.lstrip().startswith("#"):
            continue
        pattern, rest = _split_entry(line.strip())
        owners = tuple(rest.split("#", 1)[0].split())
        wrong = _github_error(pattern, owners, valid)
        if wrong:
            out._problem(number, f"{wrong}: GitHub skips the line")
            continue
        segments, exact, below = _github_segments(pattern)
        out._add(segments, 2 * slot, _Rule(number, owners, section), exact=exact, below=below)
    return out


def _github_error(pattern: str, owners: tuple[str, ...], valid: dict[str, bool]) -> str:
    if pattern.startswith("!"):
        return "a pattern cannot be negated with !"
    if pattern.startswith("\\#"):
        return "a leading # cannot be escaped"
    if "[" in pattern or "]" in pattern:
        return "character ranges do not work"
    for owner in owners:
        if owner not in valid:
            valid[owner] = _GITHUB_OWNER.fullmatch(owner) is not None
        if not valid[owner]:
            return f"{owner[:80]!r} is neither @user, @org/team nor an address"
    return ""


def _github_segments(pattern: str) -> tuple[list[str], bool, bool]:
    """Segments, and whether the pattern names a path (exact) and whatever lies below it."""
    folder = pattern.endswith("/")
    body = pattern.strip("/")
    anchored = pattern.startswith("/") or "/" in body
    segments = [part for part in body.split("/") if part]
    if not segments:
        return [ANY_DEPTH, "*"], True, False
    if segments[-1] == ANY_DEPTH and len(segments) > 1:
        return segments[:-1], False, True
    if segments == [ANY_DEPTH]:
        return [ANY_DEPTH, "*"], True, False
    if not anchored:
        segments.insert(0, ANY_DEPTH)
    only_children = segments[-1] == "*" and len(segments) > 1 and not folder
    return segments, not folder, folder or not only_children


def parse_gitlab(text: str, source: str = "CODEOWNERS") -> CodeOwners:
    """Read GitLab's dialect."""
    out = CodeOwners(source, sets=True)
    _, slot = out._open(DEFAULT_SECTION, optional=False)
    section = _Section(DEFAULT_SECTION, 1, ())
    names = {DEFAULT_SECTION: DEFAULT_SECTION}
    known: dict[str, tuple[str, ...]] = {}
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line[0] == "#":
            continue
        if line[0] in "[^":
            heading = _HEADING.fullmatch(line)
            if heading is not None:
                key, slot = out._open(heading[2].strip(), optional=heading[1] is not None)
                name = names.setdefault(key, heading[2].strip())
                section = _Section(name, max(1, int((heading[3] or "1")[:3])), _gitlab_owners(heading[4] or ""))
                continue
            out._problem(number, "not a section heading: GitLab reads it as an entry of the section above")
        _gitlab_entry(out, number, line, slot, section, known)
    return out


def _gitlab_entry(
    out: CodeOwners, number: int, line: str, slot: int, section: _Section, known: dict[str, tuple[str, ...]]
) -> None:
    excluded = line[0] == "!"
    pattern, rest = _split_entry(line[1:].lstrip() if excluded else line)
    if rest not in known:
        known[rest] = _gitlab_owners(rest)
    owners = known[rest] or section.defaults
    if not owners and not excluded:
        out._problem(number, "no valid owner: GitLab approves such an entry by itself")
    segments, exact, below = _gitlab_segments(pattern)
    out._add(segments, 2 * slot + excluded, _Rule(number, owners, section), exact=exact, below=below)


def _gitlab_owners(text: str) -> tuple[str, ...]:
    found = (word.rstrip("/.,") for word in text.split() if _GITLAB_OWNER.fullmatch(word.rstrip("/.,")))
    return tuple(dict.fromkeys(word.removesuffix("s") if word.startswith("@@") else word for word in found))


def _gitlab_segments(pattern: str) -> tuple[list[str], bool, bool]:
    folder = pattern.endswith("/")
    segments = [part for part in pattern.split("/") if part]
    if not pattern.startswith("/"):
        segments.insert(0, ANY_DEPTH)
    if not folder and segments and segments[-1] == ANY_DEPTH:
        segments[-1] = "*"  # fnmatch knows `**` only before a slash
    if not segments:
        return [ANY_DEPTH, "*"], True, False
    return segments, not folder, folder


def _split_entry(line: str) -> tuple[str, str]:
    """The pattern up to white space that no backslash escapes, and what follows it."""
    if "\\" not in line:
        pattern, _, rest = line.replace("\t", " ").partition(" ")
        return pattern, rest.strip()
    match = _ENTRY.fullmatch(line)
    return (match[1], match[2]) if match else (line, "")


def find(read: Callable[[str], bytes | None], dialect: str) -> CodeOwners | None:
    """The CODEOWNERS file that counts in a tree: the first of the forge's places that has one. `read` gives a file's
    bytes at the target ref, or None. `dialect` is "github" or "gitlab"."""
    for path in LOCATIONS[dialect]:
        data = read(path)
        if data is not None:
            text = data.decode("utf-8-sig", "surrogateescape")
            return parse_gitlab(text, path) if dialect == "gitlab" else parse_github(text, path)
    return None
