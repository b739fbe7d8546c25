"""Rules on old text against new: what a change took away, loosened or widened.

Facts of the old and the new text (`change_facts`) are compared unit by unit; one that moved elsewhere in the file is
not lost. A finding stands in the NEW text, at the place nearest to what was removed, and says what that was.
Which facts matter and how they are weighed is data (`packs/change.toml`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from earmark.risk.change_facts import Fact, Unit, texts, units
from earmark.risk.engine import is_test_path
from earmark.risk.finding import Finding, in_order
from earmark.risk.places import regex
from earmark.risk.rules import ChangeRule, RuleSet
from earmark.risk.source import Source
from earmark.risk.suppress import suppressed
from earmark.risk.values import looser, number, required
from earmark.text.diff import Hunk, diff_lines, split_lines
from earmark.text.syntax import parse

if TYPE_CHECKING:
    from collections.abc import Sequence


class Pair(NamedTuple):
    """Both texts of one file with what the comparisons share."""

    old: dict[str, Unit]
    new: dict[str, Unit]
    old_text: bytes
    new_text: bytes
    path: str
    is_test: bool
    place: Callable[[int], tuple[int, int]]

    def matched(self) -> Iterator[tuple[Unit, Unit]]:
        """Units that stand on both sides and differ."""
        for name, before in self.old.items():
            after = self.new.get(name)
            if after is not None and (before.text != after.text or not name):
                yield before, after


Found = Iterator[tuple[int, int, str]]


def compare(
    old: bytes, new: bytes, language: str, path: str, *, rules: RuleSet
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """`(findings, errors)` of the change from `old` to `new`, never an exception.

    Findings carry byte ranges of `new`. A new file (`old` empty) has only what it adds; a deleted one (`new` empty)
    is judged at offset 0.
    """
    if old == new:
        return (), ()
    try:
        found = list(_compare(old, new, language, path, rules))
    except Exception as problem:  # noqa: BLE001 - an analyser must not take the editor or the commit down with it
        return (), (f"{path}: change not judged: {type(problem).__name__}: {problem}",)
    return in_order(f for f in found if not suppressed(new, f.rule, f.start)), ()


def _compare(old: bytes, new: bytes, language: str, path: str, rules: RuleSet) -> Iterator[Finding]:
    before, after = _both(old, new, language, path)
    pair = Pair(before, after, old, new, path, is_test_path(path), _placer(old, new))
    for rule in rules.changes():
        if rule.languages and language not in rule.languages:
            continue
        if rule.paths and not regex(rule.paths).search(path):
            continue
        if (rule.where == "tests") != pair.is_test and rule.where != "all":
            continue
        seen: set[tuple[int, int]] = set()
        for start, end, detail in _COMPARISONS[rule.compare](pair, rule):
            if (start, end) not in seen:
                seen.add((start, end))
                yield Finding(rule.id, rule.category, rule.severity, start, end, rule.why, rule.hint, detail)


def _both(old: bytes, new: bytes, language: str, path: str) -> tuple[dict[str, Unit], dict[str, Unit]]:
    """The units of both texts; what stands unchanged on both sides comes without facts."""
    sources = [Source(text, tree, language, path) if (tree := parse(text, language)) else None for text in (old, new)]
    before, after = (texts(source) if source is not None else {} for source in sources)
    same = {name for name, text in before.items() if after.get(name) == text}
    first, second = (
        units(source, same) if source is not None else {"": Unit("", 0, len(text), (), text)}
        for source, text in zip(sources, (old, new), strict=True)
    )
    return first, second


def _placer(old: bytes, new: bytes) -> Callable[[int], tuple[int, int]]:
    """From a byte of the old text to the line of the new text nearest to where it stood."""
    before, after = split_lines(old), split_lines(new)
    hunks = diff_lines(before, after)
    starts = [0]
    for line in after:
        starts.append(starts[-1] + len(line))

    def place(offset: int) -> tuple[int, int]:
        line = _new_line(hunks, old.count(b"\n", 0, offset))
        line = max(0, min(line, len(after) - 1))
        if not after:
            return 0, 0
        indent = len(after[line]) - len(after[line].lstrip())
        end = starts[line] + len(after[line].rstrip())
        return min(starts[line] + indent, end), end

    return place


def _new_line(hunks: Sequence[Hunk], line: int) -> int:
    shift = 0
    for hunk in hunks:
        if line < hunk.old_start:
            break
        if line < hunk.old_end:
            return min(hunk.new_start + line - hunk.old_start, max(hunk.new_start, hunk.new_end - 1))
        shift = hunk.new_end - hunk.old_end
    return line + shift


def _named(fact: Fact, rule: ChangeRule) -> bool:
    subject = fact.key + "\n" + fact.value if rule.deep else fact.key
    if fact.kind not in rule.facts or not regex(rule.words).search(subject):
        return False
    return not (rule.but and regex(rule.but).search(subject))


def _count(side: dict[str, Unit], rule: ChangeRule) -> Counter[str]:
    counts: Counter[str] = Counter()
    for unit in side.values():
        counts.update(_key(f) for f in unit.facts if _named(f, rule))
    return counts


def _key(fact: Fact) -> str:
    return fact.kind + " " + fact.key


def _removed(pair: Pair, rule: ChangeRule) -> Found:
    """Facts of a unit that stands on both sides, gone from it and not found elsewhere in the file."""
    old_counts, new_counts = _count(pair.old, rule), _count(pair.new, rule)
    for before, after in pair.matched():
        mine = [f for f in before.facts if _named(f, rule)]
        theirs = [f for f in after.facts if _named(f, rule)]
        kept = Counter(_key(f) for f in theirs)
        rewritten = [f for f in theirs if _key(f) not in {_key(m) for m in mine}]
        for fact in mine:
            key = _key(fact)
            if kept[key] > 0:
                kept[key] -= 1
            elif new_counts[key] < old_counts[key] and not _replaced(fact, rewritten):
                yield (*pair.place(fact.start), f"removed: {fact.key[:120]}")


def _replaced(fact: Fact, candidates: list[Fact]) -> bool:
    """Another fact of the unit took this one's place: it shares most of the words, or it is the same kind of check."""
    words = set(regex(r"\w+").findall(fact.key))
    for index, other in enumerate(candidates):
        theirs = set(regex(r"\w+").findall(other.key))
        shared = len(words & theirs)
        if other.kind == fact.kind and (shared * 2 >= len(words) or shared * 2 >= len(theirs) or fact.kind != "guard"):
            del candidates[index]
            return True
    return False


def _weakened(pair: Pair, rule: ChangeRule) -> Found:
    """A condition that decides an early exit exits less often, or one that admits admits more."""
    for before, after in pair.matched():
        mine = {f.key for f in before.facts if f.kind in rule.facts}
        theirs = {f.key for f in after.facts if f.kind in rule.facts}
        for fact in after.facts:
            if fact.kind not in rule.facts or fact.key in mine:
                continue
            for old in before.facts:
                if old.kind == fact.kind and old.key not in theirs and _is_weaker(old.key, fact.key, fact.kind):
                    yield fact.start, fact.end, f"was: {old.key[:120]}"
                    break


_OR, _AND = r"\s*(?:\|\||\bor\b)\s*", r"\s*(?:&&|\band\b)\s*"
_ALWAYS = r"^\(?\s*(?:true|1|1 == 1)\b|(?:\|\||\bor\b)\s*(?:true|1)\s*\)?$"
_NEVER = r"^\(?\s*(?:false|0)\s*\)?$|(?:&&|\band\b)\s*(?:false|0)\s*\)?$|^\(?\s*(?:false|0)\s*(?:&&|\band\b)"


def _is_weaker(old: str, new: str, kind: str) -> bool:
    exits = kind == "guard"
    if regex("(?i)" + (_NEVER if exits else _ALWAYS)).search(new):
        return not regex("(?i)" + (_NEVER if exits else _ALWAYS)).search(old)
    narrower, wider = (_OR, _AND) if exits else (_AND, _OR)
    was, now = _parts(old, narrower), _parts(new, narrower)
    if now and now < was:
        return True
    was, now = _parts(old, wider), _parts(new, wider)
    if was and was < now:
        return True
    swapped = _parts(old, narrower)
    return len(swapped) > 1 and swapped == _parts(new, wider)


def _parts(condition: str, separator: str) -> set[str]:
    bare = condition.strip()
    if bare.startswith("(") and bare.endswith(")") and bare.count("(") == 1:
        bare = bare[1:-1]
    return {part.strip(" ()") for part in regex(separator).sub("\x00", bare).split("\x00") if part.strip(" ()")}


def _fewer(pair: Pair, rule: ChangeRule) -> Found:
    """Fewer facts in a unit that still stands, or units (tests) that are gone; a moved or renamed one is neither."""
    total = sum(_count(pair.new, rule).values()) - sum(_count(pair.old, rule).values())
    gone = [u for name, u in pair.old.items() if name and name not in pair.new]
    come = [u for name, u in pair.new.items() if name and name not in pair.old]
    if total < 0:
        for before, after in pair.matched():
            mine = [f for f in before.facts if _named(f, rule)]
            theirs = Counter(_key(f) for f in after.facts if _named(f, rule))
            if len(mine) > sum(theirs.values()):
                lost = next((f for f in mine if not theirs[_key(f)]), mine[-1])
                yield (
                    *pair.place(lost.start),
                    f"{len(mine)} before, {sum(theirs.values())} now; removed: {lost.key[:80]}",
                )
    if rule.units:
        for unit in gone:
            if regex(rule.units).search(unit.name.rsplit(".", 1)[-1]) and len(gone) > len(come):
                yield (*pair.place(unit.start), f"removed: {unit.name[:80]}")


def _added(pair: Pair, rule: ChangeRule) -> Found:
    """Facts that the old text did not have, in any unit."""
    old_counts, new_counts = _count(pair.old, rule), _count(pair.new, rule)
    for unit in pair.new.values():
        before = pair.old.get(unit.name)
        known = Counter(_key(f) for f in before.facts) if before is not None else Counter()
        for fact in unit.facts:
            key = _key(fact)
            if _named(fact, rule) and new_counts[key] > old_counts[key] and not known[key] and pair.old_text:
                yield fact.start, fact.end, f"added: {fact.key[:120]}"


def _limits(pair: Pair, rule: ChangeRule) -> Found:
    """A number under a limiting name grew at least twofold, fell to nothing, or went away while its call stayed."""
    for before, after in pair.matched():
        now = {f.key: f for f in after.facts if f.kind == "setting"}
        calls = {f.key.rsplit(".", 1)[-1] for f in after.facts if f.kind == "call"}
        moved = {f.key.rsplit(".", 1)[-1] for unit in pair.new.values() for f in unit.facts if f.kind == "setting"}
        kept = [unit.text for unit in pair.new.values() if not unit.facts]
        for fact in before.facts:
            if fact.kind != "setting" or not _named(fact, rule):
                continue
            was = number(fact.value)
            other = now.get(fact.key)
            if other is None:
                holder, _, name = fact.key.rpartition(".")
                gone = name not in moved and not any(name.encode() in text for text in kept)
                if was is not None and rule.lost and holder.split(".")[-1] in calls and gone:
                    yield (*pair.place(fact.start), f"removed: {fact.key} = {fact.value[:40]}")
                continue
            value = number(other.value)
            if was is not None and value is not None and looser(was, value, rule.down):
                yield other.start, other.end, f"{fact.key}: {fact.value[:40]} before, {other.value[:40]} now"


def _values(pair: Pair, rule: ChangeRule) -> Found:
    """A setting whose value now matches `to` and did not before; with `lost`, one that matched `was` and is gone."""
    for before, after in pair.matched():
        old = {f.key: f for f in before.facts if f.kind == "setting"}
        now = {f.key: f for f in after.facts if f.kind == "setting"}
        for key, fact in now.items():
            if not regex(rule.words).search(key) or not rule.to or not regex(rule.to).search(fact.value):
                continue
            earlier = old.get(key)
            if earlier is not None and rule.was == rule.to:
                changed = earlier.value != fact.value
            else:
                changed = rule.fresh if earlier is None else not regex(rule.to).search(earlier.value)
            if changed:
                said = f"{earlier.value[:40]} before, " if earlier is not None else ""
                yield fact.start, fact.end, f"{key}: {said}{fact.value[:40]} now"
        for key, fact in old.items():
            holder = key.rsplit(".", 1)[0]
            stays = any(k.startswith(holder + ".") for k in now)
            if rule.lost and key not in now and stays and regex(rule.words).search(key) and (
                regex(rule.was or ".").search(fact.value)
            ):  # fmt: skip
                yield (*pair.place(fact.start), f"removed: {key} = {fact.value[:40]}")


_BROAD = frozenset(
    {"Exception", "BaseException", "Throwable", "everything", "Error", "StandardError", "RuntimeException"}
)


def _widened(pair: Pair, rule: ChangeRule) -> Found:
    """A handler catches more, no longer raises, or no longer does anything."""
    for before, after in pair.matched():
        old_catches = [f for f in before.facts if f.kind == "catch"]
        new_catches = [f for f in after.facts if f.kind == "catch"]
        old_broad = sum(bool(set(f.key.split()) & _BROAD) for f in old_catches)
        new_broad = [f for f in new_catches if set(f.key.split()) & _BROAD]
        if old_catches and len(new_broad) > old_broad and len(new_catches) <= len(old_catches):
            fact = new_broad[-1]
            was = next((f.key for f in old_catches if not set(f.key.split()) & _BROAD), "")
            yield (*_head(pair, fact), f"catches {fact.key}; before: {was[:80]}")
        yield from _silenced(pair, before, after)


_EMPTY_BODY = r"^(?:#[^\n]*\s*|//[^\n]*\s*)*(?:pass|\.\.\.|continue|return(?: None| null| nil| false)?;?)?\s*$"


def _silenced(pair: Pair, before: Unit, after: Unit) -> Found:
    old = [f for f in before.facts if f.kind == "handler"]
    new = [f for f in after.facts if f.kind == "handler"]
    if len(old) != len(new):
        return
    raises = r"\b(?:raise|throw|panic|rethrow|reject|abort|next\(|sys\.exit|return err)\b"
    for was, now in zip(old, new, strict=True):
        if regex(raises).search(was.value) and not regex(raises).search(now.value):
            yield (*_head(pair, now), "the handler no longer raises")
        elif not regex(_EMPTY_BODY).search(was.value) and regex(_EMPTY_BODY).search(now.value):
            yield (*_head(pair, now), "the handler no longer does anything")


def _head(pair: Pair, fact: Fact) -> tuple[int, int]:
    line = pair.new_text.find(b"\n", fact.start)
    return fact.start, min(fact.end, line if line >= 0 else fact.end)


def _signatures(pair: Pair, rule: ChangeRule) -> Found:
    """A public function is gone, or asks for other parameters than before."""
    for name, before in pair.old.items():
        if not name or not before.public or not pair.new_text:
            continue
        after = pair.new.get(name)
        old = next((f for f in before.facts if f.kind == "signature"), None)
        if after is None:
            yield (*pair.place(before.start), f"removed: {name}")
        elif old is not None:
            new = next((f for f in after.facts if f.kind == "signature"), None)
            if new is not None and len(required(old.value)) != len(required(new.value)):
                yield new.start, new.end, f"{name}{old.value[:80]} before"


def _touched(pair: Pair, rule: ChangeRule) -> Found:
    """Any change of a file that the rule's paths name; `words`, when given, must stand in the old text."""
    if rule.words and not regex(rule.words).search(pair.old_text[:2000].decode("utf-8", "replace")):
        return
    first = diff_lines(split_lines(pair.old_text), split_lines(pair.new_text))
    if first:
        at = sum(len(line) for line in split_lines(pair.old_text)[: first[0].old_start])
        yield (*pair.place(at), f"{len(first)} place{'s' if len(first) > 1 else ''} changed")


def _lines(pair: Pair, rule: ChangeRule) -> Found:
    """Lines of the new text that match `to` where the old text had one of the same name that did not."""
    pattern = regex(rule.words)
    old = {m.group(1): m.group(0) for m in pattern.finditer(pair.old_text.decode("utf-8", "replace"))}
    offset = 0
    for line in split_lines(pair.new_text):
        match = pattern.search(line.decode("utf-8", "replace"))
        if match is not None and (rule.fresh or match.group(1) in old):
            was = old.get(match.group(1), "")
            if match.group(0) != was and regex(rule.to).search(match.group(0)) and not (
                was and regex(rule.to).search(was)
            ):  # fmt: skip
                yield offset, offset + len(line.rstrip()), f"{was.strip()[:60]} before" if was else "added"
        offset += len(line)


_COMPARISONS: dict[str, Callable[[Pair, ChangeRule], Found]] = {
    "removed": _removed,
    "weakened": _weakened,
    "fewer": _fewer,
    "added": _added,
    "limits": _limits,
    "values": _values,
    "widened": _widened,
    "signatures": _signatures,
    "touched": _touched,
    "lines": _lines,
}
