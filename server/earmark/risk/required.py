"""Tables of what a resource must say: rows of `TYPES: PATH WANT`, many to a rule.

    aws_ebs_volume: encrypted true                     absent and false are both wrong
    aws_db_instance: publicly_accessible false?        only true is wrong; `?` says that absence is fine
    aws_kms_key: deletion_window_in_days >=7?          a number; `<=` too
    aws_sqs_queue: kms_master_key_id set               `unset` is the opposite
    aws_lb_listener: ssl_policy not A B*               none of these texts, `*` at the end is any rest; absence is fine
    aws_s3_bucket: acl never public-read               the same, but another value is no merit
    aws_lb: internal counts true                       never wrong, a merit when it says so
    aws_ecr_repository: image_tag_mutability in A B    one of these texts; `in?` when absence is fine
    aws_instance: root_block_device > encrypted true   what stands before `>` is asked only where it is written
    aws_db: parameter[name=tls] > value not off        and only where it says so

    aws_db_instance: multi_az true~                    a wrong value is the default, and says no more than silence

TYPES are separated by commas, `{a,b}` expands. What only a run can tell is never wrong. A wrong value is always a
finding; a missing one only where the object sets none of what its category asks for, and then once an object: who set
one of them, or a resource of its own for it, has thought about the rest; who set none has not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from earmark.risk.objects import COMPANION, Object, Value, at, check_path
from earmark.risk.places import ConditionError, expand

if TYPE_CHECKING:
    from tree_sitter import Node

_TRUE = frozenset({"true", "yes", "on", "1", "enabled"})
_FALSE = frozenset({"false", "no", "off", "0", "disabled"})
_UNSAID = frozenset({"", "null", "none", "[]", "{}"})
_LISTS = frozenset({"in", "not", "never", "counts"})
_WORDS = _LISTS | {"true", "false", "set", "unset"}


class Row(NamedTuple):
    """One requirement. `scope` is the block it is asked in, "" for the object itself, and `where` what a block must say
    to be asked (key, text); `optional` when absence is fine, `firm` when absence is wrong whatever else is set."""

    types: tuple[str, ...]
    scope: str
    where: tuple[str, str]
    path: str
    want: str
    words: tuple[str, ...]
    optional: bool
    firm: bool
    soft: bool


class Answer(NamedTuple):
    """What one object says to one row: the nodes of wrong values with a sentence each, the places where nothing is
    said, and whether something right is."""

    wrong: tuple[tuple[Node, str], ...]
    missing: tuple[Node, ...]
    right: bool


def rows(table: str) -> tuple[Row, ...]:
    """The rows of a table; `#` begins a comment. Raises ConditionError."""
    lines = (line.split(" #")[0].strip() for line in table.splitlines())
    return tuple(_row(line) for line in lines if line and not line.startswith("#"))


def _row(line: str) -> Row:
    types, colon, rest = line.partition(": ")
    scope, _, asked = rest.rpartition(" > ")
    path, _, wanted = asked.strip().partition(" ")
    want, *words = wanted.split() or [""]
    firm, optional, soft = (want.endswith(mark) for mark in "!?~")
    want = want.rstrip("!?~")
    if want[:2] in (">=", "<="):
        want, words = want[:2], [want[2:]]
    elif want not in _WORDS:
        want = ""
    if not colon or not path or not want or bool(words) != (want in _LISTS or "=" in want):
        raise ConditionError(f"a row is TYPES: PATH WANT; found {line!r}")
    check_path(path)
    names = tuple(full for name in _split(types) for full in expand(name))
    absent = optional or want in ("not", "never", "counts", "unset")
    block, _, key = scope.strip().rstrip("]").partition("[")
    named, _, text = key.partition("=")
    return Row(names, block, (named, text), path, want, tuple(w.lower() for w in words), absent, firm, soft)


def _split(types: str) -> list[str]:
    """`a,b{c,d}` as `a`, `b{c,d}`."""
    parts, depth, begin = [], 0, 0
    for index, char in enumerate(types):
        depth += (char == "{") - (char == "}")
        if char == "," and not depth:
            parts.append(types[begin:index].strip())
            begin = index + 1
    return [*parts, types[begin:].strip()]


def answer(row: Row, thing: Object) -> Answer:
    """What `thing` says to `row`."""
    wrong: list[tuple[Node, str]] = []
    missing: list[Node] = []
    right = False
    for base in _bases(row, thing):
        said = [value for value in at(base, row.path) if not _is_unsaid(value)]
        bad = [value for value in said if not _holds(row, value)]
        right = right or (len(bad) < len(said) and row.want != "never")
        if row.want == "counts":
            continue
        if row.soft:
            missing += [value.node for value in bad]
        else:
            wrong += [(value.node, f"{row.path.replace('|', ' or ')} is {_shown(value)}") for value in bad]
        if not said and not row.optional:
            missing.append(base.node if row.scope else thing.head)
    return Answer(tuple(wrong), tuple(missing), right)


def _bases(row: Row, thing: Object) -> Iterator[Value]:
    key, text = row.where
    for value in at(thing.value, row.scope) if row.scope else (thing.value,):
        for item in value.items if value.items is not None else (value,):
            if not key or any(found.text.strip("\"'") == text for found in at(item, key)):
                yield item


def _is_unsaid(value: Value) -> bool:
    if value.entries is not None or value.items is not None:
        return value.items == ()
    return value.known and value.text.strip("\"'").lower() in _UNSAID


def _shown(value: Value) -> str:
    text = value.text.strip("\"'")
    return text[:60] if text and "\n" not in text else "set so"


def _holds(row: Row, value: Value) -> bool:
    if row.want in ("set", "unset"):
        return row.want == "set"
    if value.entries is not None or not value.known:
        return True
    if value.items is not None:
        return all(_holds(row, item) for item in value.items)
    text = value.text.strip("\"'").lower()
    if row.want in ("true", "false"):
        return text not in (_FALSE if row.want == "true" else _TRUE)
    if row.want in (">=", "<="):
        try:
            number, bound = float(text), float(row.words[0])
        except ValueError:
            return True
        return number >= bound if row.want == ">=" else number <= bound
    return any(_same(text, word) for word in row.words) == (row.want in ("in", "counts"))


def _same(text: str, word: str) -> bool:
    return text.startswith(word[:-1]) if word.endswith("*") else text == word


def found(thing: Object, asked: Sequence[tuple[Row, int, str]]) -> list[tuple[int, Node, str]]:
    """(index, node, sentence) of what is wrong with one object; `asked` are its rows, each with the index of its rule
    and its category."""
    results: list[tuple[int, Node, str]] = []
    unsaid: dict[str, list[tuple[int, Node, str]]] = {}
    thought_about = {category for _, _, category in asked} if COMPANION in (thing.value.entries or {}) else set()
    for row, index, category in asked:
        said = answer(row, thing)
        results += [(index, node, sentence) for node, sentence in said.wrong]
        path = (f"{row.scope}.{row.path}" if row.scope else row.path).replace("|", " or ")
        if said.right:
            thought_about.add(category)
        if row.firm:
            results += [(index, node, f"{path} is not set") for node in said.missing]
        elif said.missing:
            unsaid.setdefault(category, []).append((index, said.missing[0], path))
    for category, places in unsaid.items():
        if category not in thought_about:
            index, node, _ = places[0]
            paths = ", ".join(dict.fromkeys(path for _, _, path in places[:6]))
            results.append((index, node, f"{paths} {'is' if len(places) == 1 else 'are'} not set"))
    return results
