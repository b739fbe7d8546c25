"""YAML and JSON as objects: Kubernetes manifests, CloudFormation, Compose, workflows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from earmark.risk.objects import COMPANION, DEEPEST, Object, Value, at

if TYPE_CHECKING:
    from tree_sitter import Node

    from earmark.risk.source import Source


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
    holder, tagged = node, False
    while holder.type in _WRAPPERS and holder.named_child_count and depth < DEEPEST:
        tagged = tagged or any(c.type == "tag" for c in holder.named_children)
        inner = [c for c in holder.named_children if c.type not in ("comment", "anchor", "tag", "alias")]
        if not inner:
            break
        holder = inner[0]
    kind = holder.type
    if depth >= DEEPEST:
        return Value(node)
    if kind in ("block_mapping", "flow_mapping", "object"):
        return Value(node, entries=_plain_map(source, holder, depth))
    if kind in ("block_sequence", "flow_sequence", "array"):
        children = [c.named_children[0] if c.type == "block_sequence_item" and c.named_child_count else c
                    for c in holder.named_children if c.type != "comment"]  # fmt: skip
        return Value(node, items=tuple(_plain(source, c, depth + 1) for c in children))
    text = source.of(holder).strip(_TEXTS.get(kind, ""))
    return Value(holder, text=text, known=not tagged and "${" not in text and "{{" not in text)


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


def objects(source: Source) -> Iterator[Object]:
    """Every object in the documents of a text."""
    for document in documents(source):
        yield from _typed(source, document)


def _typed(source: Source, document: Value) -> Iterator[Object]:
    entries = document.entries or {}
    if "Resources" in entries and entries["Resources"].entries is not None:
        yield from _cloudformation(source, entries["Resources"].entries)
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
    else:
        yield Object("document", document, document.node, "document")


def _cloudformation(source: Source, resources: dict[str, Value]) -> Iterator[Object]:
    kinds = {name: found[0] for name, resource in resources.items() if (found := at(resource, "Type"))}
    referred = _referred(source, resources, kinds)
    for name, kind in kinds.items():
        resource = resources[name]
        properties = at(resource, "Properties")
        value = properties[0] if properties else Value(resource.node, entries={})
        extra = {"__name__": Value(resource.node, text=name), "__resource__": resource}
        if name in referred:
            extra[COMPANION] = kind
        yield Object(kind.text, value._replace(entries=extra | (value.entries or {})), kind.node, "cloudformation")


def _referred(source: Source, resources: dict[str, Value], kinds: dict[str, Value]) -> set[str]:
    """Names of the resources that another resource of the same service refers to."""
    words = {name: frozenset(re.findall(r"\w+", source.of(resources[name].node))) for name in kinds}
    service = {name: kind.text.rpartition("::")[0] for name, kind in kinds.items()}
    return {
        name
        for name in kinds
        for other in kinds
        if other != name and service[other] == service[name] and name in words[other]
    }


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
