"""Contents read in portions are the contents that are read one by one."""

from __future__ import annotations

import pytest
from real_git import RealGit

from earmark.git import ahead, repository
from earmark.git.ahead import Ahead
from earmark.git.objects import Objects


@pytest.mark.parametrize("held", [1 << 20, 40, 1])
def test_the_same_contents_in_any_order_and_often(git: RealGit, held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_HELD", held)
    monkeypatch.setattr(ahead, "_PORTION", 3)
    texts = {f"f{n}": f"{n}\n" * n for n in range(20)}
    git.commit("base", dict(texts))
    found = repository.find(git.top)
    assert found is not None
    names = [f"HEAD:{path}" for path in texts]
    with Objects(found) as objects:
        reader = Ahead(objects, [*names, "HEAD:nothing", "HEAD^{tree}", ""])
        for _ in range(2):
            for path in (*texts, *reversed(texts)):
                assert reader.blob(f"HEAD:{path}") == texts[path].encode()
        assert [reader.blob(name) for name in ("HEAD:nothing", "HEAD^{tree}", "")] == [b"", b"", b""]
        for name in ("HEAD", "HEAD:f3", "HEAD:nothing"):
            assert reader.get(name) == objects.get(name)
            assert reader.info(name) == objects.info(name)
        assert list(reader.get_all(names)) == list(objects.get_all(names))
        assert reader._process is None, "one process does all the reading"


def test_one_request_a_portion(git: RealGit) -> None:
    git.commit("base", {f"f{n}": f"{n}\n" for n in range(50)})
    found = repository.find(git.top)
    assert found is not None
    asked: list[int] = []

    class Counted(Objects):
        def _ask(self, request: str, names: object) -> None:
            asked.append(1)
            super()._ask(request, names)  # type: ignore[arg-type]

    with Counted(found) as objects:
        reader = Ahead(objects, [f"HEAD:f{n}" for n in range(50)])
        assert all(reader.blob(f"HEAD:f{n}") == f"{n}\n".encode() for n in range(50))
    assert len(asked) == 2, "sizes, then contents"
