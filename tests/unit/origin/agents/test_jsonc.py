"""An edit changes what it names; every other byte, comment and comma stays."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.origin.agents import jsonc

ENTRY = {"command": "ours", "n": 1}
PATH = ("hooks", "before")

plain = st.none() | st.booleans() | st.integers() | st.text(max_size=6)
values = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
blank = st.sampled_from(["", " ", "\n", "\n  ", "\t", " /* c , ] } */ ", ' // c " { [\n', "\r\n"])


@st.composite
def documents(draw: st.DrawFn, root: object | None = None) -> str:
    """A random spelling of a random object: white space, comments and trailing commas anywhere they may stand."""

    def spelled(value: object) -> str:
        if isinstance(value, dict):
            return (
                "{"
                + listed([f"{json.dumps(k)}{draw(blank)}:{draw(blank)}{spelled(v)}" for k, v in value.items()])
                + "}"
            )
        if isinstance(value, list):
            return "[" + listed([spelled(item) for item in value]) + "]"
        return json.dumps(value, ensure_ascii=draw(st.booleans()))

    def listed(items: list[str]) -> str:
        made = f"{draw(blank)},".join(draw(blank) + item for item in items)
        return made + draw(blank) + ("," + draw(blank) if items and draw(st.booleans()) else "")

    drawn = draw(st.dictionaries(st.text(max_size=4), values, max_size=3)) if root is None else root
    return draw(blank) + spelled(drawn) + draw(blank)


with_hooks = st.dictionaries(st.text(max_size=4), values, max_size=2).flatmap(
    lambda rest: st.lists(values, min_size=1, max_size=3).map(lambda hooks: {"hooks": {"before": hooks}, **rest})
)


def found(text: str, path: tuple[str, ...]) -> jsonc.Node:
    node: jsonc.Node | None = jsonc.parse(text)
    for key in path:
        assert node is not None
        node = node.get(key)
    assert node is not None
    return node


@given(documents())
def test_parsing_agrees_with_json_on_the_value(text: str) -> None:
    node = jsonc.parse(text)
    again = json.loads(json.dumps(node.value))
    assert again == node.value
    assert text[node.start] == "{" and text[node.end - 1] == "}"


@given(values)
def test_strict_json_is_read_as_json_reads_it(value: object) -> None:
    for text in (json.dumps(value), json.dumps(value, indent=2), json.dumps(value, ensure_ascii=False)):
        assert jsonc.parse(text).value == value


@given(documents())
def test_appending_adds_exactly_the_entry(text: str) -> None:
    before = jsonc.parse(text).value
    if isinstance(before.get("hooks", {}), dict) and isinstance(before.get("hooks", {}).get("before", []), list):
        hooks = before.get("hooks", {})
        wanted = {**before, "hooks": {**hooks, "before": [*hooks.get("before", []), ENTRY]}}
        assert jsonc.parse(jsonc.append(text, PATH, ENTRY)).value == wanted


@given(with_hooks.flatmap(documents))
def test_removing_what_was_appended_gives_the_same_bytes_back(text: str) -> None:
    longer = jsonc.append(text, PATH, ENTRY)
    array = found(longer, PATH)
    assert jsonc.remove(longer, array, len(array.items) - 1) == text


@given(with_hooks.flatmap(documents), st.integers(min_value=0, max_value=2))
def test_removing_any_item_removes_only_that(text: str, index: int) -> None:
    array = found(text, PATH)
    index %= len(array.items)
    shorter = jsonc.remove(text, array, index)
    wanted = list(array.value)
    del wanted[index]
    assert found(shorter, PATH).value == wanted
    removed = text[array.items[index][2].start : array.items[index][2].end]
    for comment in ("// c ", "/* c ,"):
        assert shorter.count(comment) == text.count(comment) - removed.count(comment)


@given(documents())
def test_a_key_put_into_a_new_object_can_be_taken_out_again(text: str) -> None:
    if "zz" in jsonc.parse(text).value:
        return
    longer = jsonc.put(text, "zz", ENTRY)
    node = jsonc.parse(longer)
    assert node.value == {**jsonc.parse(text).value, "zz": ENTRY}
    shorter = jsonc.remove(longer, node, len(node.items) - 1)
    assert shorter == text or not jsonc.parse(text).items


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", '{\n  "hooks": {\n    "before": [\n      1\n    ]\n  }\n}\n'),
        ("{}", '{\n  "hooks": {\n    "before": [\n      1\n    ]\n  }\n}'),
        ('{\n\t"a": 1\n}\n', '{\n\t"a": 1,\n\t"hooks": {\n\t\t"before": [\n\t\t\t1\n\t\t]\n\t}\n}\n'),
        (
            '{\n    "a": 1, // one\n}\n',
            '{\n    "a": 1, // one\n    "hooks": {\n        "before": [\n            1\n        ]\n    },\n}\n',
        ),
        ('{\r\n  "hooks": {}\r\n}', '{\r\n  "hooks": {\r\n    "before": [\r\n      1\r\n    ]\r\n  }\r\n}'),
        ('\ufeff{"a":[1]}', '\ufeff{"a":[1],\n  "hooks": {\n    "before": [\n      1\n    ]\n  }}'),
    ],
)
def test_the_style_of_the_file_is_kept(text: str, wanted: str) -> None:
    assert jsonc.append(text, PATH, 1) == wanted


NOT_JSON = """{
[1 2]
{'a': 1}
{"a" 1}
{"a": 1} x
{"a": }
{,}
{"a": 1,,}
/* x
"x
tru
{"a": "\\q"}""".splitlines()


@pytest.mark.parametrize("text", [*NOT_JSON, "[" * 200, '"\n"'])
def test_what_is_not_json_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(jsonc.NotJson, match=r"line \d+, column \d+"):
        jsonc.parse(text)


@pytest.mark.parametrize("text", ['{"hooks": []}', '{"hooks": {"before": {}}}', "[]", '{"hooks": null}'])
def test_a_value_of_another_shape_is_not_overwritten(text: str) -> None:
    with pytest.raises(jsonc.NotJson, match="is not"):
        jsonc.append(text, PATH, ENTRY)
