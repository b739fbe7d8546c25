"""Keys, their order and the grammar of their values (DESIGN §8).

Values are one ASCII token, so that a gate can match them with a plain regular expression and no shell, runner or
terminal can be made to read more than a word.
"""

from __future__ import annotations

ASSISTED = "AI-Assisted"
ASSISTED_BY = "Assisted-by"
LINES = "AI-Lines"
REMOVED = "AI-Removed"
RISK = "AI-Risk"
REVIEW = "AI-Review"
ROLLOUT = "AI-Rollout"
PROVENANCE = "AI-Provenance"
GENERATED_BY = "Generated-by"

# The order of the block, and the spelling: one Gerrit operator compares keys exactly.
KEYS = (ASSISTED, ASSISTED_BY, LINES, REMOVED, RISK, REVIEW, ROLLOUT, PROVENANCE)

# A block that says "yes" has all of these.
REQUIRED = (ASSISTED, ASSISTED_BY, LINES, RISK, REVIEW, PROVENANCE)

RISKS = ("low", "medium", "high", "critical")
REVIEWS = ("required", "not-required")
ROLLOUTS = ("direct", "flag", "canary")

PRESETS = ("earmark", "kernel-7.3", "kernel-7.2", "fedora", "apache")

# The digest of no line at all: a session is known, by an assistant's address, and none of its lines.
NOTHING = "v1:sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

MAX_TOOLS = 5
MAX_SLUG = 80

# How a tool's makers write its name; any other slug is written as it is.
TOOL_NAMES = {
    "aider": "Aider",
    "amp": "Amp",
    "claude": "Claude",
    "cline": "Cline",
    "codex": "Codex",
    "copilot": "Copilot",
    "cursor": "Cursor",
    "gemini": "Gemini",
    "github-copilot": "Copilot",
    "kiro": "Kiro",
    "opencode": "OpenCode",
    "windsurf": "Windsurf",
}

_SLUG = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/-")
_HEX = frozenset("0123456789abcdef")
_DIGITS = frozenset("0123456789")


def is_slug(text: str) -> bool:
    """Whether `text` is one or more of `A-Z a-z 0-9 . _ / -`."""
    return bool(text) and _SLUG.issuperset(text)


def display(text: str, empty: str = "unknown") -> str:
    """`text` as a slug of at most 80 characters: each run of other characters becomes one `-`.

    This is the trailers' display function: whatever a payload calls its tool or model, the result is one harmless
    token. `empty` stands in when nothing of the text is left.
    """
    kept: list[str] = []
    for char in text[: 4 * MAX_SLUG]:
        if char in _SLUG:
            kept.append(char)
        elif kept and kept[-1] != "-":
            kept.append("-")
    return "".join(kept).strip("-")[:MAX_SLUG].rstrip("-") or empty


def tool_name(tool: str) -> str:
    """The written form of a tool's slug ("claude" is "Claude")."""
    return TOOL_NAMES.get(tool.lower(), display(tool))


def is_pair(value: str) -> bool:
    """Whether `value` is `tool:model`, both slugs, or `other:N`."""
    tool, colon, model = value.partition(":")
    return bool(colon) and is_slug(tool) and is_slug(model)


def is_count(value: str) -> bool:
    """Whether `value` is a decimal number of at most nine digits."""
    return bool(value) and len(value) <= 9 and _DIGITS.issuperset(value)


def is_digest(value: str) -> bool:
    """Whether `value` is `v1:sha256:` and 64 lower-case hex digits."""
    prefix = "v1:sha256:"
    return value.startswith(prefix) and len(value) == len(prefix) + 64 and _HEX.issuperset(value[len(prefix) :])


def is_value(key: str, value: str) -> bool:
    """Whether `value` is well-formed for `key`, one of KEYS in their exact spelling."""
    if key == ASSISTED_BY:
        return is_pair(value)
    if key == LINES:
        part, slash, whole = value.partition("/")
        return bool(slash) and is_count(part) and is_count(whole)
    if key == REMOVED:
        return is_count(value)
    if key == PROVENANCE:
        return is_digest(value)
    return value in {ASSISTED: ("yes", "no"), RISK: RISKS, REVIEW: REVIEWS, ROLLOUT: ROLLOUTS}[key]
