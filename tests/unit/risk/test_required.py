"""Tables of what a resource must say: which rows find what, and where."""

import pytest

from earmark.risk.engine import scan
from earmark.risk.places import ConditionError
from earmark.risk.required import rows
from earmark.risk.rules import RuleError, RuleSet, parse_pack

HEAD = """format = 1
languages = ["terraform", "yaml"]
[[rule]]
id = "x"
category = "infra-misconfig"
severity = "low"
why = "w"
hint = "h"
require = '''
%s
'''
"""


def said(table: str, text: str, language: str = "terraform") -> list[tuple[int, str]]:
    """(line, sentence) of the findings, 1-based."""
    rules = RuleSet("test", {f"{language}.toml": HEAD % table})
    found, errors = scan(text.encode(), language, "a", rules=rules)
    assert not errors
    return [(text.encode().count(b"\n", 0, f.start) + 1, f.detail) for f in found]


def disk(body: str) -> str:
    return 'resource "disk" "a" {\n' + "\n" * 4 + f"  {body}\n}}\n"


@pytest.mark.parametrize(
    ("row", "body", "expected"),
    [
        ("encrypted true", "encrypted = false", [(6, "encrypted is false")]),
        ("encrypted true", "size = 1", [(1, "encrypted is not set")]),
        ("encrypted true", "encrypted = null", [(1, "encrypted is not set")]),
        ("encrypted true", "encrypted = var.e", []),
        ("encrypted true", "encrypted = !var.e", []),
        ("encrypted true?", "size = 1", []),
        ("encrypted true?", 'encrypted = "false"', [(6, "encrypted is false")]),
        ("public false", "public = true", [(6, "public is true")]),
        ("public false", "size = 1", [(1, "public is not set")]),
        ("key set", 'key = ""', [(1, "key is not set")]),
        ("key set", "key = kms.a", []),
        ("key unset", 'key = "k"', [(6, "key is k")]),
        ("key unset", "size = 1", []),
        ("days >=7", "days = 3", [(6, "days is 3")]),
        ("days >=7", "days = 7", []),
        ("days >=7?", "size = 1", []),
        ("days <=90?", "days = 365", [(6, "days is 365")]),
        ("tls not 1.0 1.1*", 'tls = "1.1_2016"', [(6, "tls is 1.1_2016")]),
        ("tls not 1.0", "size = 1", []),
        ("mode in On", 'mode = "Off"', [(6, "mode is Off")]),
        ("mode in On", 'mode = "on"', []),
        ("mode in On", "size = 1", [(1, "mode is not set")]),
        ("mode in? On", "size = 1", []),
        ("part > safe true", "size = 1", []),
        ("part > safe true", "part {\n    a = 1\n  }", [(6, "part.safe is not set")]),
        ("part > safe true", "part {\n    safe = false\n  }\n  part {\n    safe = true\n  }", [(7, "safe is false")]),
        (
            "part[a=1] > safe true",
            "part {\n    a = 1\n    safe = false\n  }\n  part {\n    safe = false\n  }",
            [(8, "safe is false")],
        ),
    ],
)
def test_a_row_finds_what_is_wrong_or_missing(row: str, body: str, expected: list[tuple[int, str]]) -> None:
    assert said(f"disk: {row}", disk(body)) == expected


TWO = "disk: encrypted true\ndisk: logged true"


def test_what_is_missing_is_said_once_an_object() -> None:
    assert said(TWO, disk("size = 1")) == [(1, "encrypted, logged are not set")]


def test_an_object_that_sets_one_is_not_asked_for_the_rest() -> None:
    assert said(TWO, disk("logged = true")) == []


def test_an_object_that_another_of_its_service_completes_is_not_asked() -> None:
    text = 'resource "x_disk" "a" {\n}\nresource "x_%s" "b" {\n  disk = x_disk.a.id\n}\n'
    assert said("x_disk: encrypted true", text % "disk_encryption") == []
    assert said("x_disk: encrypted true", text.replace('"x_%s"', '"y_vm"')) == [(1, "encrypted is not set")]


def test_a_firm_row_asks_whatever_else_is_set() -> None:
    assert said("disk: encrypted true!\ndisk: logged true", disk("logged = true")) == [(1, "encrypted is not set")]


def test_a_small_resource_is_marked_from_its_name_to_the_setting() -> None:
    small = 'resource "disk" "a" {\n  encrypted = false\n}\n'
    assert said("disk: encrypted true", small) == [(1, "encrypted is false")]
    ignored = small.replace("false", "false # earmark: ignore[x] it holds nothing")
    assert said("disk: encrypted true", ignored) == []


def test_types_expand() -> None:
    assert said("drum,{tape,reel}: encrypted true", disk("")) == []
    assert said("{disk,tape}: encrypted true", disk("")) == [(1, "encrypted is not set")]


def test_a_name_stands_for_what_the_file_gives_it() -> None:
    text = 'variable "e" {\n  default = false\n}\nlocals {\n  f = false\n}\n'
    assert said("disk: encrypted true", text + disk("encrypted = var.e")) == [(12, "encrypted is false")]
    assert said("disk: encrypted true", text + disk("encrypted = local.f")) == [(12, "encrypted is false")]


def test_what_a_template_fills_in_is_not_known() -> None:
    text = "Resources:\n  A:\n    Type: T\n    Properties:\n      Encrypted: %s\n"
    assert said("T: Encrypted true", text % "false", "yaml") == [(5, "Encrypted is false")]
    assert said("T: Encrypted true", text % "!Ref E", "yaml") == []
    assert said("T: Encrypted true", text % "{Ref: E}", "yaml") == []


@pytest.mark.parametrize("row", ["disk encrypted true", "disk: encrypted", "disk: encrypted maybe", "disk: a in"])
def test_a_malformed_row_says_so(row: str) -> None:
    with pytest.raises(ConditionError, match="a row is TYPES: PATH WANT"):
        rows(row)
    with pytest.raises(RuleError, match=r"rule x: a row is"):
        parse_pack(HEAD % row, "pack.toml")
