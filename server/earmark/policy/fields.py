"""The keys of a policy file, once, as data: the reader and the published JSON Schema are both made of them."""

from __future__ import annotations

from typing import NamedTuple

from earmark.policy import model

MAX_RULES = 1000
MAX_PEOPLE = 20_000
MAX_TEXTS = 1000
MAX_TEXT = 1024
MAX_COUNT = 10**9


class Field(NamedTuple):
    """One key. `kind` is choice, count, text, texts, globs, commit, flag, date, moment, zone or pairs; `least` bounds a
    count."""

    kind: str
    doc: str
    choices: tuple[str, ...] = ()
    least: int = 0
    required: bool = False


DECLARE = {
    "mode": Field("choice", "Declare AI changes only, say `AI-Assisted: no` too, or refuse AI changes.", model.MODES),
    "trivial_lines": Field(
        "count", "An AI change of at most this many lines, summed over the checked range, is not declared."
    ),
    "preset": Field("choice", "Whose trailers to write.", model.PRESETS),
    "by_address": Field(
        "flag", "Take the address of an assistant as author or co-author for evidence of a session of it."
    ),
    "assistants": Field(
        "pairs", 'Tool by address, beside the known ones, such as { "bot@example.com" = "example-bot" }.'
    ),
}
GATE = {
    "missing_notes": Field(
        "choice", "What a commit without a provenance note means; `fail` needs mode `always`.", model.MISSING_NOTES
    ),
    "since": Field("commit", "The adoption commit: it and earlier commits are never judged."),
    "protected": Field("texts", "Full names of refs, or patterns with `*`, where the server judges as for a merge."),
    "enforce_locally": Field("flag", "Let the installed git hooks refuse a violation that evidence proves."),
    "tests": Field("globs", "Files that count as tests."),
}
PATHS = {
    "match": Field("globs", "Paths this rule is about, in the syntax of .gitignore.", required=True),
    "class": Field(
        "choice",
        "What these paths are. The last three are left out of budgets, reviews and declarations.",
        ("production", "generated", "vendored", "excluded"),
    ),
    "max_ai_lines": Field("count", "How many lines of these paths AI may add or remove in one checked range."),
    "max_ai_files": Field("count", "How many of these files AI may change in one checked range."),
    "max_dependents": Field("count", "How many places may depend on what AI changes here; told where it is known."),
    "rollout": Field("choice", "The least careful way an AI change here may reach production.", model.ROLLOUTS),
    "require_tests": Field("flag", "An AI change here comes with a change of a file under gate.tests."),
}
REVIEW = {
    "risk": Field("choice", "The risk from which on this rule asks; any AI change without it.", model.RISKS),
    "paths": Field("globs", "Paths this rule is about; all of them without it."),
    "level": Field("text", "The level, out of roster.levels, that must agree; anybody but the author without it."),
    "count": Field("count", "How many people of this level must agree.", least=1),
}
FREEZE = {
    "from": Field("moment", "When it begins: a day (its start in UTC) or a moment.", required=True),
    "until": Field("moment", "The first day or moment that is free again.", required=True),
    "paths": Field("globs", "Paths that are frozen for AI changes; all of them without it."),
    "reason": Field("text", "Why, for whoever meets it."),
}
PEOPLE = {
    "name": Field("text", "The person's name.", required=True),
    "emails": Field("texts", "Addresses the person commits with."),
    "handles": Field("pairs", 'Login by forge, such as { github = "ada" }.'),
    "level": Field("text", "The person's level, out of roster.levels."),
    "teams": Field("texts", "Teams the person is in."),
    "away_until": Field("date", "The first day the person is back."),
    "time_zone": Field("zone", "Where the person's days begin, such as Europe/Berlin; where this runs without it."),
}
LEVELS = Field("texts", "Levels of sign-off, lowest first.")
TEAMS = Field(
    "pairs", 'Level by team of the forge, such as { "example/seniors" = "senior" }: its members have the level.'
)
ZONE = "^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$"
