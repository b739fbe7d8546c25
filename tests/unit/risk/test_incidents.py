"""Incident reports: which changes resemble them, and reports that mean harm."""

from pathlib import Path
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.risk.incidents import LARGEST, Incident, is_report, parse_report, read, resembling

FIXTURES = Path(__file__).parents[3] / "fixtures" / "risk" / "incidents"
GOOD = [(f"incidents/{p.name}", p.read_bytes()) for p in sorted((FIXTURES / "good").iterdir())]
HOSTILE = sorted((FIXTURES / "hostile").iterdir())


def incidents() -> tuple[Incident, ...]:
    found, problems = read(GOOD, trusted=True)
    assert problems == ()
    return found


def seen(text: str, path: str, language: str = "python", **more: object) -> list[tuple[str, str, str]]:
    body = text.encode()
    found = resembling(body, language, path, incidents(), **more)  # type: ignore[arg-type]
    return [(f.detail, f.severity, body[f.start : f.end].decode()) for f in found]


def test_reports_are_read_and_a_page_without_front_matter_is_none() -> None:
    assert [i.id for i in incidents()] == ["dns", "2025-11-double-charge", "2026-03-retry-storm", "sleep-in-lock"]
    assert is_report("incidents/a.md")
    assert not is_report("docs/incidents/a.md")


def test_a_change_resembles_a_report_by_path_and_pattern() -> None:
    said = ("2026-03-retry-storm: its pattern matches", "high", "retry(send, backoff=0")
    assert seen("x = 1\nretry(send, backoff=0)\n", "app/orders.py") == [said]
    assert seen("x = 1\nretry(send, backoff=0)\n", "app/tests/orders.py") == []
    assert seen("x = 1\nretry(send, backoff=0)\n", "lib/orders.py") == []
    assert seen("x = 1\nretry(send, backoff=2)\n", "app/orders.py") == []


def test_by_symbol_that_is_named_or_touched() -> None:
    assert seen("charge_card(order)\n", "x.py") == [
        ("2025-11-double-charge: charge_card is named", "critical", "charge_card")
    ]
    assert seen("discharge_cards(order)\n", "x.py") == []
    touched = seen("def f():\n    return 1\n", "x.py", symbols=["Settlement"])
    assert [detail for detail, _, _ in touched] == ["2025-11-double-charge: Settlement is touched"]


def test_by_path_alone() -> None:
    changed = seen("a: 1\n", "deploy/dns/zone.yaml", "yaml", ranges=[(0, 4)])
    assert [detail for detail, _, _ in changed] == ["dns: deploy/dns/zone.yaml is one of its paths"]
    assert seen("a: 1\n", "deploy/dns/zone.yaml", "yaml") == []


def test_by_query_in_its_own_language() -> None:
    text = "with lock:\n    time.sleep(3)\n"
    assert [d for d, _, _ in seen(text, "worker/run.py")] == ["sleep-in-lock: its pattern matches"]
    assert seen(text, "worker/run.rb", "ruby") == []
    assert seen("time.sleep(3)\n", "worker/run.py") == []


def test_only_what_was_changed_is_compared() -> None:
    text = "retry(send, backoff=0)\nx = 1\n"
    assert seen(text, "app/orders.py", ranges=[(23, 29)]) == []
    assert len(seen(text, "app/orders.py", ranges=[(0, 22)])) == 1


def test_the_lesson_is_what_to_do() -> None:
    found = resembling(b"charge_card(o)\n", "python", "x.py", incidents())[0]
    assert found.message == "This resembles incident 2025-11-double-charge of 2025-11-02: orders were charged twice."
    assert found.hint == "Charge under an idempotency key."


def test_patterns_of_an_untrusted_repository_do_not_run() -> None:
    found, _ = read(GOOD, trusted=False)
    assert [i.id for i in found] == ["dns", "2025-11-double-charge"]


@pytest.mark.parametrize("file", HOSTILE, ids=lambda path: path.stem)
def test_a_hostile_report_is_refused_with_a_sentence_and_at_once(file: Path) -> None:
    before = monotonic()
    found, problems = read([(f"incidents/{file.name}", file.read_bytes())], trusted=True)
    assert monotonic() - before < 2
    assert found == ()
    assert [p.path for p in problems] == [f"incidents/{file.name}"]
    assert "\n" not in problems[0].message
    assert len(problems[0].message) < 400


def test_a_report_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than 64 KiB"):
        parse_report("incidents/a.md", b"---\n" + b"x" * LARGEST)


@given(st.binary(max_size=200))
def test_any_report_gets_an_answer(content: bytes) -> None:
    found, problems = read([("incidents/a.md", b"---\n" + content + b"\n---\n")], trusted=True)
    assert len(found) + len(problems) <= 1
