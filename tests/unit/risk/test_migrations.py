"""What statements of a script are to each other."""

import pytest

from earmark.risk.migrations import facts


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("BEGIN; SELECT 1; COMMIT", ["", "transaction", "transaction"]),
        ("begin transaction; SELECT 1", ["unclosed", "transaction"]),
        ("START TRANSACTION; BEGIN; COMMIT", ["", "nested transaction", "transaction"]),
        ("SELECT 1; COMMIT", ["", "unopened"]),
        ("COMMIT; SELECT 1; BEGIN", ["", "", ""]),
        ("BEGIN; COMMIT; COMMIT", ["", "transaction", "unopened"]),
        ("BEGIN; END", ["", "transaction"]),
        ('CREATE TABLE a (b int); ALTER TABLE "A" ADD c int', ["", "new-table"]),
        ("CREATE TABLE IF NOT EXISTS s.a (b int); CREATE INDEX i ON s.a (b)", ["", "new-table"]),
        ("CREATE UNLOGGED TABLE a (b int); CREATE UNIQUE INDEX ON ONLY a (b)", ["", "new-table"]),
        ("CREATE TABLE a (b int); ALTER TABLE ab ADD c int", ["", "first"]),
        ("ALTER TABLE a ADD c int; CREATE TABLE a (b int); ALTER TABLE b ADD c int", ["first", "", ""]),
        ("CREATE FUNCTION f() BEGIN ATOMIC SELECT 1; END", ["", ""]),
    ],
)
def test_a_statement_is_seen_in_its_script(script: str, expected: list[str]) -> None:
    assert [" ".join(sorted(said)) for said in facts(script.split("; "))] == expected
