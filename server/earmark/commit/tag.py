"""`earmark tag`: the declaration of the staged change, and of commits that exist already."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from earmark.commit import declared, messages, pending, preview, rewrite, situation
from earmark.commit.declared import Declared
from earmark.commit.parent import Parent
from earmark.commit.rewrite import CannotRewrite, Raw
from earmark.git import config, history, refs
from earmark.git import notes as git_notes
from earmark.git.changes import commit_changes
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.git.run import run
from earmark.origin import notes, settle, state
from earmark.origin.ledger import Ledger
from earmark.policy.scope import needs_declaration
from earmark.trailers import message as trailers


class Tagged(NamedTuple):
    """One commit of a range: its id before and after (equal when it stays as it is), its title, and its block."""

    old: str
    new: str
    title: str
    block: str


class Range(NamedTuple):
    """Commits that a rewrite is about, oldest first. `ref` is what moves, `tip` where it stands."""

    ref: str
    base: str
    tip: str
    ids: tuple[str, ...]


def staged(repo: Repository, ledger: Ledger, environ: Mapping[str, str], file: str = "") -> Declared:
    """The declaration of the staged change, as the hooks would make it for the message in `file`."""
    now = situation.read(repo, "", "", Parent("tag"), {"GIT_AUTHOR_DATE": "-"})
    return declared.staged(repo, ledger, now, environ, messages.read(file) if file else b"")


def keep(repo: Repository, found: Declared) -> None:
    """Keep the block for the next commit: the hooks write it if it is still this change."""
    pending.write(repo, pending.Pending(found.fingerprint, found.block, evidence=found.summary), "next")


def write(repo: Repository, found: Declared, file: str) -> bool:
    """Write the block into a message file; False when the message has no text that could carry it."""
    message = messages.read(file)
    comment = preview.comment_char(config.read(repo), message)
    new = messages.with_block(message, found.block, comment)
    if new != message:
        messages.write(file, new)
    return not found.block or messages.has_text(message, comment)


def select(repo: Repository, text: str, *, force: bool) -> Range:
    """The commits `text` names: "A..B", or "A" for A..HEAD; B is a branch or HEAD. Raises `CannotRewrite`."""
    busy = rewrite.in_progress(repo)
    if busy:
        raise CannotRewrite(f"a {busy} is going on; finish it first (`git {busy} --continue` or `--abort`)")
    left, dots, right = text.partition("..")
    if right.startswith("."):
        raise CannotRewrite(f"{text}: a range to rewrite has two dots")
    base = history.resolve(repo, left or "HEAD")
    if base is None:
        raise CannotRewrite(f"there is no commit {left} here")
    ref = rewrite.reference(repo, right if dots else "HEAD")
    tip = refs.head(repo).commit if ref == "HEAD" else refs.read(repo, ref)
    if not tip:
        raise CannotRewrite("there is no commit yet")
    ids = _listed(repo, tip, f"^{base}")
    if not ids:
        raise CannotRewrite(f"{text} holds no commits")
    pushed = len(ids) - len(_listed(repo, tip, f"^{base}", "--not", "--remotes"))
    if pushed and not force:
        raise CannotRewrite(
            f"{pushed} of these {len(ids)} commits are pushed already; --force rewrites them all the same"
        )
    return Range(ref, base, tip, tuple(ids))


def retag(
    repo: Repository, ledger: Ledger, chosen: Range, environ: Mapping[str, str], *, dry_run: bool
) -> list[Tagged]:
    """Make every message of the range declare what is known of its commit; notes follow their commits.

    A declaration stays where nothing here knows what it rests on.
    """
    settle.settle(repo, ledger)
    with Objects(repo) as objects:
        commits = rewrite.read(objects, chosen.ids)
        blocks = _blocks(repo, ledger, objects, chosen, commits, environ)
    new_messages = [_message(commit, block) for commit, block in zip(commits, blocks, strict=True)]
    shown = [_shown(commit, block) for commit, block in zip(commits, blocks, strict=True)]
    if dry_run:
        changed = {c.id: "" for c, message in zip(commits, new_messages, strict=True) if message != c.message}
        return [entry._replace(new=changed.get(entry.old, entry.old)) for entry in shown]
    new = rewrite.rewrite(repo, commits, new_messages)
    if chosen.tip in new:
        rewrite.move(repo, chosen.ref, chosen.tip, new[chosen.tip])
        settle.settle(repo, ledger, {made: [old] for old, made in new.items()})
    return [entry._replace(new=new.get(entry.old, entry.old)) for entry in shown]


def _listed(repo: Repository, *revs: str) -> list[str]:
    return run(repo, "rev-list", "--reverse", "--topo-order", *revs, "--").decode().split()


def _blocks(
    repo: Repository,
    ledger: Ledger,
    objects: Objects,
    chosen: Range,
    commits: Sequence[Raw],
    environ: Mapping[str, str],
) -> list[str | None]:
    """The block of each commit, empty for none, None where the message is to stay as it is."""
    from earmark.gate import gather
    from earmark.policy.kept import looked_at
    from earmark.trailers import declare

    trust = gather.Trust(gather.base_policy(None, environ))
    policy = gather.policy_at(objects, f"{chosen.base}:.earmark.toml", trust)
    changes = state.commits(repo, ledger, chosen.ids)
    pairs = commit_changes(repo, chosen.ids)
    noted = git_notes.read(repo, notes.REF, chosen.ids, objects=objects)
    if policy.declare.mode == "forbid" and any(change.is_ai for change in changes):
        raise CannotRewrite(".earmark.toml forbids AI changes here; `earmark check` says which lines these are")
    declares = needs_declaration(policy, changes)
    # Whether the trivial limit is passed was decided over the range; each block is about its own commit.
    alone = policy._replace(declare=policy.declare._replace(trivial_lines=0))
    blocks: list[str | None] = []
    for change, commit in zip(changes, commits, strict=True):
        named = commit.assistants(policy.declare) if policy.declare.mode != "forbid" else ()
        if not change.is_ai:
            said = declare.block(policy, [change], "low", named=named)
            blocks.append(said or ("" if change.commit in noted else None))
            continue
        if not declares and not named:
            blocks.append(None)
            continue
        found = looked_at(
            ledger, change, pairs[change.commit], lambda p: (objects.blob(p.old), objects.blob(p.new)),
            seconds=float("inf"),
        )  # fmt: skip
        touched = [name for pair in pairs[change.commit] for name in (pair.path, pair.old_path) if name]
        blocks.append(declare.block(alone, [change], found.level, touched, named))
    return blocks


def _message(commit: Raw, block: str | None) -> bytes:
    if block is None:
        return commit.message
    if not block and not trailers.blocks(commit.message):
        return commit.message
    if block.startswith("AI-Assisted: no") and trailers.blocks(commit.message):
        return commit.message
    return messages.with_block(commit.message, block)


def _shown(commit: Raw, block: str | None) -> Tagged:
    title = commit.message.split(b"\n", 1)[0].decode("utf-8", "replace")
    return Tagged(commit.id, commit.id, title, block or "")


def installed(repo: Repository) -> bool:
    """Whether our hooks are where git looks for them."""
    from earmark.commit import hooks, install

    path = os.path.join(install.hooks_folder(repo)[0], "prepare-commit-msg")
    try:
        return hooks.is_ours(messages.read(path))
    except OSError:
        return False


def summary(entries: Sequence[Tagged]) -> str:
    """What a rewrite did, in one line."""
    changed = sum(entry.old != entry.new for entry in entries)
    return f"{changed} of {len(entries)} commits rewritten" if changed else "nothing to change"
