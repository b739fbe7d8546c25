"""Approvals that hold exactly as long as they should, and count only when somebody really signed them."""

from __future__ import annotations

import json
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_git import RealGit

from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.git.trust import open_repository
from earmark.origin.model import FileOrigins, LineOrigin, LineRange, ai
from earmark.policy.approval import Approval, Scope, Subject
from earmark.review import signing
from earmark.review.approvals import (
    REF,
    Statement,
    keep,
    read_statement,
    signed,
    signed_line,
    statement_bytes,
)
from earmark.review.subjects import carried, of_files, subjects

VECTORS = Path(__file__).parents[3] / "fixtures" / "vectors" / "approvals" / "carried.toml"
SESSION = "s_0123456789abcd"
SCOPE = Scope("root", "refs/heads/main", "earmark-2026.11")


def file_of(path: str, lines: list[int] | None, removed: list[str]) -> FileOrigins:
    owners = (LineOrigin(LineRange(*lines), ai(SESSION)),) if lines else ()
    return FileOrigins(path, "", 0, 0, owners, removed_text=tuple((SESSION, line.encode()) for line in removed))


@pytest.mark.parametrize("case", [pytest.param(c, id=c["name"]) for c in tomllib.loads(VECTORS.read_text())["case"]])
def test_what_an_approval_survives(case: dict[str, Any]) -> None:
    before = subjects(file_of(case["path"], case.get("lines"), case.get("removed", [])), case["before"].encode())
    after = subjects(
        file_of(case["path"], case.get("lines_after"), case.get("removed_after", [])), case["after"].encode()
    )
    approvals = [Approval("signature", "ada@example.com", subject, SCOPE) for subject in before]
    (subject,) = after
    held, because = carried(subject, approvals, SCOPE)
    assert (held is not None, because) == (case["because"] == "", case["because"])


def test_only_the_changed_region_opens_again() -> None:
    text = b"def f():\n    return 1\n\n\ndef g():\n    return 2\n"
    file = FileOrigins("a.py", "", 0, 0, tuple(LineOrigin(LineRange(n, n), ai(SESSION)) for n in (2, 6)))
    approvals = [Approval("github", "ada", subject, SCOPE) for subject in subjects(file, text)]
    changed = subjects(file, text.replace(b"return 2", b"return 3"))
    assert [carried(subject, approvals, SCOPE)[1] for subject in changed] == ["", "the region has changed since"]


@pytest.mark.parametrize(
    ("scope", "because"),
    [
        (SCOPE._replace(repository="other"), "it is of another repository"),
        (SCOPE._replace(ref="refs/heads/release"), "it is for another target"),
        (SCOPE._replace(rule_set="next"), "the rule-set has changed since"),
        (SCOPE._replace(now=100), "it has expired"),
        (SCOPE._replace(now=99), ""),
    ],
)
def test_where_an_approval_holds(scope: Scope, because: str) -> None:
    (subject,) = subjects(file_of("a.py", [1, 1], []), b"x = 1\n")
    assert carried(subject, [Approval("github", "ada", subject, SCOPE, 1, 100)], scope)[1] == because


def test_a_session_that_wrote_the_same_text_is_another_region() -> None:
    (one,) = subjects(file_of("a.py", [1, 1], []), b"x = 1\n")
    owners = (LineOrigin(LineRange(1, 1), ai("s_ffffffffffffff")),)
    (other,) = subjects(FileOrigins("a.py", "", 0, 0, owners), b"x = 1\n")
    assert one.region != other.region
    assert one.context == other.context


def test_files_without_ai_have_no_subjects() -> None:
    files = [file_of("a.py", [1, 1], []), FileOrigins("b.py", "", 3, 0)]
    assert list(of_files(files, {"a.py": b"x\n"})) == ["a.py"]


@given(st.binary(max_size=60), st.integers(1, 9), st.integers(0, 9), st.sampled_from(["a.py", "a.go", "x.yaml", "x"]))
def test_any_text_and_any_range_have_a_subject(text: bytes, start: int, more: int, path: str) -> None:
    found = subjects(file_of(path, [start, start + more], []), text)
    assert found == subjects(file_of(path, [start, start + more], []), text)
    assert len(found) == 1


SUBJECT = Subject("a.py", "11", "22", "33", LineRange(1, 2))
STATEMENT = Statement(SCOPE, "c" * 40, 1_800_000_000, 0, (SUBJECT,))


def test_a_statement_has_one_spelling() -> None:
    raw = statement_bytes(STATEMENT)
    assert read_statement(raw) == STATEMENT
    assert raw == statement_bytes(STATEMENT)
    assert read_statement(b" " + raw) is None
    assert read_statement(json.dumps(json.loads(raw)).encode()) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"[]", b"{}", b"null", b"\xff", b"[" * 100_000, b'{"v":1}',
        statement_bytes(STATEMENT).replace(b'"time":1800000000', b'"time":true'),
        statement_bytes(STATEMENT).replace(b'"time":1800000000', b'"time":-1'),
        statement_bytes(STATEMENT).replace(b'"lines":[1,2]', b'"lines":[1]'),
        statement_bytes(STATEMENT).replace(b'"v":1', b'"v":2'),
        statement_bytes(STATEMENT).replace(b'"path":"a.py"', b'"path":5'),
    ],
)  # fmt: skip
def test_what_is_no_statement(raw: bytes) -> None:
    read = read_statement(raw)
    assert read is None or read.subjects[0].path != "a.py"


BROKEN = "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"


class Keys:
    """Key pairs made by the real ssh-keygen."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self, name: str, passphrase: str = "") -> str:
        file = self.folder / name
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", str(file)]
        subprocess.run(command, check=True, timeout=60)
        return str(file)

    def public(self, name: str) -> str:
        return " ".join((self.folder / f"{name}.pub").read_text().split()[:2])


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    made = Keys(tmp_path)
    for name in ("ada", "eve"):
        made.make(name)
    return made


@pytest.fixture
def repo(git: RealGit) -> Repository:
    git.commit("Start", {"a.py": "x = 1\n"})
    found = open_repository(git.top)
    assert found is not None
    return found._replace(trusted=True)


def read_back(repo: Repository, allowed: str) -> list[tuple[str, str]]:
    with Objects(repo) as objects:
        return [(a.signer, a.subject.path) for a in signed(repo, objects, allowed.encode())]


def test_a_signed_approval_is_read_back_from_the_notes(git: RealGit, repo: Repository, keys: Keys) -> None:
    head = git("rev-parse", "HEAD")
    allowed = f'ada@example.com namespaces="{signing.NAMESPACE}" {keys.public("ada")}\n'
    line = signed_line(STATEMENT, str(keys.folder / "ada"))
    keep(repo, head, line)
    keep(repo, head, line)
    keep(
        repo, head, signed_line(STATEMENT._replace(subjects=(SUBJECT._replace(path="b.py"),)), str(keys.folder / "ada"))
    )
    assert git("notes", "--ref", REF, "list").count("\n") == 0
    assert read_back(repo, allowed) == [("ada@example.com", "a.py"), ("ada@example.com", "b.py")]
    with Objects(repo) as objects:
        approval = signed(repo, objects, allowed.encode())[0]
    assert approval == Approval("signature", "ada@example.com", SUBJECT, SCOPE, 1_800_000_000, 0)


def test_signatures_that_do_not_count(git: RealGit, repo: Repository, keys: Keys) -> None:
    head = git("rev-parse", "HEAD")
    good = signed_line(STATEMENT, str(keys.folder / "ada"))
    data = json.loads(good)
    forged = statement_bytes(STATEMENT._replace(subjects=(SUBJECT._replace(path="evil.py"),))).decode()
    other = subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-q", "-n", "file", "-f", str(keys.folder / "ada")],
        input=statement_bytes(STATEMENT), capture_output=True, check=True, timeout=60,
    ).stdout.decode()  # fmt: skip
    lines = [
        json.dumps({**data, "statement": forged}).encode(),
        json.dumps({**data, "signature": other}).encode(),
        json.dumps({**data, "signature": BROKEN}).encode(),
        json.dumps({"statement": data["statement"]}).encode(),
        b"{", b"[]", b"\xff", b'{"statement": 1, "signature": 2}', b"[" * 50_000,
        signed_line(STATEMENT, str(keys.folder / "eve")).rstrip(),
    ]  # fmt: skip
    keep(repo, head, b"\n".join(lines) + b"\n")
    allowed = f"ada@example.com {keys.public('ada')}\n"
    assert read_back(repo, allowed) == []
    assert read_back(repo, "") == []
    assert read_back(repo, f"eve@example.com {keys.public('eve')}\n") == [("eve@example.com", "a.py")]
    narrowed = f'eve@example.com namespaces="git" {keys.public("eve")}\n'
    assert read_back(repo, narrowed) == []
    late = f'eve@example.com valid-after="20300101" {keys.public("eve")}\n'
    assert read_back(repo, late) == []


def test_a_key_from_an_agent_or_a_literal_or_none(
    repo: Repository, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = keys.folder / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    try:
        while not socket.exists():
            assert agent.poll() is None
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        subprocess.run(["ssh-add", "-q", str(keys.folder / "ada")], check=True, timeout=60)
        made = signing.sign(b"text", "key::" + keys.public("ada"))
    finally:
        agent.terminate()
        agent.wait(10)
    allowed = f"ada@example.com {keys.public('ada')}\n".encode()
    assert signing.verify(b"text", made, allowed, 0) == signing.Signed("ada@example.com")
    assert signing.verify(b"other", made, allowed, 0) is None
    with pytest.raises(signing.SigningError, match="no key"):
        signing.sign(b"text", str(keys.folder / "missing"))
    (keys.folder / "broken").write_text("not a key")
    with pytest.raises(signing.SigningError, match="does not sign with"):
        signing.sign(b"text", str(keys.folder / "broken"))


def test_a_program_of_the_repository_is_not_run(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Path(repo.top) / "ssh-keygen"
    fake.write_text("#!/bin/sh\ntouch ran\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{repo.top}:.:")
    with pytest.raises(signing.SigningError, match="no ssh-keygen"):
        signing.sign(b"text", "x", top=repo.top)
    real = shutil.which("ssh-keygen", path="/usr/bin:/bin:/usr/local/bin")
    assert real is not None
    monkeypatch.setenv("PATH", f"{repo.top}:{Path(real).parent}")
    with pytest.raises(signing.SigningError, match="no key"):
        signing.sign(b"text", "x", top=repo.top)
    assert not (Path(repo.top) / "ran").exists()
