"""The installed hooks themselves: chaining, leaving early, surviving, sharing notes."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from hooked import AI, Hooked
from real_git import RealGit

from earmark.commit import hooks, install
from earmark.git import notes, repository, trust
from earmark.origin.notes import REF
from earmark.trailers.attribution import ADDRESSES


def _install(repo: Hooked, python: str = sys.executable) -> None:
    install.apply(install.plan(repo.repo, python=python))


def _counted(folder: Path) -> tuple[str, Path]:
    """(an interpreter that leaves a line for every start, the file of lines)."""
    counter = folder / "starts"
    wrapper = folder / "counting python"
    wrapper.write_text(f'#!/bin/sh\necho "$5" >>"{counter}"\nexec {sys.executable} "$@"\n')
    wrapper.chmod(0o755)
    return str(wrapper), counter


class TestChain:
    def test_the_hook_that_was_there_runs_first_with_its_arguments(self, git: RealGit) -> None:
        git.commit("base")
        git.write(".git/hooks/prepare-commit-msg", '#!/bin/sh\nprintf "old: %s\\n" "$2" >>"$1"\n').chmod(0o755)
        repo = Hooked(git.top)
        repo.write("app.py", "")
        repo.stage_ai()
        repo("commit", "-q", "-m", "Subject")
        assert repo.message().startswith("Subject\nold: message\n\nAI-Assisted: yes\n")

    def test_a_hook_manager_finds_its_files_by_the_name_of_the_hook(self, git: RealGit) -> None:
        """As husky does: every hook is one line that reads a common file, which goes by `$0`."""
        git.commit("base")
        git.write(".hooks/_/.gitignore", "*\n")
        git.write(".hooks/_/common", 'user="${0%/*}/../${0##*/}"\n[ -f "$user" ] || exit 0\nsh -e "$user" "$@"\n')
        for name in ("prepare-commit-msg", "commit-msg", "pre-push"):
            git.write(f".hooks/_/{name}", '#!/usr/bin/env sh\n. "${0%/*}/common"\n').chmod(0o755)
        git.write(".hooks/commit-msg", 'grep -q allowed "$1"\n')
        git.write(".hooks/prepare-commit-msg", 'echo "by the manager" >>"$1"\n')
        git("config", "core.hooksPath", ".hooks/_")
        repo = Hooked(git.top)
        repo.stage_ai("a\nb\n", "new.py")
        repo("commit", "-q", "-m", "refused", code=1)
        repo("commit", "-q", "-m", "allowed")
        assert repo.message().startswith("allowed\nby the manager\n\nAI-Assisted: yes\n")

    def test_a_hook_in_another_language(self, git: RealGit) -> None:
        git.commit("base")
        script = f"#!{sys.executable}\nimport sys\nopen(sys.argv[1], 'a').write('from Python\\n')\n"
        git.write(".git/hooks/prepare-commit-msg", script).chmod(0o755)
        repo = Hooked(git.top)
        repo.stage_ai("a\nb\n", "new.py")
        repo("commit", "-q", "-m", "Subject")
        assert repo.message().startswith("Subject\nfrom Python\n\nAI-Assisted: yes\n")

    @pytest.mark.parametrize("name", ["prepare-commit-msg", "commit-msg"])
    @pytest.mark.parametrize("with_ai", [True, False])
    def test_its_refusal_counts(self, git: RealGit, name: str, with_ai: bool) -> None:
        git.commit("base")
        git.write(f".git/hooks/{name}", "#!/bin/sh\nset -e\necho no such luck >&2\nfalse\n").chmod(0o755)
        repo = Hooked(git.top)
        if with_ai:
            repo.stage_ai("a\nb\n", "new.py")
        done = repo.run("commit", "-q", "--allow-empty", "-m", "Subject")
        assert done.returncode != 0 and b"no such luck" in done.stderr
        assert repo("log", "-1", "--format=%s") == "base"

    def test_a_hook_that_was_switched_off_stays_off(self, git: RealGit) -> None:
        git.commit("base")
        git.write(".git/hooks/commit-msg", "#!/bin/sh\nexit 3\n").chmod(0o644)
        repo = Hooked(git.top)
        repo("commit", "-q", "--allow-empty", "-m", "Subject")

    def test_standard_input_reaches_both(self, git: RealGit, tmp_path: Path) -> None:
        git.commit("base", {"app.py": "x\n"})
        git.write(".git/hooks/pre-push", f"#!/bin/sh\ncat >{tmp_path}/told\n").chmod(0o755)
        git.write(".git/hooks/post-rewrite", f"#!/bin/sh\ncat >{tmp_path}/rewritten\n").chmod(0o755)
        repo = Hooked(git.top)
        RealGit(tmp_path, init=False)("init", "-q", "--bare", "server.git")
        repo("remote", "add", "origin", str(tmp_path / "server.git"))
        repo.stage_ai("a\nb\n", "new.py")
        repo("commit", "-q", "-m", "AI")
        repo("push", "-q", "origin", "main")
        assert (tmp_path / "told").read_text().startswith("refs/heads/main ")
        assert RealGit(tmp_path / "server.git", init=False)("notes", "--ref", REF, "list", "main")
        repo("commit", "-q", "--amend", "-m", "Other")
        assert len((tmp_path / "rewritten").read_text().split()) == 2


class TestEarlyExit:
    def test_nothing_is_started_without_ai_text(self, repo: Hooked, tmp_path: Path) -> None:
        python, counter = _counted(tmp_path)
        _install(repo, python)
        repo.commit("human", {"f": "1\n"})
        repo("commit", "-q", "--amend", "-m", "human again")
        repo("commit", "-q", "--allow-empty", **repo.editor("sed -i '1s/^/x/' $1"))
        repo("merge", "-q", "HEAD~1")
        assert not counter.exists()

    @pytest.mark.parametrize(
        "address", [*ADDRESSES, "198982749+Copilot@users.noreply.github.com", "Claude@Example.com"]
    )
    def test_an_assistant_that_signs_is_declared(self, repo: Hooked, address: str) -> None:
        repo.commit(f"Change it\n\nCo-Authored-By: A B <{address}>", {"f": "x\n"})
        known = address.lower() in ADDRESSES
        assert (repo.declared().assisted, repo.declared().ai_lines) == ((True, 0) if known else (None, None))

    def test_one_start_for_a_commit_with_ai_text(self, repo: Hooked, tmp_path: Path) -> None:
        python, counter = _counted(tmp_path)
        _install(repo, python)
        repo.stage_ai()
        repo("commit", "-q", "-m", "AI")
        assert counter.read_text().split() == ["prepare-commit-msg"]

    def test_the_flag_goes_down_with_the_next_commit(self, repo: Hooked, tmp_path: Path) -> None:
        repo.stage_ai()
        repo("commit", "-q", "-m", "AI")
        repo.commit("human", {"f": "1\n"})
        python, counter = _counted(tmp_path)
        _install(repo, python)
        repo.commit("human", {"f": "2\n"})
        assert not counter.exists()
        assert notes.read(repo.repo, REF, [repo("rev-parse", "HEAD~2")])

    def test_a_policy_is_looked_at_once(self, repo: Hooked, tmp_path: Path) -> None:
        python, counter = _counted(tmp_path)
        _install(repo, python)
        repo.commit("policy", {".earmark.toml": "[gate]\n"})
        repo.commit("human", {"f": "1\n"})
        repo.commit("human", {"f": "2\n"})
        assert counter.read_text().split() == ["prepare-commit-msg"]


class TestSurvival:
    def test_an_interpreter_that_went_away(self, repo: Hooked, tmp_path: Path) -> None:
        gone = tmp_path / "it's gone" / "python"
        _install(repo, str(gone))
        repo.stage_ai()
        done = repo.run("commit", "-q", "-m", "AI")
        assert done.returncode == 0
        assert done.stderr.decode().splitlines() == [
            f"earmark: {gone} is gone, nothing is declared; run `earmark init --git-hooks` again"
        ]

    def test_an_interpreter_without_earmark(self, repo: Hooked, tmp_path: Path) -> None:
        other = tmp_path / "python"
        other.write_text("#!/bin/sh\necho 'No module named earmark' >&2\nexit 1\n")
        other.chmod(0o755)
        _install(repo, str(other))
        repo.stage_ai()
        done = repo.run("commit", "-q", "-m", "AI")
        assert done.returncode == 0 and b"git goes on without it" in done.stderr

    def test_a_damaged_ledger(self, repo: Hooked) -> None:
        repo.stage_ai()
        (repo.top / ".git/earmark/ledger.db").write_bytes(b"not a database" * 100)
        done = repo.run("commit", "-q", "-m", "AI")
        assert done.returncode == 0 and repo.message() == "AI\n"
        assert len(done.stderr.decode().splitlines()) == 1 and b"ledger" in done.stderr

    def test_modules_of_the_worktree_are_not_imported(self, repo: Hooked, tmp_path: Path) -> None:
        for name in ("earmark", "sqlite3", "json"):
            repo.write(f"{name}/__init__.py", f"open({str(tmp_path / 'ran')!r}, 'w')\n")
            repo.write(f"{name}.py", f"open({str(tmp_path / 'ran')!r}, 'w')\n")
        repo.stage_ai()
        repo("commit", "-q", "-m", "AI", PYTHONPATH=str(repo.top))
        assert not (tmp_path / "ran").exists() and repo.is_declared()

    def test_a_hook_that_runs_twice_writes_once(self, repo: Hooked) -> None:
        repo.stage_ai()
        repo.write(".git/hooks/prepare-commit-msg.again", hooks.script("prepare-commit-msg", sys.executable)).chmod(
            0o755
        )
        hook = repo.top / ".git/hooks/prepare-commit-msg"
        shutil.move(hook, repo.top / ".git/hooks/once")
        repo.write(".git/hooks/prepare-commit-msg", '#!/bin/sh\n"$0.again" "$@" && "${0%/*}/once" "$@"\n').chmod(0o755)
        repo("commit", "-q", "-m", "AI")
        assert repo.message().count("AI-Assisted") == 1
        repo.assistant(AI + "# more\n")
        repo("commit", "-q", "-a", **repo.editor("sed -i '1s/^/x/' $1"))
        assert repo.seen.count("earmark: declare\n") == 1
        assert repo.is_declared()

    def test_it_runs_in_a_submodule_and_with_git_dir_set(self, repo: Hooked, tmp_path: Path) -> None:
        repo.stage_ai()
        RealGit(tmp_path, init=False)(
            f"--git-dir={repo.top}/.git", f"--work-tree={repo.top}", "commit", "-q", "-m", "From outside"
        )
        assert repo.is_declared()
        outer = RealGit(tmp_path / "outer")
        outer("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repo.top), "sub")
        inner = Hooked(outer.top / "sub")
        inner.stage_ai(AI + "# end\n")
        inner("commit", "-q", "-m", "Inside")
        assert inner.declared().ai_lines == 1


class TestSharing:
    @pytest.fixture
    def server(self, repo: Hooked, tmp_path: Path) -> RealGit:
        RealGit(tmp_path, init=False)("init", "-q", "--bare", "-b", "main", "server.git")
        repo("remote", "add", "origin", str(tmp_path / "server.git"))
        repo("push", "-q", "-u", "origin", "main")
        return RealGit(tmp_path / "server.git", init=False)

    def test_notes_arrive_with_the_branch(self, repo: Hooked, server: RealGit) -> None:
        repo.stage_ai()
        repo("commit", "-q", "-m", "AI")
        repo("push", "-q")
        head = repo("rev-parse", "HEAD")
        assert notes.read(repo.repo, REF, [head])[head].decode().strip() == server("notes", "--ref", REF, "show", head)
        assert repo("config", "--get-all", "remote.origin.fetch") == "+refs/heads/*:refs/remotes/origin/*"

    def test_two_clones_lose_nothing(self, repo: Hooked, server: RealGit, tmp_path: Path) -> None:
        RealGit(tmp_path, init=False)("clone", "-q", "server.git", "other")
        other = Hooked(tmp_path / "other")
        for clone, path in ((repo, "one.py"), (other, "two.py")):
            clone.stage_ai("a\nb\nc\n", path)
            clone("commit", "-q", "-m", path)
        repo("push", "-q")
        other("pull", "-q", "--rebase")
        other("push", "-q")
        listed = server("notes", "--ref", REF, "list").splitlines()
        assert {line.split()[1] for line in listed} >= {repo("rev-parse", "HEAD"), other("rev-parse", "HEAD")}
        assert server("merge-base", REF, notes.tip(repo.repo, REF) or "") == notes.tip(repo.repo, REF)

    def test_a_remote_that_refuses_notes_is_one_line_and_the_branch_arrives(
        self, repo: Hooked, server: RealGit
    ) -> None:
        server.write("hooks/update", "#!/bin/sh\ncase $1 in refs/notes/*) exit 1 ;; esac\n").chmod(0o755)
        repo.stage_ai()
        repo("commit", "-q", "-m", "AI")
        done = repo.run("push", "-q")
        assert done.returncode == 0
        assert [line for line in done.stderr.decode().splitlines() if "earmark" in line and "notes sync" in line]
        assert server("rev-parse", "main") == repo("rev-parse", "HEAD")

    def test_an_untrusted_workspace_sends_nothing(self, repo: Hooked, server: RealGit) -> None:
        trust.distrust(repo.repo)
        repo.stage_ai()
        repo("commit", "-q", "-m", "AI")
        done = repo.run("push", "-q")
        assert done.returncode == 0 and b"earmark trust" in done.stderr
        assert server.run("rev-parse", "-q", "--verify", REF).returncode != 0

    def test_a_policy_that_enforces_locally_refuses_what_is_proven(self, repo: Hooked, server: RealGit) -> None:
        repo.commit("policy", {".earmark.toml": "[gate]\nenforce_locally = true\n"})
        repo("push", "-q")
        repo.write("human", "x\n")
        repo("add", "human")
        repo("-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "Human")
        repo("push", "-q")
        repo.stage_ai()
        repo("-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "Hidden")
        done = repo.run("push", "-q")
        assert done.returncode != 0 and b"undeclared-ai" in done.stderr and b"earmark tag" in done.stderr
        assert server("log", "-1", "--format=%s", "main") == "Human"
        repo("push", "-q", "origin", "HEAD:refs/heads/topic", code=1)
        repo("push", "-q", "--no-verify")
        assert server("log", "-1", "--format=%s", "main") == "Hidden"

    def test_nothing_is_sent_twice(self, repo: Hooked, server: RealGit) -> None:
        repo.stage_ai()
        repo("commit", "-q", "-m", "AI")
        repo("push", "-q")
        server("update-ref", "-d", REF)
        repo.commit("human", {"f": "x\n"})
        repo("push", "-q")
        assert server.run("rev-parse", "-q", "--verify", REF).returncode != 0


class TestInstall:
    def _tree(self, top: Path) -> dict[str, tuple[bytes, int]]:
        files = [file for file in sorted(top.rglob("*")) if file.is_file() or file.is_symlink()]
        return {str(file.relative_to(top)): (file.read_bytes(), file.lstat().st_mode) for file in files}

    @pytest.fixture
    def before(self, git: RealGit) -> Hooked:
        git.commit("base", {"app.py": "x\n"})
        git.write(".git/hooks/commit-msg", "#!/bin/sh\nexit 0\n").chmod(0o700)
        git.write(".git/hooks/pre-push", "#!/bin/sh\nexit 0\n").chmod(0o644)
        git.write(".git/hooks/shared", "#!/bin/sh\n")
        (git.top / ".git/hooks/post-merge").symlink_to("shared")
        return Hooked(git.top, hooks=False)

    def test_undo_restores_every_byte_and_mode(self, before: Hooked) -> None:
        was = self._tree(before.top / ".git/hooks")
        _install(before)
        assert install.plan(before.repo) == []
        assert os.access(before.top / ".git/hooks/prepare-commit-msg", os.X_OK)
        install.apply(install.plan(before.repo, undo=True))
        assert self._tree(before.top / ".git/hooks") == was
        assert install.plan(before.repo, undo=True) == []

    def test_another_interpreter_replaces_only_our_part(self, before: Hooked) -> None:
        was = self._tree(before.top / ".git/hooks")
        _install(before)
        changes = install.plan(before.repo, python="/somewhere/else")
        assert len(changes) == 5 and not any(change.aside for change in changes)
        install.apply(changes)
        install.apply(install.plan(before.repo, undo=True))
        assert self._tree(before.top / ".git/hooks") == was

    def test_an_edited_hook_is_left_alone(self, before: Hooked) -> None:
        _install(before)
        hook = before.top / ".git/hooks/prepare-commit-msg"
        hook.write_text(hook.read_text() + "echo mine\n")
        (refused,) = [change for change in install.plan(before.repo, undo=True) if change.problem]
        assert refused.path == str(hook) and "edited" in refused.problem

    def test_a_hook_written_over_ours_is_not_taken_for_ours(self, before: Hooked) -> None:
        _install(before)
        hook = before.write(".git/hooks/commit-msg", "#!/bin/sh\n# another tool\n")
        assert str(hook) not in [change.path for change in install.plan(before.repo, undo=True)]
        (refused,) = [change for change in install.plan(before.repo) if change.problem]
        assert "both somebody's hook" in refused.problem

    def test_a_plan_that_is_out_of_date_writes_nothing(self, before: Hooked) -> None:
        planned = install.plan(before.repo)
        before.write(".git/hooks/prepare-commit-msg", "#!/bin/sh\n")
        was = self._tree(before.top / ".git/hooks")
        with pytest.raises(install.InstallError, match="changed meanwhile"):
            install.apply(planned)
        assert self._tree(before.top / ".git/hooks") == was

    def test_hooks_path_inside_the_repository_as_husky_sets_it(self, before: Hooked) -> None:
        before.write(".husky/_/.gitignore", "*\n")
        before.write(".husky/_/commit-msg", '#!/bin/sh\necho husky >>"$1"\n').chmod(0o755)
        before("config", "core.hooksPath", ".husky/_")
        _install(before)
        assert before("config", "core.hooksPath") == ".husky/_"
        assert before("status", "--short") == ""
        before.write("app.py", "x\n")
        before.stage_ai("a\nb\n", "new.py")
        before("commit", "-q", "-m", "Subject")
        assert "husky" in before.message() and "AI-Assisted: yes" in before.message()
        install.apply(install.plan(before.repo, undo=True))
        assert sorted(file.name for file in (before.top / ".husky/_").iterdir()) == [".gitignore", "commit-msg"]

    def test_a_tracked_hook_is_not_touched_and_new_files_stay_out_of_status(self, before: Hooked) -> None:
        before.write("hooks/commit-msg", "#!/bin/sh\n").chmod(0o755)
        before.commit("hooks")
        before("config", "core.hooksPath", "hooks")
        exclude = before.top / ".git/info/exclude"
        was = exclude.read_bytes()
        changes = install.plan(before.repo)
        (refused,) = [change for change in changes if change.problem]
        assert refused.path.endswith("hooks/commit-msg") and 'earmark hook commit-msg "$@"' in refused.problem
        install.apply(changes)
        assert before("status", "--short") == ""
        before.stage_ai("a\nb\n", "new.py")
        before("commit", "-q", "-m", "Subject")
        assert before.is_declared()
        install.apply(install.plan(before.repo, undo=True))
        assert [file.name for file in (before.top / "hooks").iterdir()] == [
            "commit-msg"
        ] and exclude.read_bytes() == was

    def test_the_users_own_global_hooks_folder(self, before: Hooked, home: Path) -> None:
        (home / "hooks").mkdir()
        before("config", "--global", "core.hooksPath", "~/hooks")
        _install(before)
        before.stage_ai("a\nb\n", "new.py")
        before("commit", "-q", "-m", "Subject")
        assert before.is_declared()
        assert (home / "hooks/prepare-commit-msg").exists()

    def test_a_folder_of_the_system_is_explained(self, before: Hooked) -> None:
        found = repository.find(before.top)
        assert found is not None
        system = before.write("../system", "[core]\n\thooksPath = /usr/share/hooks\n")
        told = found._replace(hook_environment=(("GIT_CONFIG_SYSTEM", str(system)), ("GIT_CONFIG_NOSYSTEM", "0")))
        (refused,) = install.plan(told)
        assert "not yours" in refused.problem and refused.path == "/usr/share/hooks"
