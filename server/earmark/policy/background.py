"""What is known around a change before it is made: history, dependents, incidents, production paths.

The one place where the repository and the score meet. Everything is read from commits and blobs, never from the
worktree, so a commit is judged by what was known before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from earmark.git import trees
from earmark.git.changes import FileChange
from earmark.git.history import Commit
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.policy.dependents import Dependents, Told, dependents, touched_names
from earmark.policy.globs import matching
from earmark.policy.model import DEFAULT, Policy
from earmark.policy.past import done, past
from earmark.risk import incidents
from earmark.risk.assess import changed_ranges
from earmark.risk.changed import ChangedFile
from earmark.risk.dependencies.check import check
from earmark.risk.dependencies.surroundings import Surroundings, gather
from earmark.risk.finding import Finding
from earmark.risk.past import Past
from earmark.risk.rules import load_default
from earmark.risk.score import Context
from earmark.text.diff import diff_lines, split_lines
from earmark.text.languages import language_of

# A file beyond this is data; its lines are not counted and its text is not looked at.
LARGEST = 2 << 20
_REGULAR = ("", "100644", "100755")


class Background(NamedTuple):
    """What is known up to commit `tip` (empty: before the first one). `trees` are the files (path -> blob id) of
    commits that were looked at."""

    repo: Repository
    objects: Objects
    tip: str
    past: Past
    policy: Policy
    trees: dict[str, dict[str, str]]

    def of(
        self, files: Sequence[ChangedFile], author: str, when: int, *, told: Told | None = None
    ) -> tuple[Context, Dependents | None]:
        """The context of a change on top of `tip` by `author` (an e-mail address) at `when` (seconds since the epoch).
        `told` as in `dependents`: without it the symbol index is used only where it is there."""
        users = dependents(self.repo, self.objects, files, self.files, told=told)
        context = Context(
            history=self.past.of([file.old_path or file.path for file in files], author.casefold(), when),
            dependents=users.places if users is not None else None,
            users=users.described() if users is not None else (),
            production=production(self.policy, [file.path for file in files]),
            incidents=self._incidents(files),
        )
        return context, users

    def packages(self, file: ChangedFile, files: Sequence[ChangedFile]) -> tuple[Finding, ...]:
        """The findings about packages that the changed lines of a file name, as the files of `tip` and those of the
        change around it have it."""

        def around() -> Surroundings:
            known, fresh = self.files(), {changed.path: changed.new for changed in files}
            return gather(known | fresh, lambda path: fresh[path] if path in fresh else self.objects.blob(known[path]))

        language = language_of(file.path, file.new[:200].split(b"\n", 1)[0])
        ranges = changed_ranges(file)
        return check(file.new, language, file.path, around, rules=load_default(), ranges=ranges)[0] if ranges else ()

    def _incidents(self, files: Sequence[ChangedFile]) -> tuple[str, ...]:
        """What the reports in `tip` say of a change, once each."""
        reports = {path: oid for path, oid in self.files().items() if incidents.is_report(path)}
        if not reports:
            return ()
        known, _ = incidents.read(
            ((path, self.objects.blob(oid)) for path, oid in reports.items()), trusted=self.repo.trusted
        )
        found: dict[str, str] = {}
        for file in files:
            language = language_of(file.path)
            alike = incidents.resembling(
                file.new, language, file.path, known, ranges=changed_ranges(file), symbols=touched_names(file)
            )
            found |= {finding.detail.partition(":")[0]: finding.detail for finding in alike}
        return tuple(found.values())

    def files(self) -> dict[str, str]:
        """Path -> blob id of the files of `tip`."""
        if self.tip not in self.trees:
            self.trees.clear()
            self.trees[self.tip] = trees.files(self.repo, self.tip) if self.tip else {}
        return self.trees[self.tip]

    def after(self, commit: Commit, pairs: Sequence[FileChange]) -> Background:
        """The background once `commit`, which changed `pairs`, is made as well."""
        self.past.learn(done(commit, pairs))
        before = self.trees.pop(commit.parent, None)
        if before is not None:
            gone = {pair.old_path for pair in pairs} | {pair.path for pair in pairs}
            kept = {path: oid for path, oid in before.items() if path not in gone}
            self.trees[commit.id] = kept | {pair.path: pair.new for pair in pairs if pair.new_mode in _REGULAR[1:]}
        return self._replace(tip=commit.id)


def background(repo: Repository, objects: Objects, tip: str, policy: Policy = DEFAULT) -> Background:
    """What is known up to commit `tip`. Raises `GitError`."""
    return Background(repo, objects, tip, past(repo, tip, objects), policy, {})


def production(policy: Policy, paths: Sequence[str]) -> tuple[str, ...]:
    """Those of `paths` that the policy calls production."""
    rules = [rule.match for rule in policy.paths if rule.kind == "production"]
    return tuple(path for path in paths if any(matching(match, [path]) for match in rules))


def changed_files(objects: Objects, pairs: Sequence[FileChange]) -> list[ChangedFile]:
    """The texts of a change as the rules look at them; links, submodules, binary and huge files are left out."""
    found = []
    for pair in pairs:
        if pair.old_mode not in _REGULAR or pair.new_mode not in _REGULAR:
            continue
        sizes = [info.size for info in objects.info_all([b for b in (pair.old, pair.new) if b]) if info is not None]
        if max(sizes, default=0) > LARGEST:
            continue
        old, new = objects.blob(pair.old), objects.blob(pair.new)
        if b"\0" in old[:8000] or b"\0" in new[:8000]:
            continue
        hunks = diff_lines(split_lines(old), split_lines(new))
        added, removed = sum(h.new_end - h.new_start for h in hunks), sum(h.old_end - h.old_start for h in hunks)
        found.append(ChangedFile(pair.path, old, new, pair.old_path, added=added, removed=removed))
    return found
