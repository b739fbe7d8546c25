"""Configuration as objects: Terraform resources, Kubernetes manifests, CloudFormation, workflows, policies.

A document becomes maps, lists and scalars that remember their tree node; a rule then asks for a kind of object and for
what is present, absent or said at a path. Paths: `a.b` keys, `[]` every item, `*` any key, `**` any depth. A repeated
Terraform block is a list, and a path goes through a list without saying so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tree_sitter import Node

    from earmark.risk.source import Source

_DEEPEST = 40


class Value(NamedTuple):
    """A scalar (`text`), a map (`entries`) or a list (`items`), and the node it was written as."""

    node: Node
    text: str = ""
    entries: dict[str, Value] | None = None
    items: tuple[Value, ...] | None = None


class Object(NamedTuple):
    """One object a rule can ask for: its kind (`aws_s3_bucket`, `Deployment`, `container`, `job`, …), its value, and
    the node that heads it."""

    kind: str
    value: Value
    head: Node
    family: str
    within: Value | None = None


def at(value: Value, path: str) -> list[Value]:
    """The values at `path` below `value`."""
    found = [value]
    for step in path.split("."):
        found = [deeper for each in found for deeper in _step(each, step, 0)]
        if not found:
            break
    return found


def _step(value: Value, step: str, depth: int) -> Iterator[Value]:
    if depth > _DEEPEST:
        return
    if step == "**":
        yield value
        for child in (*(value.entries or {}).values(), *(value.items or ())):
            yield from _step(child, step, depth + 1)
        return
    if value.items is not None:
        for item in value.items:
            if step == "[]":
                yield item
            else:
                yield from _step(item, step, depth + 1)
    elif value.entries is not None:
        if step in ("*", "[]"):
            yield from value.entries.values()
        elif "|" in step:
            yield from (value.entries[key] for key in step.split("|") if key in value.entries)
        elif step in value.entries:
            yield value.entries[step]


def objects(source: Source) -> list[Object]:
    """Every object of a configuration file that rules can ask for, in order of place."""
    if source.language == "terraform":
        return list(_terraform(source))
    if source.language in ("yaml", "json"):
        return [found for document in documents(source) for found in _typed(document)]
    return []


def _terraform(source: Source) -> Iterator[Object]:
    body = next((c for c in source.root.named_children if c.type == "body"), source.root)
    for block in _blocks(body, 0):
        labels = [source.of(c).strip('"') for c in block.named_children if c.type in ("identifier", "string_lit")]
        inside = next((c for c in block.named_children if c.type == "body"), None)
        value = _block_body(source, inside, 0) if inside is not None else Value(block, entries={})
        kind = labels[1] if labels[:1] in (["resource"], ["data"]) and len(labels) > 1 else labels[0] if labels else ""
        if labels[:1] == ["data"]:
            kind = "data." + kind
        elif labels[:1] == ["provider"] and len(labels) > 1:
            kind = "provider." + labels[1]
        named = {"__name__": Value(block, text=labels[-1] if len(labels) > 1 else "")}
        yield Object(kind, value._replace(node=block, entries=named | (value.entries or {})), block, "terraform")


def _blocks(node: Node, depth: int) -> Iterator[Node]:
    for child in node.named_children:
        if child.type == "block":
            yield child
        elif child.type in ("ERROR", "body") and depth < 3:
            yield from _blocks(child, depth + 1)


def _block_body(source: Source, body: Node, depth: int) -> Value:
    entries: dict[str, Value] = {}
    for child in body.named_children if depth < _DEEPEST else ():
        if child.type == "attribute" and child.named_child_count > 1:
            entries[source.of(child.named_children[0])] = _hcl(source, child.named_children[-1], depth + 1)
        elif child.type == "block":
            _add_block(source, child, entries, depth)
    return Value(body, entries=entries)


def _add_block(source: Source, block: Node, entries: dict[str, Value], depth: int) -> None:
    words = [c for c in block.named_children if c.type in ("identifier", "string_lit")]
    name = source.of(words[0]) if words else ""
    inside = next((c for c in block.named_children if c.type == "body"), None)
    value = _block_body(source, inside, depth + 1) if inside is not None else Value(block, entries={})
    if name == "dynamic" and len(words) > 1:
        name = source.of(words[1]).strip('"')
        content = (value.entries or {}).get("content")
        value = content.items[0] if content and content.items else value
    earlier = entries.get(name)
    before = earlier.items if earlier is not None and earlier.items is not None else ()
    entries[name] = Value(block, items=(*before, value._replace(node=block)))


def _hcl(source: Source, node: Node, depth: int) -> Value:
    holder = node
    while holder.type in ("expression", "literal_value", "collection_value", "template_expr") and (
        holder.named_child_count == 1 and depth < _DEEPEST
    ):
        holder = holder.named_children[0]
    if holder.type == "tuple":
        parts = [c for c in holder.named_children if c.type == "expression"]
        return Value(node, items=tuple(_hcl(source, c, depth + 1) for c in parts))
    if holder.type == "object":
        return Value(node, entries=_hcl_object(source, holder, depth))
    text = source.of(holder).strip()
    if holder.type == "function_call" and text.startswith(("jsonencode(", "merge(", "concat(", "tolist(", "toset(")):
        arguments = next((c for c in holder.named_children if c.type == "function_arguments"), None)
        if arguments is not None and arguments.named_child_count:
            return _hcl(source, arguments.named_children[0], depth + 1)._replace(node=node)
    return Value(node, text=text.strip('"'))


def _hcl_object(source: Source, holder: Node, depth: int) -> dict[str, Value]:
    entries = {}
    for child in holder.named_children:
        key, value = child.child_by_field_name("key"), child.child_by_field_name("val")
        if child.type == "object_elem" and key is not None and value is not None:
            entries[source.of(key).strip('"')] = _hcl(source, value, depth + 1)
    return entries


def documents(source: Source) -> Iterator[Value]:
    """The documents of a YAML or JSON text as values."""
    for child in source.root.named_children:
        if child.type in ("document", "object", "array"):
            yield _plain(source, child, 0)
        elif child.type == "ERROR":
            yield from (_plain(source, c, 0) for c in child.named_children if c.type in ("block_mapping", "object"))


_WRAPPERS = frozenset({"document", "block_node", "flow_node", "plain_scalar"})
_TEXTS = {"double_quote_scalar": '"', "single_quote_scalar": "'", "string": '"'}


def _plain(source: Source, node: Node, depth: int) -> Value:
    """A YAML or JSON node as a value."""
    holder = node
    while holder.type in _WRAPPERS and holder.named_child_count and depth < _DEEPEST:
        inner = [c for c in holder.named_children if c.type not in ("comment", "anchor", "tag", "alias")]
        if not inner:
            break
        holder = inner[0]
    kind = holder.type
    if depth >= _DEEPEST:
        return Value(node)
    if kind in ("block_mapping", "flow_mapping", "object"):
        return Value(node, entries=_plain_map(source, holder, depth))
    if kind in ("block_sequence", "flow_sequence", "array"):
        children = [c.named_children[0] if c.type == "block_sequence_item" and c.named_child_count else c
                    for c in holder.named_children if c.type != "comment"]  # fmt: skip
        return Value(node, items=tuple(_plain(source, c, depth + 1) for c in children))
    return Value(holder, text=source.of(holder).strip(_TEXTS.get(kind, "")))


def _plain_map(source: Source, holder: Node, depth: int) -> dict[str, Value]:
    entries: dict[str, Value] = {}
    for pair in holder.named_children:
        key = pair.child_by_field_name("key")
        if key is None:
            continue
        value = pair.child_by_field_name("value")
        name = source.of(key).strip().strip("\"'")
        entries[name] = Value(pair, text="null") if value is None else _plain(source, value, depth + 1)
    return entries


def _typed(document: Value) -> Iterator[Object]:
    entries = document.entries or {}
    if "Resources" in entries and entries["Resources"].entries is not None:
        yield from _cloudformation(entries["Resources"].entries)
    elif "kind" in entries and "apiVersion" in entries:
        yield from _kubernetes(document)
    elif "jobs" in entries and entries["jobs"].entries is not None:
        yield from _workflow(document, entries["jobs"].entries)
    elif "services" in entries and entries["services"].entries is not None:
        for service in entries["services"].entries.values():
            yield Object("service", service, service.node, "compose")
    elif "runs" in entries:
        yield Object("action", document, document.node, "workflow")
        for step in at(document, "runs.steps.[]"):
            yield Object("step", step, step.node, "workflow", document)
    for statement in at(document, "**"):
        inside = statement.entries or {}
        if "Effect" in inside and ("Action" in inside or "NotAction" in inside):
            yield Object("iam-statement", statement, statement.node, "iam")


def _cloudformation(resources: dict[str, Value]) -> Iterator[Object]:
    for name, resource in resources.items():
        kinds, properties = at(resource, "Type"), at(resource, "Properties")
        if not kinds:
            continue
        value = properties[0] if properties else Value(resource.node, entries={})
        extra = {"__name__": Value(resource.node, text=name), "__resource__": resource}
        yield Object(
            kinds[0].text, value._replace(entries=extra | (value.entries or {})), kinds[0].node, "cloudformation"
        )


_CONTROL = re.compile(r"^[\"']?(?:\S*/)?(?:kube-(?:apiserver|controller-manager|scheduler|proxy)|kubelet|etcd)\b")
_PODS = {
    "Pod": "spec", "CronJob": "spec.jobTemplate.spec.template.spec",
}  # fmt: skip


def _kubernetes(document: Value) -> Iterator[Object]:
    if at(document, "kind")[0].text == "List":
        for item in at(document, "items.[]"):
            if at(item, "kind"):
                yield from _kubernetes(item)
        return
    kind = at(document, "kind")[0]
    yield Object(kind.text, document, kind.node, "kubernetes")
    for pod in at(document, _PODS.get(kind.text, "spec.template.spec")):
        if pod.entries is None or not at(pod, "containers"):
            continue
        # The control plane's own static pods live by other rules: they need the host, and have flags instead.
        control = any(_CONTROL.search(word.text) for word in at(pod, "containers.[].command|args.[]"))
        before = "control-" if control else ""
        yield Object(before + "pod", pod, kind.node, "kubernetes", document)
        owner = {"__owner__": Value(kind.node, text=kind.text)}
        for container in at(pod, "containers|initContainers|ephemeralContainers.[]"):
            if container.entries is not None:
                owned = container._replace(entries=owner | container.entries)
                yield Object(before + "container", owned, container.node, "kubernetes", pod)


def _workflow(document: Value, jobs: dict[str, Value]) -> Iterator[Object]:
    yield Object("workflow", document, document.node, "workflow")
    for name, job in jobs.items():
        extra = {"__name__": Value(job.node, text=name)}
        yield Object("job", job._replace(entries=extra | (job.entries or {})), job.node, "workflow", document)
        for step in at(job, "steps.[]"):
            yield Object("step", step, step.node, "workflow", document)


def judge(thing: Object, conditions: tuple[dict[str, object], ...], text: bytes) -> list[tuple[int, int]]:
    """The byte ranges to mark when every condition on the object holds, else none.

    A condition is `{path, is | matches | lacks | min | max, every | not}`; `within = true` asks the object around this
    one (a container's pod, a job's workflow). In a long text (a script) the very matches are marked.
    """
    mark: list[tuple[int, int]] = []
    for condition in conditions:
        base = thing.within if condition.get("within") else thing.value
        if base is None:
            return []
        values = at(base, str(condition["path"]))
        hits = [value for value in values if _holds(value, condition)]
        wanted = condition.get("is")
        if wanted == "absent":
            good = not values
        elif condition.get("every"):
            good = bool(values) and len(hits) == len(values)
        else:
            good = bool(hits)
        if good == bool(condition.get("not")):
            return []
        # The last condition is the telling one: `Effect` before `Action`, `uses` before the script it runs.
        if hits and wanted != "absent" and not condition.get("not") and not condition.get("within"):
            mark = [place for hit in hits[:_MOST] for place in _marks(hit, condition, text)]
    return mark or [(thing.head.start_byte, thing.head.end_byte)]


_MOST = 20


def _marks(value: Value, condition: dict[str, object], text: bytes) -> list[tuple[int, int]]:
    from earmark.risk.places import regex

    start, end = value.node.start_byte, value.node.end_byte
    if "matches" in condition and b"\n" in text[start:end]:
        found = list(regex(str(condition["matches"])).finditer(text[start:end]))[:_MOST]
        return [(start + m.start(), start + m.end()) for m in found if m.end() > m.start()] or [(start, end)]
    return [(start, end)]


def _holds(value: Value, condition: dict[str, object]) -> bool:
    from earmark.risk.places import regex

    wanted = condition.get("is")
    text = value.text.strip().lower()
    if wanted == "true" and text not in ("true", "yes", "on", "1"):
        return False
    if wanted == "false" and text not in ("false", "no", "off", "0"):
        return False
    if wanted == "empty" and (text or value.entries or value.items):
        return False
    if wanted == "scalar" and not text:
        return False
    whole = value.text or (value.node.text or b"").decode("utf-8", "replace")
    if "matches" in condition and not regex(str(condition["matches"])).search(whole):
        return False
    if "lacks" in condition and regex(str(condition["lacks"])).search(whole):
        return False
    if "min" in condition or "max" in condition:
        try:
            number = float(text)
        except ValueError:
            return False
        return float(str(condition.get("min", "-inf"))) <= number <= float(str(condition.get("max", "inf")))
    return True
