"""A repository with our hooks installed, and an assistant that writes into it."""

from __future__ import annotations

import pytest
from hooked import Hooked
from real_git import RealGit


@pytest.fixture
def repo(git: RealGit) -> Hooked:
    """A repository with one commit, Earmark's git hooks and trust, and no evidence yet."""
    return Hooked(git.top)
