"""Packages in doubt: names that do not exist, names one slip away from a popular one, versions left open.

What each check says, and how severe it is, is data: the rules of `packs/dependencies.toml`, whose anchor `check` names
them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from earmark.risk.dependencies import manifests
from earmark.risk.dependencies.imports import NODE_LANGUAGES, Import, imports, package_of
from earmark.risk.dependencies.lookalike import resembles, squeezed
from earmark.risk.dependencies.manifests import Requirement
from earmark.risk.dependencies.membership import NPM, PYPI, Membership, Registry, load, normalised
from earmark.risk.dependencies.surroundings import Surroundings
from earmark.risk.finding import Finding, in_order
from earmark.risk.places import regex
from earmark.risk.suppress import suppressed

if TYPE_CHECKING:
    from tree_sitter import Tree

    from earmark.risk.rules import Rule, RuleSet

PACK = "dependencies.toml"
_HOSTS = frozenset({"bash", "dockerfile", "yaml"})
# What says on a command line that packages come from elsewhere.
_PRIVATE = {
    PYPI.key: r"--(?:extra-)?index-url|--find-links|PIP_(?:EXTRA_)?INDEX_URL",
    NPM.key: r"--registry|npm config set \S*registry",
}


class Doubt(NamedTuple):
    """A name in doubt: which check failed (`pypi-unknown`, `npm-lookalike`, ...), where, and the facts."""

    check: str
    start: int
    end: int
    detail: str


def check(
    text: bytes,
    language: str,
    path: str,
    around: Callable[[], Surroundings],
    *,
    rules: RuleSet,
    ranges: Sequence[tuple[int, int]] | None = None,
    tree: Tree | None = None,
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """`(findings, errors)` about the packages that `text` names, never an exception.

    `around` is called only when a name is in doubt. `ranges` (bytes, 0-based, half-open) and `tree` as in
    `engine.scan`.
    """
    if not _names_packages(text, language, path):
        return (), ()
    try:
        found = list(_findings(_doubts(text, language, path, around, tree), rules))
    except Exception as problem:  # noqa: BLE001 - an analyser must not take the editor or the commit down with it
        return (), (f"{path}: packages not looked at: {type(problem).__name__}: {problem}",)
    asked = [f for f in found if ranges is None or any(f.start < b and f.end > a for a, b in ranges)]
    return in_order(f for f in asked if not suppressed(text, f.rule, f.start)), ()


def _names_packages(text: bytes, language: str, path: str) -> bool:
    if language == "python" or language in NODE_LANGUAGES:
        return True
    return manifests.registry_of(path) is not None or (language in _HOSTS and (b"install" in text or b" add " in text))


def _findings(doubts: Iterable[Doubt], rules: RuleSet) -> Iterator[Finding]:
    by_check = {pattern: rule for rule in _pack(rules) for m in rule.matchers for pattern in m.patterns}
    for doubt in doubts:
        rule = by_check.get(doubt.check)
        if rule is not None:
            yield Finding(rule.id, rule.category, rule.severity, doubt.start, doubt.end, rule.why, rule.hint,
                          doubt.detail)  # fmt: skip


def _pack(rules: RuleSet) -> tuple[Rule, ...]:
    return rules.pack(PACK)


def _doubts(
    text: bytes, language: str, path: str, around: Callable[[], Surroundings], tree: Tree | None
) -> Iterator[Doubt]:
    registry = manifests.registry_of(path)
    if registry is not None and not manifests.is_lock(path):
        asked = manifests.requirements(text, path)
        private = manifests.names_private_index(text, path)
        for requirement in asked:
            yield from _required(requirement, registry, around, asked, private)
    if language == "python" or language in NODE_LANGUAGES:
        yield from _imported(imports(text, language, tree), language, around)
    elif language in _HOSTS:
        elsewhere = {key: bool(regex(option).search(text)) for key, option in _PRIVATE.items()}
        for registry, requirement in manifests.installs(text):
            yield from _named(requirement, registry, around, (requirement,), elsewhere[registry.key])


def _required(
    requirement: Requirement,
    registry: Registry,
    around: Callable[[], Surroundings],
    asked: Sequence[Requirement],
    private: bool,
) -> Iterator[Doubt]:
    """What is doubtful about one line of a manifest."""
    if requirement.elsewhere:
        if _floats(requirement.spec):
            yield _doubt(f"{registry.key}-floating", requirement, requirement.spec[:120])
        return
    yield from _named(requirement, registry, around, asked, private)
    if _is_open(requirement.spec, registry) and requirement.wants_pin:
        name = normalised(requirement.name, registry)
        if not around().locks(name, registry):
            yield _doubt(f"{registry.key}-unpinned", requirement, f"{requirement.name} {requirement.spec}".strip())


def _named(
    requirement: Requirement,
    registry: Registry,
    around: Callable[[], Surroundings],
    asked: Sequence[Requirement],
    private: bool,
) -> Iterator[Doubt]:
    """Whether the package exists and is the one that is meant."""
    names = load(registry)
    name = normalised(requirement.name, registry)
    exists = name in names
    meant = resembles(name, names, registry)
    if exists and not meant:
        return
    here = around()
    if here.locks(name, registry) or name in {normalised(m, registry) for m in here.modules}:
        return
    if meant:
        yield _doubt(f"{registry.key}-lookalike", requirement, _slip(requirement.name, meant, exists))
    elif private or registry.key in here.private or name.startswith("@"):
        return
    elif not _is_of_a_family(name, registry, asked, here):
        yield _doubt(f"{registry.key}-unknown", requirement, _unknown(requirement.name, registry))


def _imported(found: Iterable[Import], language: str, around: Callable[[], Surroundings]) -> Iterator[Doubt]:
    registry = PYPI if language == "python" else NPM
    names = load(registry)
    platform, modules = _platform(language == "python")
    seen: set[str] = set()
    for item in found:
        top = package_of(item.module, language)
        if not top or top in seen or item.guarded or top in platform or top in modules:
            continue
        seen.add(top)
        name = normalised(top, registry)
        exists = name in names or (registry is PYPI and _is_brought(name, names))
        meant = resembles(name, names, registry)
        if registry is PYPI and squeezed(meant) == squeezed(name):
            meant = ""
        if (exists and not meant) or item.module in platform or top.startswith("_"):
            continue
        here = around()
        if meant and here.declares(meant, registry):
            continue
        if here.declares(name, registry) or _is_inside(item.module, top, here) or _is_by_private(name, registry, here):
            continue
        place = Requirement(top, "", item.start, item.start + len(top.encode()))
        if meant and (not exists or registry.key in here.manifests):
            yield _doubt(f"{registry.key}-lookalike", place, _slip(top, meant, exists))
        elif not exists and (not name.startswith("@") or registry.key in here.manifests):
            yield _doubt(f"{registry.key}-unknown", place, _unknown(top, registry))


def _is_inside(module: str, top: str, here: Surroundings) -> bool:
    return top in here.modules or module in here.modules or "/".join(module.split("/")[:2]) in here.modules


def _is_by_private(name: str, registry: Registry, here: Surroundings) -> bool:
    """A declared package that is not public may bring modules of any name; it is taken to bring those that share a
    word with it."""
    names = load(registry)
    words = set(name.split("-"))
    return any(d not in names and words & set(d.split("-")) for d in here.declared.get(registry.key, ()))


def _is_of_a_family(name: str, registry: Registry, asked: Sequence[Requirement], here: Surroundings) -> bool:
    """Whether a package looks private: it shares its first word with another that is not public, or with what the
    workspace calls its own."""
    names, first = load(registry), name.split("-")[0]
    if regex(r"\b(?:internal|private|inhouse|corp)\b").search(name):
        return True
    others = {normalised(r.name, registry) for r in asked} | here.declared.get(registry.key, frozenset())
    return any(o != name and o not in names and o.split("-")[0] == first for o in others)


def _is_brought(name: str, names: Membership) -> bool:
    """Whether a distribution called almost like the module exists: with a usual prefix or suffix, or a popular one of
    whose words the module's name is made (`samtranslator` of `aws-sam-translator`)."""
    if any(form.format(name) in names for form in _FORMS):
        return True
    module = squeezed(name)
    return any(module in squeezed(other) and module in _runs(other.split("-")) for other in names.popular)


_FORMS = ("python-{}", "{}-python", "py{}", "py-{}", "django-{}", "{}-py", "python3-{}", "{}-sdk", "{}-client")


def _runs(words: Sequence[str]) -> set[str]:
    """What consecutive words give when written as one."""
    return {"".join(words[a:b]) for a in range(len(words)) for b in range(a + 1, len(words) + 1)}


def _unknown(name: str, registry: Registry) -> str:
    names = load(registry)
    which = "" if names.complete else "widely used "
    return f"{name} is no {which}package on {registry.label} as of {names.date}, nor of this workspace"


def _slip(name: str, meant: str, exists: bool) -> str:
    return f"{name} {'exists, but' if exists else 'is not known and'} is one slip away from {meant}"


def _is_open(spec: str, registry: Registry) -> bool:
    """Whether any version at all will do."""
    bare = spec.strip().strip("()")
    if registry is NPM:
        return bare in ("", "*", "x", "latest", "next", "X") or regex(r"^>=?\s*\d[\w.]*$").search(bare) is not None
    return bare in ("", "*")


def _floats(spec: str) -> bool:
    """Whether a source outside the registry is a branch or plain HTTP: other code tomorrow, or on the way."""
    if regex(r"^(?:@\s*)?http://").search(spec):
        return True
    if not regex(r"git\+|^git:|^github:|\.git\b|^(?:git@|ssh://)").search(spec):
        return False
    return not regex(r"[@#](?:[0-9a-f]{7,40}|v?\d[\w.+-]*|semver:[^\s]+)\b").search(spec.split("://", 1)[-1])


def _doubt(check: str, requirement: Requirement, detail: str) -> Doubt:
    return Doubt(check, requirement.start, requirement.end, detail)


@cache
def _platform(python: bool) -> tuple[frozenset[str], dict[str, Any]]:
    """Modules that need no package, and modules whose package has another name."""
    import tomllib
    from importlib import resources

    data = tomllib.loads((resources.files("earmark.risk.dependencies") / "known.toml").read_text("utf-8"))
    if not python:
        return frozenset(data["node"]["platform"].split()), {}
    own = set(data["python"]["platform"].split()) | set(sys.stdlib_module_names)
    return frozenset(own), data["python"]["modules"]
