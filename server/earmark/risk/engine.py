"""Run the rules over a text."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING

from earmark.risk import configuration, embedded, migrations, objects, required
from earmark.risk.finding import Finding, Fix, in_order, shift
from earmark.risk.fixes import fix
from earmark.risk.places import Hit, last_segment, name_matches, regex
from earmark.risk.program import Entry, Program, program_for
from earmark.risk.query import MATCH_LIMIT
from earmark.risk.rules import Matcher, RuleSet
from earmark.risk.source import Source
from earmark.risk.spans import TALLEST, Ranges, clipped, merged, touching
from earmark.risk.suppress import suppressed
from earmark.text.syntax import parse

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

    from earmark.text.edits import Edit

# Seconds a file may take; what was found by then is kept and an error says that the rest was not looked at.
TIME_LIMIT = 2.0
_TEST_PATH = (
    r"(?i)(?:^|/)(?:tests?|__tests__|spec|specs|testdata|testing|e2e|conftest\.py)/|(?:^|/)(?:test_[^/]*|conftest)\.py$"
    r"|[^/](?:_test|_spec|\.test|\.spec|(?-i:Tests?|IT|Spec))\.\w+$"
)


def is_test_path(path: str) -> bool:
    """Whether a path is test code by the conventions of the languages we know."""
    return bool(regex(_TEST_PATH).search(path))


def _tests_from(text: bytes, language: str) -> int:
    """The offset where the test module of a Rust file begins; the length of the text where there is none."""
    at = (
        regex(r"(?m)^#\[cfg\((?:all\()?test\b[^\n]*\n(?:#\[[^\n]*\n)*(?:pub )?mod \w+ \{").search(text)
        if language == "rust"
        else None
    )
    return at.start() if at is not None else len(text) + 1


def scan(
    text: bytes,
    language: str,
    path: str,
    *,
    ranges: Ranges | None = None,
    tree: Tree | None = None,
    source: Source | None = None,
    rules: RuleSet,
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """`(findings, errors)` for `text`, never an exception.

    `ranges` are byte ranges (0-based, half-open): only findings that touch one are looked for; None is the whole
    file. `tree` is the tree of exactly this text when the caller has it; `source` that text and tree, from a caller who
    scans it piece by piece and asks of the whole file once. Findings are sorted by place. An error is a sentence for
    the user: a rule that broke, or a file cut at the time limit.
    """
    if language == "php" and b"<?" not in text and tree is None:
        language = "php-fragment"
    try:
        run = _Run(text, language, path, ranges, rules, source)
        run.all(tree)
    except Exception as problem:  # noqa: BLE001 - an analyser must not take the editor or the commit down with it
        return (), (f"{path}: not scanned: {type(problem).__name__}: {problem}",)
    found = [f for f in run.found if not any(suppressed(text, f.rule, place) for place in (f.start, f.end))]
    return in_order(found), tuple(dict.fromkeys(run.errors))


class _Run:
    """One scan: what is looked at, what was found."""

    def __init__(
        self, text: bytes, language: str, path: str, ranges: Ranges | None, rules: RuleSet, source: Source | None
    ) -> None:
        self.text, self.language, self.path = text, language, path
        self.ranges = merged(ranges, len(text)) if ranges is not None else None
        self.program: Program = program_for(rules, language)
        self.found: list[Finding] = []
        self.source = source
        self._wanted: dict[int, bool] = source.wanted if source is not None else {}
        self.errors: list[str] = []
        self.deadline = monotonic() + TIME_LIMIT
        self.in_tests = is_test_path(path)
        self.tests_from = _tests_from(text, language)

    def all(self, tree: Tree | None) -> None:
        self.lines()
        if self.language == "sql":
            self.sql()
            return
        source = self.source
        if source is None:
            tree = tree or parse(self.text, self.language)
            if tree is None:
                return
            source = Source(self.text, tree, self.language, self.path)
        if self.program.query is not None:
            self.matches(source)
        if self.language in configuration.LANGUAGES:
            self.configuration(source)
        if self.language in ("bash", "dockerfile"):
            self.commands(source)

    def touches(self, start: int, end: int) -> bool:
        return self.ranges is None or touching(self.ranges, start, end)

    def wanted(self, entry: Entry) -> bool:
        """Whether the matcher can find anything in this file: asked once, before anything is judged."""
        _, rule, matcher = entry
        known = self._wanted.get(id(matcher))
        if known is None:
            known = (rule.tests or not self.in_tests) and (
                not matcher.needs or any(need in self.text for need in matcher.needs)
            )
            self._wanted[id(matcher)] = known
        return known

    def late(self) -> bool:
        if monotonic() < self.deadline:
            return False
        self.errors.append(f"{self.path}: scan stopped after {TIME_LIMIT:g} s; what follows was not looked at")
        return True

    def add(self, entry: Entry, start: int, end: int, fix: Fix | None = None, detail: str = "") -> None:
        rule = entry[1]
        if ((self.in_tests or start >= self.tests_from) and not rule.tests) or not self.touches(start, end):
            return
        end = clipped(self.text, start, end)
        self.found.append(Finding(rule.id, rule.category, rule.severity, start, end, rule.why, rule.hint, detail, fix))

    def lines(self) -> None:
        """Rules on the raw text, for any file."""
        spans = self.ranges if self.ranges is not None else [(0, len(self.text))]
        for entry in self.program.texts:
            expression, _, matcher = entry
            if not self.wanted(entry) or self.late():
                continue
            for first, end in spans:
                start = self.text.rfind(b"\n", 0, first) + 1
                stop = self.text.find(b"\n", end)
                piece = self.text[start : stop if stop >= 0 else len(self.text)]
                for match in regex(expression).finditer(piece):
                    if self._text_holds(matcher, match, piece):
                        self.add(entry, start + match.start(), start + match.end())

    def _text_holds(self, matcher: Matcher, match: object, piece: bytes) -> bool:
        from earmark.risk.flow import entropy

        start, end = match.span()  # type: ignore[attr-defined]
        line_start, line_end = piece.rfind(b"\n", 0, start) + 1, piece.find(b"\n", end)
        line = piece[line_start : line_end if line_end >= 0 else len(piece)]
        if matcher.but and regex(matcher.but).search(line[:1000]):
            return False
        groups = match.groups()  # type: ignore[attr-defined]
        value = next((g for g in groups if g), match.group(0))  # type: ignore[attr-defined]
        return not matcher.entropy or entropy(value.decode("latin-1")) >= matcher.entropy

    def sql(self) -> None:
        pieces = embedded.sql_statements(self.text)
        for piece, facts in zip(pieces, migrations.facts([piece.line for piece in pieces]), strict=True):
            for entry in self.program.statements.match(piece.line):
                if self._plain_holds(entry, piece.line, facts):
                    self.add(entry, piece.start, piece.end)

    def _plain_holds(self, entry: Entry, line: str, facts: frozenset[str] = frozenset()) -> bool:
        matcher = entry[2]
        if not self.wanted(entry) or (matcher.but and regex(matcher.but).search(line)):
            return False
        for table in matcher.at:
            holds = (
                table["fact"] in facts
                if "fact" in table
                else bool(regex(table["matches"]).search(self.text.decode("latin-1")))
            )
            if holds == bool(table.get("not")):
                return False
        return True

    def commands(self, source: Source) -> None:
        if self.language == "bash":
            self._shell(self.text, 0, None, source.root)
            return
        for node in source.root.named_children:
            if node.type in ("run_instruction", "cmd_instruction", "entrypoint_instruction") and node.named_child_count:
                inside = node.named_children[-1]
                self._shell(self.text[inside.start_byte : node.end_byte], inside.start_byte, None, None)

    def _shell(self, text: bytes, offset: int, host: Node | None, root: Node | None) -> None:
        for piece in embedded.shell_commands(text, root):
            start, end = (host.start_byte, host.end_byte) if host is not None else (
                offset + piece.start, offset + piece.end)  # fmt: skip
            if not self.touches(start, end):
                continue
            for entry in self.program.commands.match(piece.line):
                if self._plain_holds(entry, piece.line):
                    self.add(entry, start, end)

    def configuration(self, source: Source) -> None:
        """Rules on the objects of a configuration file, and the scripts in it."""
        for thing in configuration.objects(source):
            if not self.touches(thing.value.node.start_byte, thing.value.node.end_byte):
                continue
            said = self._required(thing)
            for entry in self.program.objects.match(thing.kind):
                matcher = entry[2]
                if matcher.family and matcher.family != thing.family:
                    continue
                if matcher.but and regex(matcher.but).search(source.of(thing.value.node)):
                    continue
                for start, end in objects.judge(thing, matcher.at, self.text):
                    if (start, end, entry[1].category) not in said:
                        self.add(entry, start, end)
            for path in configuration.SCRIPTS.get(thing.kind, ()):
                for run in (value for value in objects.at(thing.value, path) if value.text):
                    begin = run.node.start_byte + (1 if source.of(run.node)[:1] in "|>" else 0)
                    self._shell(self.text[begin : run.node.end_byte], begin, None, None)
            if self.late():
                return

    def _required(self, thing: objects.Object) -> set[tuple[int, int, str]]:
        """What tables ask of an object; the places (start, end, category) where one of them found something."""
        asked = self.program.required.get(thing.kind, ())
        rows = [(row, index, entry[1].category) for index, (row, entry) in enumerate(asked)]
        head, places = thing.head.start_byte, set()
        for index, node, said in required.found(thing, rows):
            entry = asked[index][1]
            places.add((node.start_byte, node.end_byte, entry[1].category))
            # A resource this small is marked from its name on: the setting alone does not say whose it is.
            near = thing.family == "terraform" and self.text.count(b"\n", head, node.end_byte) < TALLEST
            self.add(entry, head if near else node.start_byte, node.end_byte, detail=said)
        return places

    def matches(self, source: Source) -> None:
        from tree_sitter import QueryCursor

        assert self.program.query is not None
        cursor = QueryCursor(self.program.query, match_limit=MATCH_LIMIT)
        spans: list[tuple[int, int] | None] = [None] if self.ranges is None else list(self.ranges)
        for span in spans:
            if span is not None:
                cursor.set_byte_range(span[0], max(span[1], span[0] + 1))
            found = cursor.matches(source.root)
            if cursor.did_exceed_match_limit:
                self.errors.append(f"{self.path}: more candidates at once than {MATCH_LIMIT}; some were not looked at")
            roles: dict[int, str | tuple[Entry, ...]] = {}
            for number, (index, captures) in enumerate(found):
                if number % 128 == 127 and self.late():
                    return
                role = roles.get(index)
                if role is None:
                    role = self.program.roles[index]
                    if not isinstance(role, str):
                        role = tuple(entry for entry in role if self.wanted(entry))
                    roles[index] = role
                if role:
                    self._match(source, role, captures)

    def _match(self, source: Source, role: str | tuple[Entry, ...], found: dict[str, list[Node]]) -> None:
        if role == "call":
            self._call(source, found["match"][0])
            return
        if role == "string":
            self._string(source, found["match"][0])
            return
        captures = {name: nodes[0] for name, nodes in found.items()}
        if isinstance(role, str):
            self._setting(source, captures)
            return
        node = captures.get("match") or next(iter(captures.values()), None)
        if node is not None:
            hit = Hit(node, captures, node.type in source.profile.calls)
            for entry in role:
                self._judge(source, entry, hit)

    def _call(self, source: Source, node: Node) -> None:
        names = source.names(node)
        seen = set()
        for last in {last_segment(name) for name in names}:
            for entry in (*self.program.calls.get(last, ()), *self.program.calls.get("*", ())):
                key = id(entry[2])
                if (
                    key in seen
                    or not self.wanted(entry)
                    or not name_matches(entry[0], names, source.profile.suffix_names)
                ):
                    continue
                if self._judge(source, entry, Hit(node, {"match": node}, True)):
                    seen.add(key)

    def _setting(self, source: Source, captures: dict[str, Node]) -> None:
        key = source.of(captures["key"]).strip("'\"`:@$ ")
        if len(key) > 200:
            return
        for entry in filter(self.wanted, self.program.settings.match(key)):
            self._judge(source, entry, Hit(captures["setting"], captures))

    def _string(self, source: Source, node: Node) -> None:
        size = node.end_byte - node.start_byte
        if size < 5 or size > 20_000:
            return
        content = source.of(node)
        for entry in self.program.strings.match(content):
            if self.wanted(entry) and not (entry[2].but and regex(entry[2].but).search(content)):
                self._judge(source, entry, Hit(node, {"match": node}))
        if self.language in ("bash", "yaml"):
            return
        if self.program.statements and regex(_SQL_START).search(content[:60]):
            line = " ".join(content.strip("rRbBuUfF@$").strip("\"'`").split())
            for entry in self.program.statements.match(line):
                if self._plain_holds(entry, line) and not _in_docstring(source, node):
                    self.add(entry, node.start_byte, node.end_byte)
        if self.program.commands and regex(_SHELL_START).search(content[:60]):
            script = content.strip("rRbBuUfF@$").strip("\"'`")
            for piece in embedded.shell_commands(script.encode()):
                for entry in self.program.commands.match(piece.line):
                    if self._plain_holds(entry, piece.line) and not _in_docstring(source, node):
                        self.add(entry, node.start_byte, node.end_byte)

    def _judge(self, source: Source, entry: Entry, hit: Hit) -> bool:
        matcher = entry[2]
        if not all(test(source, hit) for test in matcher.when) or any(test(source, hit) for test in matcher.unless):
            return False
        node = hit.captures.get(matcher.mark, hit.node)
        self.add(entry, node.start_byte, node.end_byte, fix(source, entry[1], hit))
        return True


_SQL_START = r"(?i)^[rbuf@$]{0,2}[\"'`]{1,3}\s*(?:drop|truncate|delete|update|alter|grant|create|flush)\s+\w"
_SHELL_START = (
    r"(?i)^[rbuf@$]{0,2}[\"'`]{1,3}\s*(?:sudo\s+)?(?:rm|terraform|kubectl|git|docker|helm|aws|gcloud|dd|mkfs|chmod|curl"
    r"|wget|redis-cli|dropdb|psql|mysql|pulumi|cdk|find|shred|mkfs\.\w+|az|gsutil|systemctl|iptables|shutdown)\s+\S"
)


def _in_docstring(source: Source, node: Node) -> bool:
    above = source.parent(node)
    return above is not None and above.type == "expression_statement" and source.language == "python"


def around(tree: Tree, language: str, ranges: Ranges, text: bytes) -> list[tuple[int, int]]:
    """The ranges to look at again after an edit: each grown to the function or block that holds it, because a rule may
    weigh what stands elsewhere in it. Bounded: never more than 400 lines beyond the edit, else its own statement."""
    source = Source(text, tree, language, "")
    grown = []
    for first, last in ranges:
        # One byte more on each side: what was typed may have joined the word beside it.
        start, end = max(0, first - 1), min(len(text), last + 1)
        node = tree.root_node.descendant_for_byte_range(start, max(start, end - 1)) or tree.root_node
        best = (start, end)
        for above in (node, *source.ancestors(node)):
            if above.id == tree.root_node.id or above.end_point[0] - above.start_point[0] > 400:
                break
            best = (min(best[0], above.start_byte), max(best[1], above.end_byte))
            if above.type in source.profile.functions or above.type in ("class_definition", "class_declaration"):
                break
        grown.append(best)
    return merged(grown, len(text))


def refresh(
    findings: Sequence[Finding],
    edits: Sequence[Edit],
    text: bytes,
    language: str,
    path: str,
    *,
    tree: Tree,
    rules: RuleSet,
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """The findings of `text`, from those of the text before `edits` (in the order they were made): what stands is
    shifted, the functions that were edited are looked at again. An edit of imports, or one that breaks the syntax,
    can change findings elsewhere; a whole scan after a pause sees those."""
    ranges: list[tuple[int, int]] = []
    for edit in edits:
        findings = shift(findings, edit)
        end = edit.start + len(edit.new)
        ranges = [(_moved(a, edit), _moved(b, edit)) for a, b in ranges]
        ranges.append((edit.start, end))
    grown = around(tree, language, ranges, text)
    fresh, errors = scan(text, language, path, ranges=grown, tree=tree, rules=rules)
    kept = [f for f in findings if not touching(grown, f.start, f.end)]
    return in_order([*kept, *fresh]), errors


def _moved(offset: int, edit: Edit) -> int:
    """Where a byte offset of the text before an edit is after it."""
    if offset >= edit.end:
        return offset + edit.shift
    return min(offset, edit.start + len(edit.new))
