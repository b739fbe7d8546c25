"""Commits of every kind through the installed hooks: what ends up in the message."""

from __future__ import annotations

import pytest
from hooked import AI, Hooked

SUBJECT = r"""sed -i '1s/^/Change it/' "$1" """


class TestMessageGiven:
    def test_commit_m(self, repo: Hooked) -> None:
        repo.stage_ai()
        repo("commit", "-q", "-m", "Change it")
        assert repo.message() == (
            "Change it\n\nAI-Assisted: yes\nAssisted-by: Claude:opus-4\nAI-Lines: 2/2\nAI-Risk: low\n"
            "AI-Review: not-required\nAI-Provenance: " + repo.declared().digest + "\n"
        )

    def test_the_note_agrees_with_the_trailers(self, repo: Hooked) -> None:
        repo.stage_ai()
        repo("commit", "-q", "-m", "Change it")
        note = repo.note()
        assert note is not None and repo.declared().digest.encode() in note

    def test_without_ai_text_the_message_is_the_users(self, repo: Hooked) -> None:
        repo.write("app.py", AI)
        repo("commit", "-q", "-a", "-m", "By hand")
        assert repo.message() == "By hand\n"

    def test_only_what_is_staged_counts(self, repo: Hooked) -> None:
        repo.assistant(AI)
        repo.write("other", "human\n")
        repo("add", "other")
        repo("commit", "-q", "-m", "Only other")
        assert not repo.is_declared()
        repo("commit", "-q", "-a", "-m", "Now app")
        assert repo.declared().ai_lines == 2

    def test_a_path_given_to_commit_uses_gits_own_index(self, repo: Hooked) -> None:
        repo.assistant(AI)
        repo.write("other", "human\n")
        repo("add", "app.py", "other")
        repo("commit", "-q", "-m", "Only other", "--", "other")
        assert not repo.is_declared()
        repo("commit", "-q", "-m", "Only app", "--", "app.py")
        assert repo.declared().ai_lines == 2

    def test_from_a_file(self, repo: Hooked) -> None:
        repo.stage_ai()
        repo("commit", "-q", "-F", "-", input=b"Subject\n\nBody text\nof two lines\n")
        assert repo.message().startswith("Subject\n\nBody text\nof two lines\n\nAI-Assisted: yes\n")
        assert repo.is_declared()

    def test_removed_lines_are_declared(self, repo: Hooked) -> None:
        repo.stage_ai("import os\n\n\ndef main():\n")
        repo("commit", "-q", "-m", "Delete")
        assert (repo.declared().ai_lines, repo.declared().removed) == (0, 1)

    def test_several_sessions(self, repo: Hooked) -> None:
        repo.assistant(AI)
        repo.assistant(AI + "\n\ndef more():\n    pass\n", session="c2", tool="cursor")
        repo("commit", "-q", "-a", "-m", "Two of them")
        assert repo.declared().tools == ("Claude:opus-4", "Cursor:opus-4")

    def test_a_root_commit(self, home: object, tmp_path_factory: pytest.TempPathFactory) -> None:
        top = tmp_path_factory.mktemp("fresh")
        repo = Hooked(top)
        repo("checkout", "-q", "--orphan", "fresh")
        repo.stage_ai()
        repo("commit", "-q", "-m", "First")
        assert repo.declared().ai_lines == 2

    def test_in_a_linked_worktree(self, repo: Hooked) -> None:
        repo("worktree", "add", "-q", "-b", "side", str(repo.top.parent / "linked"))
        linked = Hooked(repo.top.parent / "linked", hooks=False)
        linked.stage_ai()
        linked("commit", "-q", "-m", "There")
        assert linked.is_declared()

    def test_from_a_subfolder_and_with_odd_names(self, repo: Hooked) -> None:
        repo.assistant("a\nb\n", 'sub/na me "é".py')
        repo("-C", "sub", "add", ".")
        repo("-C", "sub", "commit", "-q", "-m", "Odd")
        assert repo.declared().ai_lines == 2


class TestExistingMessages:
    @pytest.mark.parametrize(
        "message",
        [
            "Subject\n\nSigned-off-by: Ada <a@x>\n",
            "Subject\n\nBody.\n\nChange-Id: I0123456789012345678901234567890123456789\nSigned-off-by: Ada <a@x>\n",
            "Subject\n\nReviewed-by: B <b@x>\nSigned-off-by: Ada <a@x>\n",
        ],
    )
    def test_our_block_joins_the_trailers_and_leaves_theirs_last(self, repo: Hooked, message: str) -> None:
        repo.stage_ai()
        repo("commit", "-q", "-F", "-", input=message.encode())
        written = repo.message()
        assert repo.is_declared()
        kept = "".join(line for line in written.splitlines(keepends=True) if not line.startswith(("AI-", "Assisted")))
        assert kept == message
        assert written.splitlines()[-1].startswith(("Signed-off-by", "Change-Id"))

    def test_signoff_option(self, repo: Hooked) -> None:
        repo.stage_ai()
        repo("commit", "-q", "-s", "-m", "Subject")
        assert repo.is_declared()
        assert repo.message().endswith("Signed-off-by: Ada Example <ada@example.com>\n")

    def test_a_markdown_rule_in_the_body(self, repo: Hooked) -> None:
        repo.stage_ai()
        body = "Subject\n\nabove\n\n---\n\nbelow the rule\n"
        repo("commit", "-q", "-F", "-", input=body.encode())
        assert repo.message().startswith(body)
        assert repo.is_declared()

    def test_prose_that_looks_like_trailers(self, repo: Hooked) -> None:
        repo.stage_ai()
        repo("commit", "-q", "-F", "-", input=b"Subject\n\nSee: this\nand that is prose.\n")
        assert repo.is_declared()

    def test_no_final_newline_and_carriage_returns(self, repo: Hooked) -> None:
        repo.stage_ai()
        repo("commit", "-q", "-F", "-", input=b"Subject\r\n\r\nBody without end", code=0)
        assert b"Body without end\r\n\r\nAI-Assisted: yes\r\n" in repo.body() or repo.is_declared()

    def test_a_message_that_is_not_utf8(self, repo: Hooked) -> None:
        repo.stage_ai()
        repo("config", "i18n.commitEncoding", "ISO-8859-1")
        repo("commit", "-q", "-F", "-", input="Grüße\n".encode("latin-1"))
        assert repo.body().startswith("Grüße\n\nAI-Assisted: yes\n".encode("latin-1"))


class TestReused:
    def test_amend_keeps(self, repo: Hooked) -> None:
        repo.stage_ai()
        repo("commit", "-q", "-m", "Change it")
        before = repo.message()
        repo("commit", "-q", "--amend", "--no-edit")
        assert repo.message() == before
        repo("commit", "-q", "--amend", "--no-edit", "--reset-author")
        assert repo.message() == before

    @pytest.mark.parametrize("option", [["--amend"], ["--ame"], ["--amend", "--"]])
    @pytest.mark.parametrize("settled", [False, True])
    def test_a_new_message_for_the_same_commit_is_declared_again(
        self, repo: Hooked, option: list[str], settled: bool
    ) -> None:
        repo.stage_ai()
        repo("commit", "-q", "-m", "Change it")
        digest = repo.declared().digest
        if settled:
            repo.settle()
            assert not (repo.top / ".git/earmark/active").exists()
        repo("commit", "-q", "-m", "New\n\nwords", *option)
        assert repo.declared().digest == digest
        assert repo.message().startswith("New\n\nwords\n")

    def test_amend_with_more_ai_text_and_with_less(self, repo: Hooked) -> None:
        repo.stage_ai()
        repo("commit", "-q", "-m", "Change it")
        repo.stage_ai(AI.replace("    two()\n", "    two()\n    three()\n"))
        repo("commit", "-q", "--amend", "--no-edit")
        assert repo.declared().ai_lines == 3
        repo.write("app.py", AI.replace("    two()\n", ""))
        repo("commit", "-q", "-a", "--amend", "-m", "Less")
        assert repo.declared().ai_lines == 1

    def test_amend_that_takes_all_ai_text_out_takes_the_declaration_out(self, repo: Hooked) -> None:
        repo.stage_ai()
        repo("commit", "-q", "-m", "Change it")
        repo.settle()
        repo.write("app.py", "import os\n\n\ndef main():\n    by_hand()\n    return 1\n")
        repo("commit", "-q", "-a", "--amend", "--no-edit")
        assert repo.message() == "Change it\n"

    def test_amend_of_a_commit_whose_evidence_is_elsewhere_keeps_its_declaration(self, repo: Hooked) -> None:
        repo.stage_ai()
        repo("commit", "-q", "-m", "Change it")
        message = repo.message()
        repo("clone", "-q", ".", str(repo.top.parent / "clone"))
        clone = Hooked(repo.top.parent / "clone")
        clone.stage_ai("x\ny\n", "other.py")
        done = clone.run("commit", "-q", "--amend", "--no-edit")
        assert clone.message() == message
        assert b"notes sync" in done.stderr

    def test_reusing_a_message_for_other_text_does_not_carry_its_declaration(self, repo: Hooked) -> None:
        repo.stage_ai()
        repo("commit", "-q", "-m", "Change it")
        repo.write("other", "human\n")
        repo("add", "other")
        repo("commit", "-q", "-C", "HEAD")
        assert repo.message() == "Change it\n"

    def test_reset_soft_and_commit_again(self, repo: Hooked) -> None:
        repo.stage_ai()
        repo("commit", "-q", "-m", "Change it")
        repo("reset", "-q", "--soft", "HEAD~")
        repo("commit", "-q", "-C", "ORIG_HEAD")
        assert repo.declared().ai_lines == 2


class TestEditor:
    def test_the_preview_is_shown_and_left_standing(self, repo: Hooked) -> None:
        repo.stage_ai()
        repo("commit", "-q", **repo.editor(SUBJECT))
        assert "# earmark: declare\n" in repo.seen
        assert "# earmark:   AI-Lines: 2/2\n" in repo.seen
        assert repo.seen.startswith("\n# earmark: 2 of 2 added lines were written by an assistant")
        assert repo.is_declared()
        assert repo.message().startswith("Change it\n\nAI-Assisted: yes\n")
        assert "earmark" not in repo.message()

    def test_the_line_deleted_means_declined_and_is_kept_in_the_audit(self, repo: Hooked) -> None:
        repo.stage_ai()
        done = repo.run("commit", "-q", **repo.editor(SUBJECT + "\nsed -i '/earmark: declare/d' \"$1\""))
        assert done.returncode == 0 and b"not declared, as you decided" in done.stderr
        assert repo.message() == "Change it\n"
        (row,) = repo.audit()
        assert (row.what, row.who) == ("declined", "Ada Example <ada@example.com>")
        assert "AI-Lines: 2/2" in row.detail

    def test_declining_where_the_policy_insists_stops_the_commit(self, repo: Hooked) -> None:
        repo.commit("policy", {".earmark.toml": "[gate]\nenforce_locally = true\n"})
        repo.stage_ai()
        done = repo.run("commit", "-q", **repo.editor(SUBJECT + "\nsed -i '/earmark: declare/d' \"$1\""))
        assert done.returncode != 0 and b"commit again and leave the line" in done.stderr
        assert repo("log", "-1", "--format=%s") == "policy"

    def test_an_empty_message_aborts(self, repo: Hooked) -> None:
        repo.stage_ai()
        head = repo("rev-parse", "HEAD")
        done = repo.run("commit", "-q", **repo.editor("true"))
        assert done.returncode != 0 and b"empty commit message" in done.stderr
        assert repo("rev-parse", "HEAD") == head
        repo("commit", "-q", "-m", "Then with words")
        assert repo.is_declared()
        assert [row.what for row in repo.audit()] == ["declared"]

    def test_a_template(self, repo: Hooked) -> None:
        repo.stage_ai()
        template = repo.write("../template", "Subject from a template\n\nWhy:\n")
        repo("commit", "-q", "-t", str(template), **repo.editor(r"sed -i 's/^Why:/Why: because/' $1"))
        assert "Why:\n\n# earmark:" in repo.seen
        assert repo.is_declared()
        assert repo.message().startswith("Subject from a template\n\nWhy: because\n")

    def test_a_message_given_and_edited_shows_the_block_itself(self, repo: Hooked) -> None:
        repo.stage_ai()
        repo("commit", "-q", "-e", "-m", "Change it", **repo.editor("true"))
        assert "\nAI-Assisted: yes\n" in repo.seen and "# earmark: declare" not in repo.seen
        assert repo.is_declared()

    def test_commit_verbose(self, repo: Hooked) -> None:
        repo("config", "commit.verbose", "true")
        repo.stage_ai()
        repo("commit", "-q", **repo.editor(SUBJECT))
        assert repo.seen.index("earmark: declare") < repo.seen.index(">8")
        assert repo.is_declared()
        assert "diff --git" not in repo.message()

    @pytest.mark.parametrize("verbose", ["true", "false"])
    def test_cleanup_scissors(self, repo: Hooked, verbose: str) -> None:
        repo("config", "commit.cleanup", "scissors")
        repo("config", "commit.verbose", verbose)
        repo.stage_ai()
        repo("commit", "-q", **repo.editor(SUBJECT))
        assert repo.seen.index("earmark: declare") > repo.seen.index(">8")
        assert repo.is_declared()
        assert "#" not in repo.message()

    @pytest.mark.parametrize("cleanup", ["verbatim", "whitespace"])
    @pytest.mark.parametrize("by_option", [True, False])
    def test_a_cleanup_that_keeps_comments_gets_no_preview(self, repo: Hooked, cleanup: str, by_option: bool) -> None:
        repo.stage_ai()
        option = [f"--cleanup={cleanup}"] if by_option else []
        if not by_option:
            repo("config", "commit.cleanup", cleanup)
        done = repo.run("commit", "-q", *option, **repo.editor(SUBJECT))
        assert done.returncode == 0
        assert "earmark" not in repo.seen
        assert "earmark:" not in repo.message().replace("earmark: AI", "")
        assert "AI-Assisted: yes\n" in repo.message()
        assert b"declared:" in done.stderr

    @pytest.mark.parametrize("char", [";", "%", "auto"])
    def test_comment_characters(self, repo: Hooked, char: str) -> None:
        repo("config", "core.commentChar", char)
        repo.stage_ai()
        repo("commit", "-q", **repo.editor(SUBJECT))
        assert f"{'#' if char == 'auto' else char} earmark: declare\n" in repo.seen
        assert repo.is_declared()

    def test_auto_chooses_another_character_when_the_message_uses_the_first(self, repo: Hooked) -> None:
        repo("config", "core.commentChar", "auto")
        template = repo.write("../template", "Subject\n\n# a heading\n")
        repo.stage_ai()
        repo("commit", "-q", "-t", str(template), **repo.editor("sed -i 's/Subject/Subject!/' $1"))
        assert "\n; earmark: declare\n" in repo.seen
        assert repo.message().startswith("Subject!\n\n# a heading\n\nAI-Assisted: yes\n")

    def test_comment_character_given_on_the_command_line(self, repo: Hooked) -> None:
        repo.stage_ai()
        repo("-c", "core.commentChar=;", "commit", "-q", **repo.editor(SUBJECT))
        assert "\n; earmark: declare\n" in repo.seen
        assert repo.is_declared()

    def test_no_verify_leaves_no_trace_of_the_preview(self, repo: Hooked) -> None:
        repo.stage_ai()
        repo("commit", "-q", "--no-verify", **repo.editor(SUBJECT))
        assert repo.message() == "Change it\n"
        repo.write("other", "x\n")
        repo("add", "other")
        repo("commit", "-q", **repo.editor(SUBJECT))
        assert repo.message() == "Change it\n"
        assert repo.audit() == ()

    def test_no_verify_with_a_message_is_still_declared(self, repo: Hooked) -> None:
        repo.stage_ai()
        repo("commit", "-q", "--no-verify", "-m", "Change it")
        assert repo.is_declared()


class TestModes:
    def test_forbid_stops_a_commit_with_evidence_and_no_other(self, repo: Hooked) -> None:
        repo.commit("policy", {".earmark.toml": '[declare]\nmode = "forbid"\n'})
        repo.assistant(AI)
        repo.write("other", "human\n")
        repo("add", "other")
        repo("commit", "-q", "-m", "By hand")
        repo("add", "app.py")
        done = repo.run("commit", "-q", "-m", "By an assistant")
        assert done.returncode != 0
        assert b".earmark.toml forbids AI changes" in done.stderr and b"app.py: 2 lines" in done.stderr
        assert repo("log", "-1", "--format=%s") == "By hand"

    def test_always_says_no_on_every_other_commit(self, repo: Hooked) -> None:
        repo.commit("policy", {".earmark.toml": '[declare]\nmode = "always"\n'})
        assert repo.message() == "policy\n"
        for n in range(2):
            repo.commit(f"human {n}", {"f": f"{n}\n"})
            assert repo.message() == f"human {n}\n\nAI-Assisted: no\n"
        repo.commit("no more", {".earmark.toml": '[declare]\nmode = "ai-only"\n'})
        assert repo.message() == "no more\n\nAI-Assisted: no\n"
        repo.commit("human", {"f": "9\n"})
        assert repo.message() == "human\n"

    def test_the_trivial_limit_is_a_sum_over_what_is_not_pushed(self, repo: Hooked) -> None:
        repo.commit("policy", {".earmark.toml": "[declare]\ntrivial_lines = 3\n"})
        repo.stage_ai()
        repo("commit", "-q", "-m", "Two lines")
        assert not repo.is_declared()
        repo.stage_ai("a\nb\n", "more.py")
        repo("commit", "-q", "-m", "Two more")
        assert repo.declared().ai_lines == 2

    def test_a_community_preset(self, repo: Hooked) -> None:
        repo.commit("policy", {".earmark.toml": '[declare]\npreset = "kernel-7.3"\n'})
        repo.stage_ai()
        repo("commit", "-q", "-m", "Change it")
        assert repo.message() == "Change it\n\nAssisted-by: LLM\n"
        repo("commit", "-q", "--amend", "--no-edit")
        assert repo.message() == "Change it\n\nAssisted-by: LLM\n"

    def test_the_policy_of_where_it_goes_counts_and_the_branchs_own_is_said(self, repo: Hooked) -> None:
        repo.commit("policy", {".earmark.toml": "[declare]\ntrivial_lines = 9\n"})
        repo("clone", "-q", "--bare", ".", str(repo.top.parent / "origin.git"))
        repo("remote", "add", "origin", str(repo.top.parent / "origin.git"))
        repo("fetch", "-q", "origin")
        repo("checkout", "-q", "-b", "topic")
        repo.commit("stricter", {".earmark.toml": "[declare]\ntrivial_lines = 0\n"})
        repo.stage_ai()
        done = repo.run("commit", "-q", "-m", "Two lines")
        assert b"the gate reads .earmark.toml as main has it" in done.stderr
        assert not repo.is_declared(), "the gate will not ask for it either"
        repo("push", "-q", "origin", "topic:main")
        repo.stage_ai("a\nb\n", "more.py")
        assert b"the gate reads" not in repo.run("commit", "-q", "-m", "Two more").stderr
        assert repo.is_declared()

    def test_a_base_policy_from_the_environment(self, repo: Hooked) -> None:
        base = repo.write("../base.toml", '[declare]\nmode = "always"\n')
        repo.write("f", "x\n")
        repo("add", "f")
        repo("commit", "-q", "-m", "human", EARMARK_BASE_POLICY=str(base))
        assert repo.message() == "human\n\nAI-Assisted: no\n"
        repo("commit", "-q", "--allow-empty", "-m", "human")
        assert repo.message() == "human\n"

    def test_a_broken_policy_is_one_line_and_no_obstacle(self, repo: Hooked) -> None:
        repo.commit("policy", {".earmark.toml": "[declare\nmode=\n"})
        repo.stage_ai()
        done = repo.run("commit", "-q", "-m", "Change it")
        assert done.returncode == 0 and b".earmark.toml:1: not TOML" in done.stderr
        assert repo.is_declared()
