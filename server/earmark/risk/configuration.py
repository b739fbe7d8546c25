"""The objects of a configuration file, whatever it is written in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from earmark.risk import hcl, manifests, networks, policies

if TYPE_CHECKING:
    from earmark.risk.objects import Object
    from earmark.risk.source import Source

LANGUAGES = frozenset({"terraform", "yaml", "json"})


def objects(source: Source) -> Iterator[Object]:
    """Every object that rules can ask for, each followed by the policy statements and the openings in it."""
    found = hcl.objects(source) if source.language == "terraform" else manifests.objects(source)
    for thing in found if source.language in LANGUAGES else ():
        yield thing
        if thing.family in ("terraform", "cloudformation", "document"):
            yield from policies.statements(thing)
            yield from networks.openings(thing)
