"""Firewall rules of every provider in one shape: who may come in, and to which ports.

An opening says `source` (an address range), `from` and `to` (ports; 0 and 65535 where it names none), `ports` (how many
those are), and stands on the source as it is written. What denies, and what goes out, is no opening.
"""

from __future__ import annotations

from collections.abc import Iterator

from earmark.risk.objects import Object, Value, at
from earmark.risk.places import regex

_KINDS = (
    r"(?i)security_?group|secgroup|firewall|network_?acl|security_rule|security_list|access_control_group|fw_rule"
    r"|^data\.aws_security|exposed_service_rule"
)
_SOURCES = (
    "cidr_blocks|ipv6_cidr_blocks|cidr_ipv4|cidr_ipv6|cidr_block|ipv6_cidr_block|source_ranges|source_address_prefix"
    "|source_address_prefixes|remote_ip_prefix|cidr_ip|ipv6_cidr_ip|cidr|ip_block|source_addresses|v4_cidr_blocks"
    "|v6_cidr_blocks|source|ipv4|ipv6|ip_range|remote|source_ip_address|CidrIp|CidrIpv6|CidrBlock|Ipv6CidrBlock"
)
_LOWS = "from_port|FromPort|port_range_min|tcp_options.min|tcp.port_min|PortRange.From"
_HIGHS = "to_port|ToPort|port_range_max|tcp_options.max|tcp.port_max|PortRange.To"
_RANGES = (
    "port_range|port_ranges|ports|port|destination_port_range|destination_port_ranges|destination_port|allow.ports"
)
_DIRECTIONS = "type|direction|Egress|egress|rule_direction"
_ANSWERS = "action|access|rule_action|policy|RuleAction|rule_policy"
_NOTHING = frozenset({"", "*", "any", "all", "null", "-1", "-1/-1", "0-65535", "1-65535", "1/65535"})


def openings(thing: Object) -> Iterator[Object]:
    """The openings in one object; `within` is the object itself."""
    if not regex(_KINDS).search(thing.kind):
        return
    for name, rule in _rules("", thing.value, 0):
        if regex(r"(?i)egress|outbound").search(name) or (not name and regex(r"(?i)egress").search(thing.kind)):
            continue
        if _says(rule, _DIRECTIONS, r"(?i)^(?:egress|outbound|out|true)$") or "deny" in (rule.entries or {}):
            continue
        if _says(rule, _ANSWERS, r"(?i)deny|drop|reject|refuse"):
            continue
        for source in _scalars(at(rule, _SOURCES)):
            for low, high in _spans(rule):
                said = {"source": source, "from": low, "to": high, "ports": high - low + 1}
                entries = {k: v if isinstance(v, Value) else Value(source.node, text=str(v)) for k, v in said.items()}
                yield Object("opening", Value(source.node, entries=entries), source.node, "network", thing.value)


def _rules(name: str, value: Value, depth: int) -> Iterator[tuple[str, Value]]:
    """The maps that name a source, with the key they stand under."""
    if depth > 4:
        return
    for item in value.items or ():
        yield from _rules(name, item, depth + 1)
    if value.entries is None:
        return
    if any(key in value.entries for key in _SOURCES.split("|")):
        yield name, value
    for key, inner in value.entries.items():
        if not key.startswith("__") and key != "allow":
            yield from _rules(key, inner, depth + 1)


def _scalars(values: list[Value]) -> Iterator[Value]:
    for value in values:
        if value.items is not None:
            yield from _scalars(list(value.items))
        elif value.entries is None and value.known:
            yield value


def _says(rule: Value, keys: str, wanted: str) -> bool:
    return any(regex(wanted).search(value.text.strip("\"'")) for value in at(rule, keys))


def _spans(rule: Value) -> list[tuple[int, int]]:
    """The ports a rule opens, as inclusive ranges."""
    lows = [v for path in _LOWS.split("|") for v in at(rule, path)]
    highs = [v for path in _HIGHS.split("|") for v in at(rule, path)]
    if lows and highs:
        low, high = _number(lows[0].text), _number(highs[0].text)
        # AWS writes "all ports" as 0 to 0, and leaves what it does not ask at -1.
        return [(0, 65535) if low <= 0 and high <= 0 else (low, high)] if lows[0].known and highs[0].known else []
    written = list(_scalars([v for path in _RANGES.split("|") for v in at(rule, path)]))
    if written:
        return [_span(v.text) for v in written]
    unknown = [v for path in _RANGES.split("|") for v in at(rule, path)]
    return [] if unknown else [(0, 65535)]


def _span(text: str) -> tuple[int, int]:
    text = text.strip("\"' ").lower()
    if text in _NOTHING:
        return 0, 65535
    low, _, high = text.replace("/", "-").partition("-")
    return _number(low), _number(high or low)


def _number(text: str) -> int:
    digits = text.strip("\"' ")
    return int(digits) if digits.lstrip("-").isdigit() and len(digits) < 7 else 0
