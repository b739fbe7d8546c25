"""The objects of a configuration file, whatever it is written in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from earmark.risk import dockerfiles, hcl, manifests, networks, policies

if TYPE_CHECKING:
    from earmark.risk.objects import Object
    from earmark.risk.source import Source

_READERS = {
    "terraform": hcl.objects, "yaml": manifests.objects, "json": manifests.objects, "dockerfile": dockerfiles.objects,
}  # fmt: skip
LANGUAGES = frozenset(_READERS)
# Where an object of this kind holds commands of the shell.
SCRIPTS = {
    "step": ("run",),
    "gitlab-job": tuple(f"{key}{each}" for key in ("before_script", "script", "after_script") for each in ("", ".[]")),
}


def objects(source: Source) -> Iterator[Object]:
    """Every object that rules can ask for, each followed by the policy statements and the openings in it."""
    for thing in _READERS[source.language](source) if source.language in LANGUAGES else ():
        yield thing
        if thing.family in ("terraform", "cloudformation", "document"):
            yield from policies.statements(thing)
            yield from networks.openings(thing)
