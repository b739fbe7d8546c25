"""What moves from one file of a change to another was not removed."""

from earmark.risk.assess import findings_of
from earmark.risk.changed import ChangedFile
from earmark.risk.moved import without_moved
from earmark.risk.rules import load_default

GUARD = "    if not user.is_admin:\n        raise PermissionError\n"
OLD = f"def refund(user, order):\n{GUARD}    pay(order)\n"
TESTS = "def test_refund_of_a_paid_order():\n    assert refund(1) == 1\n\n\ndef test_other():\n    assert 1\n"


def rules_fired(*files: ChangedFile) -> list[str]:
    found = without_moved(files, [findings_of(file, load_default()) for file in files])
    return sorted({finding.rule for one in found for finding in one.change})


def changed(path: str, old: str, new: str) -> ChangedFile:
    return ChangedFile(path, old.encode(), new.encode())


def test_a_guard_that_is_gone_is_found() -> None:
    file = changed("app/a.py", OLD, OLD.replace(GUARD, ""))
    assert rules_fired(file) == ["change-removed-auth"]
    assert rules_fired(file, changed("app/b.py", "x = 1\n", "x = 2\n")) == ["change-removed-auth"]


def test_a_guard_that_moved_to_another_file_is_not() -> None:
    gone = changed("app/a.py", OLD, OLD.replace(GUARD, ""))
    came = changed("app/b.py", "def pay(order):\n    send(order)\n", f"def pay(order):\n{GUARD}    send(order)\n")
    assert rules_fired(gone, came) == []


def test_one_that_stood_there_before_did_not_move() -> None:
    gone = changed("app/a.py", OLD, OLD.replace(GUARD, ""))
    had = changed(
        "app/b.py", f"def pay(order):\n{GUARD}    send(order)\n", f"def pay(order):\n{GUARD}    ship(order)\n"
    )
    assert rules_fired(gone, had) == ["change-removed-auth"]


def test_a_test_that_moved_to_another_file_is_not_weakened() -> None:
    moved = TESTS[: TESTS.index("def test_other")]
    gone = changed("tests/test_a.py", TESTS, TESTS[len(moved) :])
    assert rules_fired(gone) == ["change-test-weakened"]
    assert rules_fired(gone, changed("tests/test_b.py", "import x\n", "import x\n\n\n" + moved)) == []
