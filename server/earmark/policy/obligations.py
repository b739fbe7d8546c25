"""What a policy asks of a change, met or not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from earmark.origin.model import Change, LineRange
from earmark.policy import model
from earmark.policy.approval import Approval, Gap, Scope, Subject, gap
from earmark.policy.globs import matcher, matching
from earmark.policy.load import line_of
from earmark.policy.model import Freeze, PathRule, Policy, ReviewRule
from earmark.policy.scope import ai_files, exempt, governed, needs_declaration, size


class Obligation(NamedTuple):
    """One thing the policy asks. `code` is the violation it becomes where the gate insists (DESIGN §5).

    `policy_line` is the 1-based line that asks, 0 for a default; `where` the same as text (".earmark.toml:12"). `paths`
    are the files concerned, `gaps` what lacks approval. `at_merge`: a merge is refused for it, a push is not (beside
    what the code says). `unknown`: it cannot be told here whether it is met.
    """

    code: str
    message: str
    met: bool
    policy_line: int
    where: str
    paths: tuple[str, ...] = ()
    fix: str = ""
    gaps: tuple[Gap, ...] = ()
    at_merge: bool = False
    unknown: bool = False


class Need(NamedTuple):
    """A review rule that applies, and the files it is about."""

    rule: ReviewRule
    paths: tuple[str, ...]


class State(NamedTuple):
    """What is already done about a change, and who is behind it.

    `declared`: every AI commit says so. `rollout`: the least careful rollout the AI commits promise, empty for none.
    `approvals` and the `subjects` they may cover, by path; `authors` as for `approval.gap`. `touched` are all paths the
    change has, by whoever (None: those of `changes`), `gone` the paths it deletes. `now` is the time in seconds since
    the epoch (0: not told, so nothing is frozen); `dependents` how many places use what changed, by path (None: not
    known).
    """

    declared: bool = False
    rollout: str = ""
    approvals: tuple[Approval, ...] = ()
    subjects: Mapping[str, tuple[Subject, ...]] = {}
    authors: tuple[str, ...] = ()
    scope: Scope = Scope()
    touched: tuple[str, ...] | None = None
    gone: frozenset[str] = frozenset()
    now: int = 0
    dependents: Mapping[str, int] | None = None


NOTHING_DONE = State()
_LAST = 253402300799  # the end of the year 9999, beyond which an offset can lead but no calendar


def obligations(
    policy: Policy, changes: Sequence[Change], level: str, state: State = NOTHING_DONE
) -> tuple[Obligation, ...]:
    """Everything `policy` asks of `changes`, whose assessed risk is `level` (empty: not assessed).

    Budgets, the trivial limit and reviews look at the sum of `changes`, never at one commit.
    """
    found: list[Obligation] = []
    if policy.declare.mode == "forbid":
        found += _forbid(policy, changes)
    elif needs_declaration(policy, changes):
        found.append(_declare(policy, changes, state))
    view = _View(policy, changes)
    for rule in policy.paths:
        found += _path_rule(view, rule, state)
    found += [asked for window in policy.freeze for asked in _freeze(view, window, state)]
    for need in needs(policy, changes, level, state.touched):
        found.append(_review(policy, need, state))
    return tuple(found)


def needs(
    policy: Policy, changes: Sequence[Change], level: str, touched: Collection[str] | None = None
) -> tuple[Need, ...]:
    """The review rules that apply to `changes` at risk `level`, each with its files.

    A change of what governs the repository (`scope.GOVERNED`) is critical for every rule, whoever made it.
    """
    ruled = governed(policy, _all_paths(changes) if touched is None else touched)
    view = _View(policy, changes)
    found = []
    for rule in policy.review:
        paths = set(ruled)
        if model.rank(level, model.RISKS) >= model.rank(rule.risk, model.RISKS):
            paths |= set(view.ai_paths(rule.paths, base=rule.base))
        if paths:
            found.append(Need(rule, tuple(sorted(paths))))
    return tuple(found)


def review_required(policy: Policy, changes: Sequence[Change], level: str) -> bool:
    """Whether anybody has to review `changes`: what `AI-Review` says."""
    return bool(needs(policy, changes, level))


def rollout_required(policy: Policy, changes: Sequence[Change]) -> str:
    """The most careful rollout that any rule asks of `changes`, empty when none does: what `AI-Rollout` says."""
    view = _View(policy, changes)
    asked = [rule.rollout for rule in policy.paths if rule.rollout and view.ai_paths(rule.match, base=rule.base)]
    return max(asked, key=model.ROLLOUTS.index, default="")


def where(policy: Policy, *path: str | int, base: bool = False) -> tuple[int, str]:
    """The line of a policy's key and the same as text: ".earmark.toml:12", "base policy:3", or "default"."""
    owner = policy.base if base and policy.base else policy
    line = line_of(owner, *path)
    name = "base policy" if base else model.FILE
    return (line, f"{name}:{line}") if line else (0, "default")


def _forbid(policy: Policy, changes: Sequence[Change]) -> list[Obligation]:
    paths = tuple(dict.fromkeys(file.path for file in ai_files(changes)))
    if not paths:
        return []
    line, place = where(policy, "declare", "mode", base=_by_base(policy, "declare.mode"))
    fix = "write these lines yourself, or take them out of the change"
    return [Obligation("forbidden-ai", "AI changes are forbidden here", False, line, place, paths, fix)]


def _declare(policy: Policy, changes: Sequence[Change], state: State) -> Obligation:
    files = ai_files(changes)
    line, place = where(policy, "declare", "mode", base=_by_base(policy, "declare.mode"))
    message = f"declare {_lines(sum(map(size, files)))} of AI"
    paths = tuple(dict.fromkeys(file.path for file in files))
    return Obligation("undeclared-ai", message, state.declared, line, place, paths, "run `earmark tag`")


def _by_base(policy: Policy, key: str) -> bool:
    return policy.base is not None and key in policy.base.given


class _View:
    """The AI files of a change as a policy's rules see them."""

    def __init__(self, policy: Policy, changes: Sequence[Change]) -> None:
        self.policy = policy
        self.changes = changes
        self.files = ai_files(changes)
        self._left_out: dict[bool, Callable[[str], bool]] = {}

    def ai_paths(self, globs: Sequence[str], *, base: bool) -> tuple[str, ...]:
        """Paths that match, under their old name too: a rename does not lead out of a rule. `base`: for a rule of the
        base policy."""
        if base not in self._left_out:
            self._left_out[base] = exempt(self.policy, base=base)
        matches, left_out = matcher(globs), self._left_out[base]
        paths = {
            file.path
            for file in self.files
            if any(name and matches(name) and not left_out(name) for name in (file.path, file.old_path))
        }
        return tuple(sorted(paths))


def _path_rule(view: _View, rule: PathRule, state: State) -> list[Obligation]:
    policy, changes = view.policy, view.changes
    paths = view.ai_paths(rule.match, base=rule.base)
    if not paths:
        return []
    line, place = where(policy, "paths", rule.place, base=rule.base)
    found = []
    chosen = set(paths)
    lines = sum(size(file) for file in view.files if file.path in chosen)
    for most, count, unit in ((rule.max_ai_lines, lines, "line"), (rule.max_ai_files, len(paths), "file")):
        if most is not None:
            message = f"AI changes {count} {unit}{'s' * (count != 1)} of {_globs(rule.match)}, {most} allowed"
            fix = "split the change, or take AI lines out of it"
            found.append(Obligation("budget-exceeded", message, count <= most, line, place, paths, fix))
    if rule.max_dependents is not None:
        found.append(_dependents(rule, paths, state, line, place))
    if rule.rollout:
        met = model.rank(state.rollout, model.ROLLOUTS) >= model.rank(rule.rollout, model.ROLLOUTS)
        message = f"AI changes of {_globs(rule.match)} go out as {rule.rollout}"
        found.append(Obligation("rollout-missing", message, met, line, place, paths, "run `earmark tag`"))
    if rule.require_tests:
        touched = _all_paths(changes) if state.touched is None else state.touched
        shrunk = {file.path for change in changes for file in change.files if file.removed and not file.added}
        tests = [path for path in matching(policy.gate.tests, touched) if path not in shrunk | state.gone]
        message = f"AI changes of {_globs(rule.match)} come with a change of a test"
        fix = f"add or extend a test under {_globs(policy.gate.tests)}"
        found.append(Obligation("tests-missing", message, bool(tests), line, place, paths, fix))
    return found


def _dependents(rule: PathRule, paths: tuple[str, ...], state: State, line: int, place: str) -> Obligation:
    if state.dependents is None:
        message = f"how many places depend on {_some(paths)} is not known here; {rule.max_dependents} are allowed"
        return Obligation("budget-exceeded", message, True, line, place, paths, "ask a reviewer", unknown=True)
    count = sum(state.dependents.get(path, 0) for path in paths)
    depend = "1 place depends" if count == 1 else f"{count} places depend"
    message = f"{depend} on {_some(paths)}, {rule.max_dependents} allowed"
    met = count <= (rule.max_dependents or 0)
    return Obligation("budget-exceeded", message, met, line, place, paths, "keep the old form working beside the new")


def _freeze(view: _View, window: Freeze, state: State) -> list[Obligation]:
    paths = view.ai_paths(window.paths, base=window.base)
    if not paths or not window.start <= state.now < window.end:
        return []
    line, place = where(view.policy, "freeze", window.place, base=window.base)
    reason = f" ({window.reason})" if window.reason else ""
    message = f"AI changes of {_globs(window.paths)} are frozen until {_moment(window.end)}{reason}"
    return [Obligation("forbidden-ai", message, False, line, place, paths, "merge it then", at_merge=True)]


def _moment(seconds: int) -> str:
    from datetime import UTC, datetime, timedelta

    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=min(seconds, _LAST))).strftime("%Y-%m-%d %H:%M UTC")


def _review(policy: Policy, need: Need, state: State) -> Obligation:
    rule = need.rule
    line, place = where(policy, "review", rule.place, base=rule.base)
    gaps: list[Gap] = []
    for path in need.paths:
        for subject in state.subjects.get(path) or (Subject(path, "", "", "", LineRange(0, 0)),):
            found = gap(rule, subject, state.approvals, policy.roster, state.authors, state.scope)
            gaps += [found] if found else []
    who = f"{rule.number} × {rule.level} or above" if rule.level else f"{rule.number} other than the author"
    message = f"approval by {who} of {_some(need.paths)}"
    code = gaps[0].code if gaps else "approval-missing"
    fix = "run `earmark review request`"
    return Obligation(code, message, not gaps, line, place, need.paths, fix, tuple(gaps))


def _all_paths(changes: Iterable[Change]) -> tuple[str, ...]:
    paths = (path for change in changes for file in change.files for path in (file.path, file.old_path) if path)
    return tuple(dict.fromkeys(paths))


def _lines(count: int) -> str:
    return f"{count} line{'s' * (count != 1)}"


def _globs(globs: Sequence[str]) -> str:
    return ", ".join(globs[:3]) + (" …" if len(globs) > 3 else "")


def _some(paths: Sequence[str]) -> str:
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
