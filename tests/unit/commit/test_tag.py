"""`earmark tag` as a user runs it, on real histories."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hooked import AI, BASE, Hooked
from real_git import RealGit

from earmark.origin.digest import digest
from earmark.trailers.message import blocks
from earmark.trailers.vocabulary import NOTHING


def tag(repo: RealGit, *args: str, code: int = 0) -> str:
    """Standard output of `earmark tag args…` (standard error where it is refused)."""
    done = subprocess.run([sys.executable, "-m", "earmark", "tag", *args], cwd=repo.top, capture_output=True)
    assert done.returncode == code, done.stdout.decode() + done.stderr.decode()
    return done.stderr.decode() if code else done.stdout.decode()


@pytest.fixture
def bare(git: RealGit) -> Hooked:
    """A repository without our hooks."""
    return Hooked(git.top, hooks=False)


@pytest.fixture
def untagged(bare: Hooked) -> Hooked:
    """Three commits made without hooks: an assistant's, a person's, an assistant's."""
    from earmark.git import trust

    trust.trust(bare.repo)
    bare.stage_ai()
    bare("commit", "-q", "-m", "First\n\nBody.\n")
    bare.commit("Second", {"human": "x\n"})
    bare.stage_ai("a\nb\nc\n", "new.py")
    bare("commit", "-q", "-m", "Third\n\nSigned-off-by: Ada <a@x>")
    return bare


CLAUDE = "Co-Authored-By: Claude <noreply@anthropic.com>"


class TestAssistantsThatSign:
    """A commit of which an assistant says by itself that it was in it, and nothing else is recorded."""

    def test_a_co_author_is_declared_without_a_line(self, bare: Hooked) -> None:
        bare.write("f.py", "x = 1\n")
        bare("add", "f.py")
        file = bare.write("../message", f"Subject\n\n{CLAUDE}\n")
        tag(bare, str(file))
        assert file.read_text().startswith(
            f"Subject\n\n{CLAUDE}\nAI-Assisted: yes\nAssisted-by: Claude:unknown\nAI-Lines: 0/1\n"
        )
        bare("commit", "-q", "-F", str(file))
        assert bare.declared().digest == digest(()) == NOTHING

    def test_commits_that_exist_are_declared_and_pass_the_gate(self, untagged: Hooked) -> None:
        base = untagged("rev-parse", "HEAD")
        untagged.commit("By a bot", {"f.py": "x = 1\n"}, "--author=Cursor <cursoragent@cursor.com>")
        untagged.commit(f"By both\n\n{CLAUDE}", {"f.py": "x = 2\n"})
        check = [sys.executable, "-m", "earmark", "check", f"{base}..HEAD", "--phase", "merge"]
        refused = subprocess.run(check, cwd=untagged.top, capture_output=True, text=True)
        assert refused.stdout.count("refused undeclared-ai") == 2
        tag(untagged, f"{base}..HEAD")
        assert untagged.declared("HEAD~1").tools == ("Cursor:unknown",)
        assert untagged.declared("HEAD").tools == ("Claude:unknown",)
        taken = subprocess.run(check, cwd=untagged.top, capture_output=True, text=True)
        assert (taken.returncode, taken.stderr) == (0, ""), taken.stdout
        assert "2 declared" in taken.stdout

    def test_an_assistant_with_evidence_is_named_once(self, repo: Hooked) -> None:
        repo.stage_ai()
        repo("commit", "-q", "-m", f"Change it\n\n{CLAUDE}")
        assert repo.declared().tools == ("Claude:opus-4",)

    def test_a_person_of_that_name_is_nobodys_evidence(self, bare: Hooked) -> None:
        file = bare.write("../message", "Subject\n\nCo-Authored-By: Claude Dubois <claude@example.com>\n")
        tag(bare, str(file))
        assert "AI-" not in file.read_text()

    def test_where_the_policy_does_not_go_by_addresses(self, bare: Hooked) -> None:
        bare.commit("policy", {".earmark.toml": "[declare]\nby_address = false\n"})
        file = bare.write("../message", f"Subject\n\n{CLAUDE}\n")
        tag(bare, str(file))
        assert "AI-" not in file.read_text()


class TestStaged:
    def test_dry_run_prints_the_block_alone_and_changes_nothing(self, bare: Hooked) -> None:
        bare.stage_ai()
        said = tag(bare, "--dry-run")
        assert said.startswith("AI-Assisted: yes\nAssisted-by: Claude:opus-4\nAI-Lines: 2/2\n")
        assert len(said.splitlines()) == 6
        assert not (bare.top / ".git/earmark/next").exists()

    def test_nothing_at_all_when_nothing_is_to_be_declared(self, bare: Hooked) -> None:
        assert tag(bare, "--dry-run") == ""
        bare.write("human", "x\n")
        bare("add", "human")
        assert tag(bare, "--dry-run") == "" and tag(bare) == ""

    def test_into_a_message_file_once(self, bare: Hooked) -> None:
        bare.stage_ai()
        file = bare.write("../message", "Subject\n\nBody\n\n# a comment\n")
        assert tag(bare, str(file)) == ""
        written = file.read_text()
        assert written.startswith("Subject\n\nBody\n\nAI-Assisted: yes\n") and written.endswith("\n\n# a comment\n")
        tag(bare, str(file))
        assert file.read_text() == written
        bare("commit", "-q", "-F", str(file), "--cleanup=strip")
        assert bare.is_declared()

    def test_an_empty_message_file_stays_empty(self, bare: Hooked) -> None:
        bare.stage_ai()
        file = bare.write("../message", "\n# only comments\n")
        assert "no text" in tag(bare, str(file), code=2)
        assert file.read_text() == "\n# only comments\n"

    def test_a_declaration_that_holds_no_longer_is_taken_out(self, bare: Hooked) -> None:
        bare.stage_ai()
        file = bare.write("../message", "Subject\n")
        tag(bare, str(file))
        bare.write("app.py", BASE)
        bare("add", "app.py")
        tag(bare, str(file))
        assert file.read_text() == "Subject\n"

    def test_kept_for_the_next_commit_and_for_no_other(self, repo: Hooked) -> None:
        repo.stage_ai()
        said = tag(repo)
        repo("commit", "-q", "-m", "Next")
        assert said in repo.message()
        assert not (repo.top / ".git/earmark/next").exists()
        repo.stage_ai(AI + "# more\n")
        tag(repo)
        repo.write("human", "x\n")
        repo("add", "human")
        repo("commit", "-q", "-m", "Another change")
        assert repo.declared().lines == 2

    def test_without_hooks_it_says_who_is_missing(self, bare: Hooked) -> None:
        bare.stage_ai()
        done = subprocess.run([sys.executable, "-m", "earmark", "tag"], cwd=bare.top, capture_output=True)
        assert done.returncode == 0 and b"init --git-hooks" in done.stderr

    def test_json(self, bare: Hooked) -> None:
        bare.stage_ai()
        assert json.loads(tag(bare, "--dry-run", "--json"))["block"] == tag(bare, "--dry-run")

    def test_before_the_first_commit(self, home: Path, tmp_path: Path) -> None:
        fresh = RealGit(tmp_path / "fresh")
        fresh.write("a", "x\n")
        fresh("add", "a")
        assert tag(fresh, "--dry-run") == ""

    def test_outside_a_repository(self, home: Path) -> None:
        done = subprocess.run([sys.executable, "-m", "earmark", "tag"], cwd=home, capture_output=True)
        assert done.returncode == 2 and b"not inside a git worktree" in done.stderr


class TestRange:
    def test_messages_change_and_nothing_else(self, untagged: Hooked) -> None:
        listing = "--format=%T %an %ae %ad %cn %ce %cd %s"
        before = untagged("log", "--date=raw", listing)
        untagged("status")
        said = tag(untagged, "HEAD~3..HEAD")
        assert "3 of 3 commits rewritten" in said
        assert untagged("log", "--date=raw", listing) == before
        assert [untagged.is_declared(rev) for rev in ("HEAD~2", "HEAD~1", "HEAD")] == [True, False, True]
        assert untagged.message("HEAD~2").startswith("First\n\nBody.\n\nAI-Assisted: yes\n")
        assert untagged.message().endswith("Signed-off-by: Ada <a@x>\n")
        assert untagged("status", "--porcelain") == ""

    def test_notes_follow_and_fit(self, untagged: Hooked) -> None:
        tag(untagged, "HEAD~3..HEAD")
        for rev in ("HEAD~2", "HEAD"):
            note = untagged.note(rev)
            assert note is not None and untagged.declared(rev).digest.encode() in note
            assert untagged("rev-parse", rev) in note.decode()

    def test_it_is_idempotent(self, untagged: Hooked) -> None:
        tag(untagged, "HEAD~3..HEAD")
        head = untagged("rev-parse", "HEAD")
        assert "nothing to change" in tag(untagged, "HEAD~3..HEAD")
        assert "nothing to change" in tag(untagged, "HEAD~3")
        assert untagged("rev-parse", "HEAD") == head

    def test_commits_below_the_first_change_keep_their_ids(self, untagged: Hooked) -> None:
        below = untagged("rev-parse", "HEAD~1")
        tag(untagged, "HEAD~2..")
        assert untagged("rev-parse", "HEAD~1") == below
        assert not untagged.is_declared("HEAD~2") and untagged.is_declared()

    def test_dry_run_shows_and_leaves(self, untagged: Hooked) -> None:
        head = untagged("rev-parse", "HEAD")
        said = tag(untagged, "--dry-run", "HEAD~3..HEAD")
        assert said.count("would change") == 2 and "    AI-Lines: 3/3" in said
        assert untagged("rev-parse", "HEAD") == head

    def test_the_way_back(self, untagged: Hooked) -> None:
        head = untagged("rev-parse", "HEAD")
        tag(untagged, "HEAD~3..HEAD")
        assert untagged("rev-parse", "ORIG_HEAD") == untagged("rev-parse", "main@{1}") == head

    def test_pushed_commits_only_by_force(self, untagged: Hooked, tmp_path: Path) -> None:
        RealGit(tmp_path, init=False)("init", "-q", "--bare", "server.git")
        untagged("remote", "add", "origin", str(tmp_path / "server.git"))
        untagged("push", "-q", "origin", "HEAD~1:refs/heads/main")
        head = untagged("rev-parse", "HEAD")
        assert "2 of these 3 commits are pushed" in tag(untagged, "HEAD~3..HEAD", code=2)
        assert untagged("rev-parse", "HEAD") == head
        tag(untagged, "HEAD~1..HEAD")
        assert untagged.is_declared()
        tag(untagged, "--force", "HEAD~3..HEAD")
        assert untagged.is_declared("HEAD~2")

    def test_another_branch_and_a_detached_head(self, untagged: Hooked) -> None:
        untagged("branch", "other")
        untagged("checkout", "-q", "--detach", "HEAD~3")
        tag(untagged, "other~3..other")
        assert untagged.is_declared("other") and not untagged.is_declared("main")
        untagged("checkout", "-q", "--detach", "main")
        tag(untagged, "HEAD~3..HEAD")
        assert untagged.is_declared() and not untagged.is_declared("main")
        assert untagged("rev-parse", "--abbrev-ref", "HEAD") == "HEAD"

    def test_merges_keep_their_shape(self, untagged: Hooked) -> None:
        untagged("checkout", "-q", "-b", "side", "HEAD~1")
        untagged.stage_ai("s\n\nt\n", "side.py")
        untagged("commit", "-q", "-m", "Side")
        untagged("checkout", "-q", "main")
        untagged("merge", "-q", "--no-edit", "side")
        graph = untagged("log", "--graph", "--format=%s %T")
        tag(untagged, "HEAD~3..HEAD")
        assert untagged("log", "--graph", "--format=%s %T") == graph
        assert untagged.is_declared("HEAD^2") and not untagged.is_declared("HEAD")

    def test_stale_and_doubled_declarations_are_mended(self, repo: Hooked) -> None:
        repo.stage_ai()
        repo("commit", "-q", "-m", "First")
        block = repo.message().partition("\n\n")[2]
        stale = "First\n\n" + block + "\nSecond\n\n" + block.replace("AI-Lines: 2/2", "AI-Lines: 9/9")
        repo("config", "core.hooksPath", "/dev/null")
        repo("commit", "-q", "--amend", "-F", "-", input=stale.encode())
        assert len(blocks(repo.body())) == 2
        tag(repo, "HEAD~1..HEAD")
        assert len(blocks(repo.body())) == 1
        assert repo.declared().ai_lines == 2

    def test_a_declaration_nobody_here_can_check_stays(self, repo: Hooked, tmp_path: Path) -> None:
        repo.stage_ai()
        repo("commit", "-q", "-m", "Elsewhere")
        RealGit(tmp_path, init=False)("clone", "-q", str(repo.top), "clone")
        clone = Hooked(tmp_path / "clone", hooks=False)
        clone("remote", "remove", "origin")
        assert "nothing to change" in tag(clone, "HEAD~1..HEAD")

    def test_encodings_and_unknown_headers_stay(self, untagged: Hooked) -> None:
        untagged("config", "i18n.commitEncoding", "ISO-8859-1")
        untagged.write("more.py", "")
        untagged.stage_ai("a\nb\nc\n", "more.py")
        untagged("commit", "-q", "-F", "-", input="Grüße\n".encode("latin-1"))
        raw = untagged.run("cat-file", "commit", "HEAD").stdout.replace(
            b"\n\n", b"\nx-note some thing\n and more\n\n", 1
        )
        made = untagged("hash-object", "-t", "commit", "-w", "--stdin", input=raw)
        untagged("update-ref", "HEAD", made)
        tag(untagged, "HEAD~1..HEAD")
        after = untagged.run("cat-file", "commit", "HEAD").stdout
        assert after.startswith(raw.partition(b"\n\n")[0] + b"\n\n" + "Grüße\n\nAI-Assisted: yes\n".encode("latin-1"))

    def test_a_branch_that_moves_meanwhile_is_left_alone(self, untagged: Hooked) -> None:
        from earmark.commit import rewrite

        head, other = untagged("rev-parse", "HEAD"), untagged("rev-parse", "HEAD~1")
        with pytest.raises(rewrite.CannotRewrite, match="moved meanwhile"):
            rewrite.move(untagged.repo, "refs/heads/main", other, untagged("rev-parse", "HEAD~2"))
        assert untagged("rev-parse", "HEAD") == head

    @pytest.mark.parametrize(
        ("what", "said"),
        [
            ("nowhere..HEAD", "no commit nowhere"),
            ("HEAD..HEAD", "holds no commits"),
            ("HEAD~3..HEAD~1", "no branch"),
            ("HEAD~3...HEAD", "two dots"),
            ("no-such-file", "no commit no-such-file"),
        ],
    )
    def test_what_is_not_a_range(self, untagged: Hooked, what: str, said: str) -> None:
        assert said in tag(untagged, what, code=2)

    def test_not_in_the_middle_of_something_else(self, untagged: Hooked) -> None:
        untagged.run("rebase", "-i", "HEAD~1", GIT_SEQUENCE_EDITOR="sed -i s/^pick/edit/")
        assert "rebase is going on" in tag(untagged, "HEAD~1..HEAD", code=2)

    def test_an_untrusted_workspace_is_not_rewritten(self, untagged: Hooked) -> None:
        from earmark.git import trust

        trust.distrust(untagged.repo)
        assert "earmark trust" in tag(untagged, "HEAD~3..HEAD", code=2)

    def test_the_number_of_processes_does_not_grow(self, untagged: Hooked, monkeypatch: pytest.MonkeyPatch) -> None:
        from earmark.commit import tag as tagging
        from earmark.git import run
        from earmark.origin.ledger import Ledger

        counted: list[str] = []
        command = run.command
        monkeypatch.setattr(run, "command", lambda *args: counted.append(args[1]) or command(*args))

        def count(chosen: str) -> int:
            counted.clear()
            with Ledger.open(untagged.repo) as ledger:
                tagging.retag(
                    untagged.repo, ledger, tagging.select(untagged.repo, chosen, force=False), {}, dry_run=False
                )
            return len(counted)

        few = count("HEAD~1..HEAD")
        for n in range(12):
            untagged.stage_ai(f"{n}\n{n}\n{n}\n", f"{n}.py")
            untagged("commit", "-q", "-m", f"{n}")
        assert count("HEAD~12..HEAD") <= few


class TestSigned:
    @pytest.fixture
    def signing(self, untagged: Hooked, tmp_path: Path) -> Hooked:
        key = tmp_path / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        (tmp_path / "signers").write_text("ada@example.com " + (tmp_path / "key.pub").read_text())
        for name, value in {
            "gpg.format": "ssh",
            "user.signingkey": str(key),
            "gpg.ssh.allowedSignersFile": str(tmp_path / "signers"),
        }.items():
            untagged("config", name, value)
        untagged.stage_ai("s\nt\n", "signed.py")
        untagged("commit", "-q", "-S", "-m", "Signed")
        assert untagged("log", "-1", "--format=%G?") == "G"
        return untagged

    def test_signed_again(self, signing: Hooked) -> None:
        listing = "--format=%T %an %ad %cn %cd %s"
        before = signing("log", "--date=raw", listing)
        tag(signing, "HEAD~4..HEAD")
        assert signing("log", "--date=raw", listing) == before
        assert signing("log", "-2", "--format=%G?").split() == ["G", "N"]
        assert signing.is_declared()

    def test_without_the_key_nothing_is_changed(self, signing: Hooked, tmp_path: Path) -> None:
        (tmp_path / "key").unlink()
        (tmp_path / "key.pub").unlink()
        head = signing("rev-parse", "HEAD")
        assert "could not be signed again" in tag(signing, "HEAD~4..HEAD", code=2)
        assert signing("rev-parse", "HEAD") == head
