"""A told story for every test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from real_git import RealGit
from story import Story


@pytest.fixture
def story(git: RealGit) -> Iterator[Story]:
    told = Story(git)
    yield told
    told.ledger.close()
