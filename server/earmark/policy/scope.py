"""What of a change a policy's rules look at: AI lines, outside exempt paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from earmark.origin.model import Change, FileOrigins
from earmark.policy.globs import matcher
from earmark.policy.model import EXEMPT, Policy

# A change of these is a change of who decides: policy, roster, owners, signers and rules (DESIGN §9).
GOVERNED = (
    "/.earmark.toml", "/.earmark/**",
    "CODEOWNERS", "OWNERS", "OWNERS_ALIASES",
)  # fmt: skip

# The keys with which a base policy takes the decision what is declared.
DECLARES = frozenset({"declare.mode", "declare.trivial_lines"})


def size(file: FileOrigins) -> int:
    """How many lines AI changed in a file: added or removed, a replaced line once."""
    return max(file.ai_lines, file.ai_removed)


def ai_files(changes: Iterable[Change]) -> list[FileOrigins]:
    """The files with AI evidence, commit by commit."""
    return [file for change in changes for file in change.files if file.ai_lines or file.ai_removed]


def exempt(policy: Policy, *, base: bool) -> Callable[[str], bool]:
    """A function that says whether a path is left out of rules: those of the base policy (`base`), from which only the
    base itself exempts, or the repository's own."""
    rules = [rule for rule in policy.paths if rule.kind in EXEMPT and (rule.base or not base)]
    matchers = [matcher(rule.match) for rule in rules]
    production = [matcher(rule.match) for rule in policy.paths if rule.kind == "production"]

    def left_out(path: str) -> bool:
        # A path that is called both generated and production is production.
        return any(m(path) for m in matchers) and not any(m(path) for m in production)

    return left_out


def needs_declaration(policy: Policy, changes: Sequence[Change]) -> bool:
    """Whether the AI changes among `changes` (the whole checked range) are to be declared.

    In mode `always` every one is. Elsewhere only when they sum up to more than `trivial_lines`, exempt paths left out.
    """
    files = ai_files(changes)
    if policy.declare.mode == "always" or not files:
        return bool(files)
    left_out = exempt(policy, base=policy.base is not None and bool(policy.base.given & DECLARES))
    return sum(size(file) for file in files if not left_out(file.path)) > policy.declare.trivial_lines


def governed(policy: Policy, paths: Iterable[str]) -> tuple[str, ...]:
    """Those of `paths` that decide who decides. A repository without a policy is not governed yet."""
    if not policy.text and policy.base is None:
        return ()
    matches = matcher(GOVERNED)
    return tuple(path for path in paths if matches(path))
