"""How well a score finds the commits that broke something, and weights that would find them better.

Works on labelled commits alone; where they come from is the caller's business (`policy.calibrate`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import exp, log2
from typing import NamedTuple

from earmark.risk.changed import LEVELS
from earmark.risk.score import Assessment, Weights, weights

# The terms whose weights are fitted: table and key of each. The points of findings belong to the named rule-set, those
# of production paths, incidents and AI text are choices; none of them is fitted.
FITTED = {
    "size-added": ("size", "added"), "size-removed": ("size", "removed"), "files": ("spread", "files"),
    "folders": ("spread", "folders"), "scattered": ("spread", "lines"), "churn": ("history", "changes"),
    "churn-recent": ("history", "recent"), "past-fixes": ("history", "fixes"), "past-reverts": ("history", "reverts"),
    "people": ("history", "people"), "newcomer": ("history", "newcomer"), "concentration": ("history", "concentration"),
    "dependents": ("context", "dependents"), "untested": ("context", "untested"),
}  # fmt: skip
_STEPS, _RATE, _RIDGE = 400, 0.5, 0.002


class Labelled(NamedTuple):
    """A commit with its score, whether it broke something (`bad`), its added lines of code, and its terms: name ->
    points, those of one name summed."""

    commit: str
    bad: bool
    score: float
    level: str
    added: int
    terms: Mapping[str, float]


def labelled(commit: str, bad: bool, assessment: Assessment, added: int) -> Labelled:
    """One assessed commit with its label."""
    terms: dict[str, float] = {}
    for term in assessment.terms:
        terms[term.name] = terms.get(term.name, 0.0) + term.value
    return Labelled(commit, bad, assessment.score, assessment.level, added, terms)


def dump(commits: Iterable[Labelled]) -> str:
    """A line of JSON a commit."""
    return "".join(json.dumps(commit._asdict()) + "\n" for commit in commits)


def parse(text: str) -> list[Labelled]:
    """What `dump` wrote; also rows that say only `bad` and `terms`. Raises ValueError naming the line."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            row = json.loads(line)
            terms = {str(name): float(value) for name, value in row["terms"].items()}
            score = float(row.get("score", min(100.0, sum(terms.values()))))
            found.append(
                Labelled(str(row.get("commit", number)), bool(row["bad"]), score, str(row.get("level", "")),
                         int(row.get("added", 0)), terms)
            )  # fmt: skip
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise ValueError(f"line {number}: needs bad and terms ({problem})") from None
    return found


def auc(commits: Sequence[Labelled], by: Callable[[Labelled], float]) -> float:
    """The probability that a bad commit ranks above a good one by `by`, ties counting half; 0.5 without both kinds."""
    ranked = sorted(commits, key=by)
    bad = sum(commit.bad for commit in ranked)
    good = len(ranked) - bad
    if not bad or not good:
        return 0.5
    total, at = 0.0, 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and by(ranked[end]) == by(ranked[at]):
            end += 1
        total += sum(commit.bad for commit in ranked[at:end]) * (at + end + 1) / 2
        at = end
    return (total - bad * (bad + 1) / 2) / (bad * good)


def auc_at_equal_size(commits: Sequence[Labelled], by: Callable[[Labelled], float]) -> float:
    """The mean of `auc` among commits whose added lines are equal to the next power of the square root of 2, weighted
    by the pairs compared."""
    groups: dict[int, list[Labelled]] = {}
    for commit in commits:
        groups.setdefault(round(2 * log2(1 + commit.added)), []).append(commit)
    total = weight = 0.0
    for group in groups.values():
        bad = sum(commit.bad for commit in group)
        pairs = bad * (len(group) - bad)
        total += pairs * auc(group, by)
        weight += pairs
    return total / weight if weight else 0.5


def lift(commits: Sequence[Labelled], share: float = 0.1) -> float:
    """How many times as often the top `share` of commits by score is bad as all are."""
    top = sorted(commits, key=lambda c: -c.score)[: max(1, round(len(commits) * share))]
    base = sum(c.bad for c in commits) / max(1, len(commits))
    return (sum(c.bad for c in top) / len(top)) / base if base else 0.0


def report(commits: Sequence[Labelled]) -> str:
    """The curve as a table: AUC, share of levels, and how often commits of each tenth by score are bad."""
    bad = sum(commit.bad for commit in commits)
    levels = Counter(commit.level for commit in commits)
    shares = ", ".join(f"{level} {levels[level] / max(1, len(commits)):.0%}" for level in LEVELS)
    lines = [
        f"{len(commits)} commits, {bad} bad ({bad / max(1, len(commits)):.1%})",
        f"AUC of the score {auc(commits, lambda c: c.score):.3f}",
        f"AUC of added lines alone {auc(commits, lambda c: c.added):.3f}",
        f"AUC among commits of equal size {auc_at_equal_size(commits, lambda c: c.score):.3f}",
        f"top tenth: {lift(commits):.1f} times the base rate",
        f"levels: {shares}",
        "",
        f"{'score':>12} {'commits':>8} {'bad':>7}",
    ]
    ranked = sorted(commits, key=lambda c: -c.score)
    for tenth in range(10):
        part = ranked[len(ranked) * tenth // 10 : len(ranked) * (tenth + 1) // 10]
        if part:
            rate = sum(commit.bad for commit in part) / len(part)
            lines.append(f"{part[-1].score:5.0f} – {part[0].score:4.0f} {len(part):8} {rate:7.1%}")
    names = sorted({name for commit in commits for name in commit.terms})
    lines += ["", f"{'term alone':16} {'AUC':>6} {'equal size':>11}"]
    for name in names:
        alone = _term(name)
        lines.append(f"{name:16} {auc(commits, alone):6.3f} {auc_at_equal_size(commits, alone):11.3f}")
    return "\n".join(lines)


def _term(name: str) -> Callable[[Labelled], float]:
    return lambda commit: commit.terms.get(name, 0.0)


def fitted(commits: Sequence[Labelled], table: Weights | None = None) -> dict[str, float]:
    """Weights for the fitted terms: a logistic regression without negative coefficients on what each term counts,
    scaled so that these terms weigh as much in all as they do now. Terms that no commit has keep their weight, and all
    do without commits of both kinds."""
    table = table or weights()
    now = {name: table[group][key] for name, (group, key) in FITTED.items()}
    if len({commit.bad for commit in commits}) < 2:
        return now
    names = [name for name in FITTED if any(commit.terms.get(name) for commit in commits)]
    rows = [[commit.terms.get(name, 0.0) / now[name] for name in names] for commit in commits]
    found = _regression(rows, [commit.bad for commit in commits])
    before = sum(commit.terms.get(name, 0.0) for commit in commits for name in names)
    after = sum(value * weight for row in rows for value, weight in zip(row, found, strict=True))
    scale = before / after if after else 0.0
    return now | {name: weight * scale for name, weight in zip(names, found, strict=True)}


def _regression(rows: Sequence[Sequence[float]], bad: Sequence[bool]) -> list[float]:
    """Non-negative coefficients by projected gradient descent, each feature scaled to unit deviation on the way."""
    if not rows or not rows[0]:
        return []
    count, width = len(rows), len(rows[0])
    means = [sum(row[j] for row in rows) / count for j in range(width)]
    spread = [max(1e-9, (sum((row[j] - means[j]) ** 2 for row in rows) / count) ** 0.5) for j in range(width)]
    scaled = [[(row[j] - means[j]) / spread[j] for j in range(width)] for row in rows]
    weight, bias = [0.0] * width, 0.0
    for _ in range(_STEPS):
        gradient, slope = [0.0] * width, 0.0
        for row, label in zip(scaled, bad, strict=True):
            dot = bias + sum(w * x for w, x in zip(weight, row, strict=True))
            error = 1 / (1 + exp(-max(-30.0, min(30.0, dot)))) - label
            slope += error
            for j, x in enumerate(row):
                gradient[j] += error * x
        bias -= _RATE * slope / count
        weight = [max(0.0, w - _RATE * (g / count + _RIDGE * w)) for w, g in zip(weight, gradient, strict=True)]
    return [w / s for w, s in zip(weight, spread, strict=True)]
