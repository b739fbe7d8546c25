"""What is risky about a text or a change, and the sum that says how much.

Invariants
- Rules are data: packs are TOML (`packs/`), validated when loaded; the code here knows languages, never rules.
- `engine.scan` never raises: it answers `(findings, errors)` for any bytes and is deterministic.
- All patterns of one language run as one query, over byte ranges, with a match limit and a time limit.
- Regular expressions run on RE2 only; tree-sitter's own `#match?` never appears in a query.
- Configuration is judged as objects (`configuration`), never as text: what only a run can tell is never wrong, and what
  is missing is said once an object, where nothing of its category is said at all (`required`).
- Findings carry byte ranges of the text they were found in; lines and columns are made at the edge.
- Foreign packs and incident reports are bounded before they run, and left out with a sentence where they are unfit.
- Deliberately absent: git, the language-server protocol, who wrote a line. Callers choose the ranges to look at, and
  hand in history and dependents as plain data.
"""
