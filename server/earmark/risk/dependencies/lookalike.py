"""Whether a name is one slip away from a popular package.

Slips: one letter more, less or other, two neighbours swapped (edit distance 1 by Damerau), separators put elsewhere or
left out, words in another order, letters of another alphabet or digits that look alike, and on npm a scope written as
part of the name. Names in one npm scope have one publisher and imitate nobody there.
"""

from __future__ import annotations

from collections.abc import Iterator

from earmark.risk.dependencies.membership import NPM, Membership, Registry

# Only these many of the most popular names are worth imitating; a name among the popular ones imitates nobody.
_TARGETS = 3000
# Short names are all one slip apart.
_SHORTEST = 5
_LONGEST = 60
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"
_ALIKE = str.maketrans("аеорсухіјѕԁһӏοαινк013５", "aeopcyxijsdhloaivkole5")
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("l", "i"), ("i", "l"))


def resembles(name: str, names: Membership, registry: Registry) -> str:
    """The popular package that a normalised `name` could be taken for, or ""."""
    popular = names.popular
    if name in popular or not _SHORTEST <= len(name) <= _LONGEST:
        return ""
    scope = name.partition("/")[0] if name.startswith("@") else ""
    found = [
        n for n in set(_candidates(name, registry))
        if popular.get(n, _TARGETS) < _TARGETS and n != name and not (scope and n.startswith(f"{scope}/"))
    ]  # fmt: skip
    if not found:
        found = _same_words(name, popular)
    return min(found, key=lambda n: (popular[n], n), default="")


def _candidates(name: str, registry: Registry) -> Iterator[str]:
    plain = name.translate(_ALIKE)
    yield plain
    for seen, meant in _PAIRS:
        if seen in plain:
            yield plain.replace(seen, meant, 1)
    if registry is NPM:
        yield from _scopes(name)
    if name.isascii():
        yield from _one_edit(name)


def _scopes(name: str) -> Iterator[str]:
    """`@types/node` for `types-node`, `@types-node` or `@type/node`; `lodash` is not meant by `@acme/lodash`."""
    bare = name.removeprefix("@").replace("/", "-")
    words = bare.split("-")
    for cut in range(1, len(words)):
        yield f"@{'-'.join(words[:cut])}/{'-'.join(words[cut:])}"
    if name.startswith("@") and "/" not in name:
        yield name[1:]


def _one_edit(name: str) -> Iterator[str]:
    for at in range(len(name) + 1):
        head, tail = name[:at], name[at:]
        if tail:
            yield head + tail[1:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        for letter in _LETTERS:
            yield head + letter + tail
            if tail:
                yield head + letter + tail[1:]


def _same_words(name: str, popular: dict[str, int]) -> list[str]:
    """Popular names with the same letters but for separators, or the same words in another order."""
    bare, words = squeezed(name), sorted(_words(name))
    found = []
    for other, place in popular.items():
        if place >= _TARGETS:
            break
        if abs(len(other) - len(name)) <= 3 and (
            squeezed(other) == bare or (len(words) > 1 and sorted(_words(other)) == words)
        ):
            found.append(other)
    return found


def squeezed(name: str) -> str:
    """A name without its separators."""
    return name.replace("-", "").replace("_", "").replace(".", "")


def _words(name: str) -> list[str]:
    return name.replace("_", "-").replace(".", "-").split("-")
