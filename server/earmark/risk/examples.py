"""Check a rule against its own examples."""

from __future__ import annotations

from earmark.risk import incidents
from earmark.risk.change_rules import compare
from earmark.risk.dependencies.check import check
from earmark.risk.dependencies.surroundings import NOWHERE
from earmark.risk.engine import scan
from earmark.risk.finding import Finding
from earmark.risk.rules import ChangeRule, Rule, RuleSet
from earmark.risk.unfit import unfit
from earmark.text.languages import language_of

# What an example of a language is called when the rule names no path.
_NAMES = {
    "python": "app/example.py", "javascript": "src/example.js", "typescript": "src/example.ts",
    "tsx": "src/example.tsx",
    "go": "pkg/example.go", "java": "src/Example.java", "rust": "src/example.rs", "c": "src/example.c",
    "cpp": "src/example.cpp", "csharp": "src/Example.cs", "ruby": "lib/example.rb", "php": "src/example.php",
    "kotlin": "src/Example.kt", "swift": "Sources/Example.swift", "bash": "bin/example.sh", "sql": "db/example.sql",
    "terraform": "infra/example.tf", "dockerfile": "Dockerfile", "yaml": "deploy/example.yaml",
    "json": "deploy/example.json", "html": "web/example.html",
    "": "notes.txt",
}  # fmt: skip


def failures(rule: Rule, rules: RuleSet) -> list[str]:
    """One sentence an example that does not do what it should; empty when all hold."""
    problems = []
    language = rule.languages[0] if rule.languages else language_of(rule.path) if rule.path else "python"
    path = rule.path or _NAMES[language]
    for kind, texts in (("bad", rule.bad), ("good", rule.good)):
        if len(texts) < 2:
            problems.append(f"{rule.id}: needs at least two {kind} examples")
        for number, text in enumerate(texts, 1):
            found, errors = _look(text.encode(), language, path, rules)
            fires = any(f.rule == rule.id for f in found)
            if errors:
                problems.append(f"{rule.id}: {kind} example {number}: {errors[0]}")
            elif fires != (kind == "bad"):
                problems.append(f"{rule.id}: {kind} example {number} {'fires' if fires else 'is silent'}: {text!r}")
    return problems


def _look(text: bytes, language: str, path: str, rules: RuleSet) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """All that is said of an example, which stands in a workspace of nothing but one incident report."""
    found, errors = scan(text, language, path, rules=rules)
    packages, problems = check(text, language, path, lambda: NOWHERE, rules=rules)
    report = incidents.parse_report("incidents/example.md", incidents.EXAMPLE)
    likeness = incidents.resembling(text, language, path, [report] if report else [])
    return found + packages + likeness + unfit(text, path, rules), errors + problems


def change_failures(rule: ChangeRule, rules: RuleSet) -> list[str]:
    """The same for a rule on old text against new."""
    problems = []
    for number, (old, bad, good, language, path) in enumerate(rule.cases, 1):
        for text, wanted in ((bad, True), (good, False)):
            found, errors = compare(old.encode(), text.encode(), language, path or _NAMES[language], rules=rules)
            if errors:
                problems.append(f"{rule.id}: case {number}: {errors[0]}")
            elif any(f.rule == rule.id for f in found) != wanted:
                problems.append(f"{rule.id}: case {number} {'is silent' if wanted else 'fires on the near miss'}")
    if len(rule.cases) < 2:
        problems.append(f"{rule.id}: needs at least two cases")
    return problems
