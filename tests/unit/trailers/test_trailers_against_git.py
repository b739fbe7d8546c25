"""Any message at all, against the installed git and against a naive model of what may change."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from git_reads import git_environment
from git_reads import trailers as git_trailers
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_trailer_vectors import BLOCK, as_bytes, cases

from earmark.trailers import message as trailers

PIECES = [
    b"subject", b"body text", b"- item", b"Foo: bar", b"Foo : bar  ", b"Empty:", b": x", b"a b: c", b"key_x: y",
    b"Signed-off-by: A <a@example.com>", b"signed-off-by: x", b"Change-Id: I123", b"(cherry picked from commit abc)",
    b"  folded", b"\tfold: x", b"# comment", b"# comment: x", b"   ", b"\t", b" ", b"\x0b", b"---", b"---------",
    b"Conflicts:", b"\tfile", b"# ------------------------ >8 ------------------------", b"https://x.y",
    b"\xff raw", b"\xff\xfe: x", b"\xc3\xa9t\xc3\xa9: x", b"Assisted-by: LLM coccinelle", b"",  b"", b"",
]  # fmt: skip
OURS = [b"AI-Assisted: yes", b"AI-Assisted: no", b"ai-assisted: yes", b"Assisted-by: Claude:x", b"AI-Risk : low"]


def messages(pieces: list[bytes]) -> st.SearchStrategy[bytes]:
    """Lines out of `pieces` and out of thin air, with one or mixed line ends, and perhaps no last one."""
    noise = st.binary(max_size=8).map(lambda raw: raw.replace(b"\0", b"").replace(b"\n", b""))
    line = st.one_of(st.sampled_from(pieces), st.sampled_from(pieces), noise)
    ends = st.sampled_from([b"\n", b"\n", b"\r\n"])
    whole = st.builds(lambda lines, end: b"".join(part + end for part in lines), st.lists(line, max_size=12), ends)
    mixed = st.lists(st.tuples(line, ends), max_size=8).map(lambda parts: b"".join(a + b for a, b in parts))
    return st.one_of(whole, mixed, whole.map(lambda text: text.rstrip(b"\r\n")))


def normal(lines: list[str]) -> list[str]:
    return [line.rstrip(" ") for line in lines]


def only_inserted(before: bytes, after: bytes) -> bool:
    """Whether `after` is `before` with the block, and at most the line ends that set it apart, put in at one place."""
    for block in (BLOCK.encode(), BLOCK.encode().replace(b"\n", b"\r\n")):
        at = after.find(block)
        if at < 0:
            continue
        head, tail = after[:at], after[at + len(block) :]
        for glue in (b"", b"\n", b"\n\n", b"\r\n", b"\r\n\r\n"):
            if head.endswith(glue) and head[: len(head) - len(glue)] + tail == before:
                return True
    return False


def has_text(message: bytes) -> bool:
    """Whether an editor's user has written anything that git would keep."""
    written = message.split(b"# ------------------------ >8 ------------------------\n")[0]
    lines = [line for line in written.split(b"\n") if line.strip(b" \t\r") and not line.startswith(b"#")]
    return any(line != b"Conflicts:" and not line.startswith(b"\t") for line in lines)


@settings(max_examples=25, deadline=None)
@given(st.lists(messages(PIECES + OURS), min_size=20, max_size=60))
def test_we_read_what_git_reads(batch: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        answers = git_trailers(batch, Path(folder))
    for message, answer in zip(batch, answers, strict=True):
        ours = [f"{t.key}: {t.value}" for t in trailers.parse(message).trailers]
        assert normal("\n".join(ours).split("\n")) == normal("\n".join(answer).split("\n")), message


@settings(max_examples=25, deadline=None)
@given(st.lists(messages(PIECES), min_size=20, max_size=60))
def test_git_reads_our_block_and_nothing_else_changed(batch: list[bytes]) -> None:
    written = [trailers.insert(message, BLOCK) for message in batch]
    with tempfile.TemporaryDirectory() as folder:
        answers = git_trailers(written, Path(folder))
    for before, after, answer in zip(batch, written, answers, strict=True):
        if after == before:
            assert not has_text(before), before
            continue
        assert re.findall(r"(?m)^(?:AI-.*|Assisted-by: Claude.*)$", "\n".join(answer)) == BLOCK.splitlines(), after
        assert only_inserted(before, after), (before, after)
        assert trailers.insert(after, BLOCK) == after
        if before.endswith(b"\n"):
            assert trailers.insert(after, "") == before


@settings(max_examples=25, deadline=None)
@given(st.lists(messages(PIECES + OURS), min_size=20, max_size=60))
def test_an_older_block_is_replaced_and_twice_is_once(batch: list[bytes]) -> None:
    written = [trailers.insert(message, BLOCK) for message in batch]
    with tempfile.TemporaryDirectory() as folder:
        answers = git_trailers(written, Path(folder))
    for before, after, answer in zip(batch, written, answers, strict=True):
        assert trailers.insert(after, BLOCK) == after
        if after != before:
            keys = [line for line in answer if line.lower().startswith("ai-")]
            assert keys == [line for line in BLOCK.splitlines() if line.startswith("AI-")], after


@example(b"\x01\r", "#")
@given(st.one_of(st.binary(max_size=200), messages(PIECES + OURS)), st.sampled_from(["#", ";", "//", "%"]))
def test_nothing_raises(message: bytes, comment: str) -> None:
    written = trailers.insert(message, BLOCK, comment)
    assert trailers.insert(written, BLOCK, comment) == written
    trailers.parse(message, comment)
    assert not trailers.blocks(trailers.strip(message, comment), comment)


def test_a_real_commit_carries_the_block(tmp_path: Path) -> None:
    """The same messages through `git commit` with its clean-up, read back from the commit."""
    who = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")
    environment = git_environment(tmp_path) | dict.fromkeys(who, "x@example.com")

    def git(*args: str) -> str:
        done = subprocess.run(
            ["git", "-c", "commit.gpgSign=false", *args],
            cwd=tmp_path, env=environment, capture_output=True, check=True,
        )  # fmt: skip
        return done.stdout.decode("utf-8", "surrogateescape")

    git("init", "-q", "-b", "main")
    git("config", "i18n.commitEncoding", "latin1")
    committed = 0
    for param in cases("insert"):
        case = param.values[0]
        if not case.get("read_back", True):
            continue
        comment = case.get("comment_char", "#")
        (tmp_path / "message").write_bytes(trailers.insert(as_bytes(case["message"]), BLOCK, comment))
        cut = "scissors" if ">8" in case["message"] else "strip"
        git("-c", f"core.commentChar={comment}", "commit", "-q", "--allow-empty", f"--cleanup={cut}", "-F", "message")
        committed += 1
    read = git("log", "--format=%(trailers:only,unfold)%x00").split("\0\n")[:-1]
    assert len(read) == committed > 20
    for answer in read:
        ours = [line for line in answer.splitlines() if line in BLOCK.splitlines()]
        assert ours == BLOCK.splitlines()
