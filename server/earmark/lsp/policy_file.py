"""The repository's policy file while it is edited."""

from __future__ import annotations

from earmark.lsp.buffer import Buffer
from earmark.lsp.convert import WARNING, Mark
from earmark.lsp.text import plain
from earmark.policy.load import parse

CODE = "policy-invalid"


def policy_marks(buffer: Buffer) -> list[Mark]:
    """What is wrong with the policy, from each problem's place to the end of its line."""
    _, problems = parse(buffer.text)
    document, found = buffer.document, []
    for problem in problems:
        line = min(max(problem.line - 1, 0), document.line_count - 1)
        start = document.offset(line, max(problem.column - 1, 0), "utf-32")
        found.append(Mark(start, max(document.line_end(line), start), WARNING, CODE, plain(problem.message)))
    return sorted(found)
