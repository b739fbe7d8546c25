"""Calibrate the weights of the score: `python -m earmark.policy.calibrate [--write FILE] REPOSITORY | FILE.jsonl …`.

A repository is labelled by its own later fixes: a commit is bad when a commit whose title says that it mends something
removes or replaces lines of code that it wrote (SZZ: Śliwerski, Zimmermann, Zeller, MSR 2005; blank lines, tests and
moves within a line aside). Each commit is scored from what was known before it. Prints the curve and fitted weights;
nothing is changed.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path

from earmark.git import history
from earmark.git.changes import FileChange, commit_changes
from earmark.git.history import Commit
from earmark.git.objects import Objects
from earmark.git.repository import Repository, find
from earmark.git.run import GitError, run
from earmark.policy.background import background, changed_files
from earmark.policy.left_behind import with_callers
from earmark.risk.assess import findings_of
from earmark.risk.calibration import Labelled, dump, fitted, labelled, parse, report
from earmark.risk.changed import ChangedFile
from earmark.risk.engine import is_test_path
from earmark.risk.moved import without_moved
from earmark.risk.past import is_fix
from earmark.risk.rules import load_default
from earmark.risk.score import assess, is_code, measured
from earmark.text.diff import diff_lines, split_lines

# A sweep through many files, or a rewrite of one, mends nothing in particular.
_MOST_FILES, _MOST_LINES = 20, 400


def main(argv: list[str]) -> int:
    """Print the curve of what was given, and the weights that would fit it."""
    parser = ArgumentParser(prog="calibrate", description="How well the score finds the commits that broke something.")
    parser.add_argument("--write", type=Path, help="keep the labelled commits in this file, a line of JSON each")
    parser.add_argument("sources", nargs="+", help="a git repository, or a file that --write made")
    asked = parser.parse_args(argv)
    commits: list[Labelled] = []
    for source in asked.sources:
        commits += parse(Path(source).read_text("utf-8")) if Path(source).is_file() else list(_of_repository(source))
    if asked.write:
        asked.write.write_text(dump(commits), "utf-8")
    print(report(commits))
    print(f"\n{'fitted weight':16}")
    for name, weight in fitted(commits).items():
        print(f"{name:16} {weight:6.2f}")
    return 0


def _of_repository(path: str) -> Iterator[Labelled]:
    repo = find(path, bare=True)
    if repo is None:
        raise SystemExit(f"{path} is neither a repository nor a file")
    with Objects(repo) as objects:
        commits = [c for c in history.commits(repo, "HEAD", objects=objects) if len(c.parents) < 2]
        changes = commit_changes(repo, [commit.id for commit in commits])
        bad = inducing(repo, objects, commits, changes)
        known = background(repo, objects, "")
        for commit in commits:
            pairs = changes[commit.id]
            files = changed_files(objects, pairs)
            before = known._replace(tip=commit.parent)
            context, users = before.of(files, commit.author_email, commit.committer_time, told=lambda done, total: True)
            looked = [findings_of(file, load_default()) for file in files]
            found = with_callers(without_moved(files, looked), users, load_default())
            size = measured(files)
            if size.added or size.removed:
                yield labelled(commit.id, commit.id in bad, assess(files, found, context), size.added)
            known = known.after(commit, pairs)


def inducing(
    repo: Repository, objects: Objects, commits: Sequence[Commit], changes: dict[str, tuple[FileChange, ...]]
) -> frozenset[str]:
    """The ids of commits that wrote lines which a later fix among `commits` took away."""
    found: set[str] = set()
    for commit in commits:
        pairs = changes[commit.id]
        if not commit.parent or not is_fix(commit.message) or len(pairs) > _MOST_FILES:
            continue
        for file in changed_files(objects, pairs):
            if file.old and is_code(file.path) and not is_test_path(file.path):
                found |= _authors_of(repo, commit.parent, file)
    return frozenset(found)


def _authors_of(repo: Repository, parent: str, file: ChangedFile) -> set[str]:
    """The commits that wrote the lines a fix removes from a file."""
    old = split_lines(file.old)
    ranges = []
    for hunk in diff_lines(old, split_lines(file.new)):
        lines = [n + 1 for n in range(hunk.old_start, hunk.old_end) if old[n].strip()]
        ranges += [f"-L{n},{n}" for n in lines]
    if not ranges or len(ranges) > _MOST_LINES:
        return set()
    try:
        out = run(repo, "blame", "--porcelain", "-w", *ranges, parent, "--", file.old_path or file.path)
    except GitError:
        return set()
    heads = (line.split(b" ") for line in out.split(b"\n") if not line.startswith(b"\t"))
    return {head[0].decode() for head in heads if len(head) >= 3 and len(head[0]) in (40, 64) and head[1].isdigit()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
