"""What the repository around a buffer adds to its diagnostics: packages, its own packs, incidents."""

from __future__ import annotations

from typing import Any

import pytest
from real_git import RealGit

from earmark.lsp import analysis

PACK = """format = 1
languages = ["python"]
[[rule]]
id = "acme-twice"
category = "injection"
severity = "high"
why = "w"
hint = "h"
call = ["acme.twice"]
"""
BASE = "import json\n"
NEW = BASE + "import quantum_json_helper_pro\nimport httpx\n\n\ndef f(acme):\n    acme.twice(charge(1))\n"


@pytest.fixture
def shop(git: RealGit) -> RealGit:
    incident = "---\nid: one\nseverity: high\nsymbols: [charge]\nlesson: Charge once.\n---\n"
    git.commit("base", {"shop.py": BASE, ".earmark/rules/acme.toml": PACK, "incidents/one.md": incident})
    return git


async def shown(start: Any, git: RealGit, **params: Any) -> dict[str, dict[str, Any]]:
    editor = await start(rootUri=git.top.as_uri(), **params)
    editor.open((git.top / "shop.py").as_uri(), NEW)
    await editor.idle()
    await editor.pass_time(analysis.LONG_PAUSE)
    await editor.idle()
    sent = [m["params"] for m in editor.unread if m.get("method") == "textDocument/publishDiagnostics"]
    editor.unread.clear()
    return {item["code"]: item for item in sent[-1]["diagnostics"]}


async def test_a_trusted_repository_adds_its_packs_and_incidents(start: Any, shop: RealGit) -> None:
    found = await shown(start, shop, initializationOptions={"trusted": True})
    assert list(found) == ["dep-unknown-python", "acme-twice", "incident-resembled"]
    assert found["dep-unknown-python"]["range"]["start"] == {"line": 1, "character": 7}
    assert "quantum_json_helper_pro is no package on PyPI" in found["dep-unknown-python"]["message"]
    assert "Charge once." in found["incident-resembled"]["message"]
    assert "codeDescription" not in found["acme-twice"]


async def test_an_untrusted_repository_adds_no_packs(start: Any, shop: RealGit) -> None:
    found = await shown(start, shop)
    assert list(found) == ["dep-unknown-python", "incident-resembled"]
    page = found["dep-unknown-python"]["codeDescription"]["href"]
    assert page.startswith("file:///")
    assert page.endswith("/dependency-risk.md#dep-unknown-python")
