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
    if tagged and kind in ("block_mapping", "flow_mapping", "block_sequence", "flow_sequence"):
        # `!If [A, b, c]`, `!Sub`: what it comes to is known when it runs.
        return Value(node, text=source.of(holder), known=False)
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


# Words of a job that only GitLab's pipelines know.
_GITLAB = frozenset(
    {"stage", "image", "before_script", "after_script", "only", "except", "rules", "artifacts", "needs"}
)


def objects(source: Source) -> Iterator[Object]:
    """Every object in the documents of a text."""
    for document in documents(source):
        yield from _typed(source, document)


def _typed(source: Source, document: Value) -> Iterator[Object]:
    entries = document.entries or {}
    if "Resources" in entries and entries["Resources"].entries is not None:
        yield from _cloudformation(source, document, entries["Resources"].entries)
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
        for job in entries.values():
            if "script" in (job.entries or {}) and ("stages" in entries or (job.entries or {}).keys() & _GITLAB):
                yield Object("gitlab-job", job, _key(job.node), "workflow", document)


def _cloudformation(source: Source, document: Value, resources: dict[str, Value]) -> Iterator[Object]:
    # What a serverless application says once for all its functions or interfaces.
    shared = {f"AWS::Serverless::{name}" for part in at(document, "Globals") for name in part.entries or {}}
    kinds = {name: found[0] for name, resource in resources.items() if (found := at(resource, "Type"))}
    referred = _referred(source, resources, kinds)
    for name, kind in kinds.items():
        resource = resources[name]
        properties = at(resource, "Properties")
        value = properties[0] if properties else Value(resource.node, entries={})
        extra = {"__name__": Value(resource.node, text=name), "__resource__": resource}
        if name in referred or kind.text in shared:
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


_CONTROL = re.compile(
    r"^[\"']?(?:\S*/)?(kube-apiserver|kube-controller-manager|kube-scheduler|kube-proxy|kubelet|etcd)"
    r"(?:-amd64|-arm64)?(?:[:@]\S*)?[\"']?(?:\s|$)"
)
_FLAG = re.compile(r"^[\"']?--([\w-]+)(?:=(.*?))?[\"']?$", re.DOTALL)
_PODS = {
    "Pod": "spec", "CronJob": "spec.jobTemplate.spec.template.spec",
}  # fmt: skip
# What runs once or by hand needs no probe and is rarely worth a limit, and a fragment without an image is filled in
# elsewhere: their containers go by names of their own.
_PARTS = {"Pod": "pod-container", "Job": "job-container", "CronJob": "job-container"}


def _kubernetes(document: Value) -> Iterator[Object]:
    kind = at(document, "kind")[0]
    if kind.text == "List":
        for item in at(document, "items.[]"):
            if at(item, "kind"):
                yield from _kubernetes(item)
        return
    yield Object(kind.text, document, kind.node, "kubernetes")
    for pod in at(document, _PODS.get(kind.text, "spec.template.spec")):
        if pod.entries is not None and (kind.text in _PODS or at(document, "spec.template")):
            yield from _pod(document, kind, pod)


def _pod(document: Value, kind: Value, pod: Value) -> Iterator[Object]:
    # The control plane's own static pods live by other rules: they need the host, and have flags instead.
    words = at(pod, "containers.[].command|args.[]") + at(pod, "containers.[].image")
    parts = [found for word in words if (found := _CONTROL.match(word.text))]
    before = "control-" if parts else ""
    owner = {"__owner__": Value(kind.node, text=kind.text)}
    owned = pod._replace(entries=owner | (pod.entries or {}))
    yield Object(before + "pod", owned, kind.node, "kubernetes", document)
    lasting = {id(container) for container in at(pod, "containers.[]")}
    for container in at(pod, "containers|initContainers|ephemeralContainers.[]"):
        if container.entries is None:
            continue
        value = container._replace(entries=owner | container.entries)
        whole = id(container) in lasting and "image" in container.entries
        part = _PARTS.get(kind.text, "container") if whole else "job-container"
        yield Object(before + part, value, container.node, "kubernetes", owned)
        if parts:
            flags = dict(_flags(container))
            yield Object(parts[0].group(1), Value(container.node, entries=flags), container.node, "flags", owned)


def _flags(container: Value) -> Iterator[tuple[str, Value]]:
    """What a program of the control plane is started with: `--name=value` as name -> value."""
    for word in at(container, "command|args.[]"):
        for part in word.text.split() or [""]:
            found = _FLAG.match(part)
            if found:
                yield found.group(1), Value(word.node, text=found.group(2) or "true")


def _workflow(document: Value, jobs: dict[str, Value]) -> Iterator[Object]:
    yield Object("workflow", document, document.node, "workflow")
    for name, job in jobs.items():
        extra = {"__name__": Value(job.node, text=name)}
        yield Object("job", job._replace(entries=extra | (job.entries or {})), _key(job.node), "workflow", document)
        for step in at(job, "steps.[]"):
            yield Object("step", step, step.node, "workflow", document)


def _key(node: Node) -> Node:
    """The key that a mapping's value stands under."""
    above: Node | None = node
    while above is not None and above.type not in ("block_mapping_pair", "flow_pair"):
        above = above.parent
    return (above.child_by_field_name("key") if above is not None else None) or node
