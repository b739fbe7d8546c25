"""The preview in the editor and the message around it, on messages as git writes them and on any others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.commit import messages, preview
from earmark.commit.messages import Manner
from earmark.git.config import Config, Setting
from earmark.trailers.message import parse

BLOCK = (
    "AI-Assisted: yes\nAssisted-by: Claude:opus-4\nAI-Lines: 2/2\nAI-Risk: low\nAI-Review: not-required\n"
    "AI-Provenance: v1:sha256:" + "0" * 64 + "\n"
)
STATUS = "# Please enter the commit message for your changes.\n#\n# On branch main\n#\n"
CUT = "# ------------------------ >8 ------------------------\n"
HINT = "# Do not modify or remove the line above.\n# Everything below it will be ignored.\n"

text = st.text(alphabet="ab#; \n:-\r", max_size=60).map(str.encode)


def insert(message: str, *, below_cut: bool = False, comment: str = "#") -> str:
    return preview.insert(message.encode(), BLOCK, "2 lines", comment, below_cut=below_cut).decode()


class TestPlace:
    def test_an_empty_message_keeps_its_first_line_free(self) -> None:
        shown = insert("\n" + STATUS)
        assert shown.startswith("\n# earmark: 2 lines") and shown.endswith("# earmark: declare\n" + STATUS)

    def test_behind_a_template(self) -> None:
        assert insert("Subject\n\nWhy:\n\n" + STATUS).startswith("Subject\n\nWhy:\n\n# earmark:")

    def test_above_the_scissors_or_below_them(self) -> None:
        message = "\n" + STATUS + CUT + HINT + "diff --git a b\n"
        above, below = insert(message), insert(message, below_cut=True)
        assert above.index("earmark: declare") < above.index(">8")
        assert below.index(HINT) < below.index("earmark: declare") < below.index("diff --git")

    def test_a_message_without_anything(self) -> None:
        assert insert("").startswith("# earmark: 2 lines")
        assert insert("no line end").startswith("no line end\n# earmark: 2 lines")

    @pytest.mark.parametrize("comment", [";", "//", "%"])
    def test_other_comment_strings(self, comment: str) -> None:
        shown = insert("\n" + STATUS.replace("#", comment), comment=comment)
        assert f"\n{comment} earmark: declare\n{comment} Please" in shown


class TestLine:
    def test_standing_deleted_or_changed(self) -> None:
        shown = insert("\n" + STATUS).encode()
        assert preview.agreed(shown, "#")
        assert not preview.agreed(shown.replace(b"# earmark: declare\n", b""), "#")
        assert not preview.agreed(shown.replace(b"earmark: declare", b"earmark: no"), "#")
        assert preview.agreed(shown.replace(b"\n", b"\r\n"), "#")

    @given(text, st.booleans())
    def test_what_was_put_in_can_be_taken_out(self, message: bytes, below: bool) -> None:
        shown = preview.insert(message, BLOCK, "2 lines", "#", below_cut=below)
        assert preview.agreed(shown, "#")
        gone = preview.remove(shown, "#")
        assert gone.rstrip(b"\n") == message.rstrip(b"\n") and len(gone) - len(message) in (0, 1)
        assert preview.insert(shown, BLOCK, "2 lines", "#", below_cut=below) == shown


class TestCommentCharacter:
    def _settings(self, **values: str) -> Config:
        return Config({f"core.{key}": [Setting("local", value)] for key, value in values.items()})

    @pytest.mark.parametrize(
        ("settings", "message", "expected"),
        [
            ({}, "", "#"),
            ({"commentchar": ";"}, "", ";"),
            ({"commentchar": ";", "commentstring": "//"}, "", "//"),
            ({"commentchar": "auto"}, "\n" + STATUS, "#"),
            ({"commentchar": "auto"}, "# title\n\n" + STATUS.replace("#", ";"), ";"),
            ({"commentchar": "auto"}, "x\n" + CUT.replace("#", "!") + "diff\n", "!"),
            ({"commentchar": "auto"}, "just words", "#"),
        ],
    )
    def test_as_git_chose_it(self, settings: dict[str, str], message: str, expected: str) -> None:
        assert preview.comment_char(self._settings(**settings), message.encode()) == expected


class TestWithBlock:
    def test_a_message_without_line_end(self) -> None:
        assert messages.with_block(b"Merge branch 'x'", BLOCK) == b"Merge branch 'x'\n\n" + BLOCK.encode()

    def test_no_text_no_block(self) -> None:
        for empty in (b"", b"\n", b"\n" + STATUS.encode(), b"# only\n# comments\n"):
            assert messages.with_block(empty, BLOCK) == empty
            assert not messages.has_text(empty, "#")

    def test_joined_messages_end_with_one_declaration(self) -> None:
        other = BLOCK.replace("2/2", "5/9")
        joined = f"First\n\n{BLOCK}\nSecond\n\nBody\n\n{other}\nThird\n".encode()
        result = messages.with_block(joined, BLOCK.replace("2/2", "7/11"))
        assert result.count(b"AI-Assisted") == 1 and parse(result).declared.ai_lines == 7
        assert [line for line in result.decode().splitlines() if line[:2] not in ("AI", "As", "")] == [
            "First", "Second", "Body", "Third",
        ]  # fmt: skip

    @given(st.text(alphabet="ab#; \n:-", max_size=60).map(str.encode))
    def test_writing_twice_is_writing_once_and_taking_out_leaves_the_rest(self, message: bytes) -> None:
        once = messages.with_block(message, BLOCK)
        assert messages.with_block(once, BLOCK) == once
        if once != message:
            assert parse(once).declared.assisted is True
            assert messages.with_block(once, "").rstrip() == message.rstrip()

    def test_the_preview_of_another_run_is_replaced(self) -> None:
        how = Manner("#", True, "")
        once = messages.with_preview(b"\n" + STATUS.encode(), BLOCK, "2 lines", how)
        assert messages.with_preview(once, BLOCK, "2 lines", how) == once
        assert b"earmark:" not in messages.with_block(b"x" + once, BLOCK)
