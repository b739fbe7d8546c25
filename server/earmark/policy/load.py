"""Reading `.earmark.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from earmark.policy import fields, model
from earmark.policy.positions import Path, nearest, places
from earmark.policy.values import Wrong, checked

MAX_BYTES = 512 * 1024
MAX_DOTS = 200

Known = Mapping[str, fields.Field]


class Problem(NamedTuple):
    """What is wrong with a policy file, at a 1-based line and column; `message` says what to do."""

    line: int
    column: int
    message: str


def parse(text: bytes) -> tuple[model.Policy, tuple[Problem, ...]]:
    """The policy `text` says, and its problems in the order of the file.

    Never raises: a key with a wrong value counts as absent, a rule without what it is about is left out, and a file
    that is no TOML gives the defaults. Each unknown key is reported once.
    """
    import tomllib  # most repositories have no policy, and every hook of theirs would pay for it

    if len(text) > MAX_BYTES:
        message = f"the policy has {len(text)} bytes; at most {MAX_BYTES} are read, so none is"
        return model.DEFAULT, (Problem(1, 1, message),)
    # The parser needs quadratic time for a key of many parts, and a key cannot span lines.
    for number, line in enumerate(text.split(b"\n"), 1):
        if line.count(b".") > MAX_DOTS:
            message = f"this line has more than {MAX_DOTS} dots; break it into several"
            return _broken(text, Problem(number, 1, message))
    try:
        source = text.decode("utf-8-sig")
        data = tomllib.loads(source)
    except UnicodeDecodeError as error:
        before = text[: error.start].decode("utf-8", "replace").split("\n")
        return _broken(
            text, Problem(len(before), len(before[-1]) + 1, "this byte is not UTF-8; save the file as UTF-8")
        )
    except tomllib.TOMLDecodeError as error:
        return _broken(text, _syntax(str(error), text))
    except RecursionError:
        return _broken(text, Problem(1, 1, "values are nested too deep; no key of a policy needs that"))
    reader = _Reader(data)
    policy = reader.policy()._replace(text=text)
    if not reader.wrong:
        return policy, ()
    found = places(text)
    problems = {_at(nearest(found, path), wrong) for path, wrong in reader.wrong}
    return policy, tuple(sorted(problems))


def line_of(policy: model.Policy, *path: str | int) -> int:
    """The 1-based line of the policy's file where the key `path` (or what encloses it) stands; 0 without a file."""
    if not policy.text:
        return 0
    found = places(policy.text)
    return nearest(found, path).line if any(path[:n] in found for n in range(1, len(path) + 1)) else 0


def _broken(text: bytes, problem: Problem) -> tuple[model.Policy, tuple[Problem, ...]]:
    return model.DEFAULT._replace(text=text), (problem,)


def _at(place: Any, wrong: Wrong) -> Problem:
    if wrong.key:
        return Problem(place.line, place.column, wrong.message)
    return Problem(place.value_line, place.value_column, wrong.message)


def _syntax(message: str, text: bytes) -> Problem:
    """A Problem out of tomllib's "… (at line 3, column 7)"."""
    what, _, where = message.rpartition(" (at ")
    numbers = [int(word) for word in where.replace(",", " ").replace(")", " ").split() if word.isdigit()]
    if len(numbers) == 2:
        return Problem(numbers[0], numbers[1], f"not TOML: {what}")
    lines = text.decode("utf-8", "replace").split("\n")
    return Problem(len(lines), len(lines[-1]) + 1, f"not TOML: {what or message}")


class _Reader:
    """Turns parsed TOML into a policy, collecting what is wrong by key path."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.wrong: list[tuple[Path, Wrong]] = []
        self.given: set[str] = set()
        self.seen: set[Path] = set()

    def policy(self) -> model.Policy:
        self.unknown((), self.data, ("declare", "gate", "paths", "review", "freeze", "roster"))
        declare = model.Declare(**self.table("declare", fields.DECLARE))
        gate = model.Gate(**self.table("gate", fields.GATE))
        if gate.missing_notes == "fail" and declare.mode != "always":
            message = '`missing_notes = "fail"` needs `mode = "always"`: elsewhere a commit without AI has no note'
            self.wrong.append((("gate", "missing_notes"), Wrong(message)))
            gate = gate._replace(missing_notes="warn")
        roster = self.roster()
        review = self.review(roster)
        paths = tuple(
            model.PathRule(place=at, kind=rule.pop("class", ""), **rule)
            for at, rule in self.rules("paths", fields.PATHS, fields.MAX_RULES)
        )
        return model.Policy(declare, gate, paths, review, roster, self.freeze(), frozenset(self.given))

    def freeze(self) -> tuple[model.Freeze, ...]:
        windows = []
        for at, rule in self.rules("freeze", fields.FREEZE, fields.MAX_RULES):
            start, end = rule.pop("from"), rule.pop("until")
            if start >= end:
                self.wrong.append((("freeze", at, "until"), Wrong("`until` is not after `from`; nothing is frozen")))
            windows.append(model.Freeze(start, end, place=at, **rule))
        return tuple(windows)

    def review(self, roster: model.Roster) -> tuple[model.ReviewRule, ...]:
        rules = []
        for at, rule in self.rules("review", fields.REVIEW, fields.MAX_RULES):
            if rule.get("level") and rule["level"] not in roster.levels:
                self.wrong.append((("review", at, "level"), self.no_level(rule["level"], roster)))
                # Nobody the rule could mean is known, so it asks for the highest level there is.
                rule["level"] = roster.levels[-1] if roster.levels else ""
            rules.append(model.ReviewRule(place=at, number=rule.pop("count", 1), **rule))
        return tuple(rules) if "review" in self.given else model.DEFAULT.review

    def roster(self) -> model.Roster:
        table = self.data.get("roster", {})
        if not isinstance(table, dict):
            self.wrong.append((("roster",), Wrong("`roster` is a table: write `[roster]`")))
            return model.Roster()
        self.unknown(("roster",), table, ("levels", "people", "teams"))
        roster = model.Roster()
        if "levels" in table:
            levels, wrong = checked(fields.LEVELS, table["levels"])
            self.wrong += [(("roster", "levels", *path), what) for path, what in wrong]
            if levels:
                self.given.add("roster.levels")
                roster = roster._replace(levels=levels)
        people = []
        for at, person in self.rules("roster.people", fields.PEOPLE, fields.MAX_PEOPLE):
            if person.get("level") and person["level"] not in roster.levels:
                self.wrong.append((("roster", "people", at, "level"), self.no_level(person["level"], roster)))
                person["level"] = ""
            people.append(model.Person(**person))
        return roster._replace(people=tuple(people), teams=self.teams(table, roster))

    def teams(self, table: dict[str, Any], roster: model.Roster) -> tuple[tuple[str, str], ...]:
        """The levels by team; one of an unknown level is left out."""
        if "teams" not in table:
            return ()
        found, wrong = checked(fields.TEAMS, table["teams"])
        self.wrong += [(("roster", "teams", *path), what) for path, what in wrong]
        self.given.add("roster.teams")
        for team, level in found or ():
            if level not in roster.levels:
                self.wrong.append((("roster", "teams", team), self.no_level(level, roster)))
        return tuple((team, level) for team, level in found or () if level in roster.levels)

    def table(self, name: str, known: Known) -> dict[str, Any]:
        table = self.data.get(name, {})
        if not isinstance(table, dict):
            self.wrong.append(((name,), Wrong(f"`{name}` is a table: write `[{name}]`")))
            return {}
        return self.read((name,), table, known, name)

    def rules(self, name: str, known: Known, most: int) -> list[tuple[int, dict[str, Any]]]:
        """The well-formed tables of the array `name`, with their indexes; those that lack what is required are left
        out."""
        keys = tuple(name.split("."))
        found: Any = self.data
        for key in keys:
            found = found.get(key, ()) if isinstance(found, dict) else ()
        if not isinstance(found, list | tuple) or any(not isinstance(item, dict) for item in found):
            self.wrong.append((keys, Wrong(f"`{name}` is an array of tables: write `[[{name}]]`", key=True)))
            return []
        if found or (isinstance(self.data.get(name), list)):
            self.given.add(name)
        if len(found) > most:
            self.wrong.append(((*keys, most), Wrong(f"at most {most} `{name}` are read", key=True)))
        rules = []
        for at, item in enumerate(found[:most]):
            rule = self.read((*keys, at), item, known, "")
            missing = [key for key, field in known.items() if field.required and rule.get(key) in (None, "", ())]
            if not missing:
                rules.append((at, rule))
            elif missing[0] not in item:
                self.wrong.append(((*keys, at), Wrong(f"`{missing[0]}` is missing; this rule is left out", key=True)))
        return rules

    def read(self, path: Path, table: Mapping[str, Any], known: Known, name: str) -> dict[str, Any]:
        self.unknown(path, table, tuple(known))
        values = {}
        for key, field in known.items():
            if key not in table:
                continue
            value, wrong = checked(field, table[key])
            self.wrong += [((*path, key, *inner), what) for inner, what in wrong]
            if value is not None:
                values[key] = value
                if name:
                    self.given.add(f"{name}.{key}")
        return values

    def unknown(self, path: Path, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for key in table:
            kind = (*(part for part in path if isinstance(part, str)), key)
            if key in known or kind in self.seen:
                continue
            self.seen.add(kind)
            import difflib

            near = difflib.get_close_matches(key, known, 1)
            hint = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(known)}"
            self.wrong.append(((*path, key), Wrong(f"unknown key `{_shown(key)}`; {hint}", key=True)))

    def no_level(self, level: str, roster: model.Roster) -> Wrong:
        return Wrong(f"no level `{_shown(level)}` in roster.levels ({', '.join(map(_shown, roster.levels))})")


def _shown(text: str) -> str:
    """`text` as part of a message: printable, one line, short."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text[:60])
