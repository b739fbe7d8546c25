"""Promises whose failure nobody hears."""

import pytest

from earmark.risk.promises import is_floating
from earmark.risk.source import Source
from earmark.text.syntax import parse

HEAD = "async function save(x) { return x }\nconst later = async () => 1\ndeclare const job: Promise<number>\n"


@pytest.mark.parametrize(
    ("statement", "floats"),
    [
        ("save(1)", True),
        ("later()", True),
        ("job", True),
        ("fetch('/a')", True),
        ("Promise.reject(1)", True),
        ("new Promise(r => r())", True),
        ("(async () => { await save(1) })()", True),
        ("ready && save(1)", True),
        ("ready ? save(1) : null", True),
        ("[1, save(2)]", True),
        ("xs.map(async x => { await save(x) })", True),
        ("xs.map(x => save(x))", True),
        ("save(1).then(done)", True),
        ("save(1).catch(undefined)", True),
        ("save(1).catch(report).finally(done)", False),
        ("save(1).finally(done)", True),
        ("save(1).catch(report)", False),
        ("save(1).then(done, report)", False),
        ("void save(1)", False),
        ("await save(1)", False),
        ("x = save(1)", False),
        ("unknown(1)", False),
        ("xs.map(x => x + 1)", False),
    ],
)
def test_floating(statement: str, floats: bool) -> None:
    text = (HEAD + statement).encode()
    tree = parse(text, "typescript")
    assert tree is not None
    last = tree.root_node.named_children[-1]
    assert last.type == "expression_statement"
    assert is_floating(Source(text, tree, "typescript", "a.ts"), last.named_children[0]) == floats
