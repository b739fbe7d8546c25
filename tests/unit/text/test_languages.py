import pytest

from earmark.text.languages import SLUGS, language_of


@pytest.mark.parametrize(
    ("path", "first_line", "language_id", "slug"),
    [
        ("a/b.py", b"", "", "python"),
        ("src/App.tsx", b"", "typescript", "tsx"),
        ("src/App.tsx", b"", "typescriptreact", "tsx"),
        ("lib/x.mjs", b"", "", "javascript"),
        ("deploy/Dockerfile", b"", "", "dockerfile"),
        ("deploy/Dockerfile.prod", b"", "", "dockerfile"),
        ("api.dockerfile", b"", "", "dockerfile"),
        ("infra/main.tf", b"", "", "terraform"),
        ("prod.tfvars", b"", "", "terraform"),
        ("C:\\work\\run.SH", b"", "", "bash"),
        ("bin/run", b"#!/usr/bin/env -S python3.11 -u\n", "", "python"),
        ("bin/run", b"#!/bin/sh\n", "", "bash"),
        ("bin/run", b"#!/usr/bin/env FOO=1 node", "", "javascript"),
        ("bin/run", b"#!/usr/bin/perl", "", ""),
        ("bin/run", b"\xff\xfe#!", "", ""),
        ("untitled:1", b"", "shellscript", "bash"),
        ("x.conf", b"", "python", "python"),
        ("x.py", b"", "plaintext", "python"),
        ("", b"", "", ""),
        (".gitignore", b"", "", ""),
        ("Makefile", b"", "", ""),
    ],
)
def test_language_of(path: str, first_line: bytes, language_id: str, slug: str) -> None:
    assert language_of(path, first_line, language_id) == slug


@pytest.mark.parametrize("slug", SLUGS)
def test_a_slug_names_itself(slug: str) -> None:
    assert language_of("untitled", language_id=slug) == slug
