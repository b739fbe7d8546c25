"""Many random commit messages against the installed git: `python tests/fuzz/message_fuzz.py [SEED [MESSAGES]]`.

What `earmark tag` writes into a message is held to the laws of `tests/unit/trailers`: git reads back exactly our block,
every other byte of the message is unchanged, and writing twice is writing once. Prints the totals; the first message
that breaks a law ends it.
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "trailers"))

from git_reads import trailers as git_trailers
from test_trailer_vectors import BLOCK
from test_trailers_against_git import OURS, PIECES, has_text, normal, only_inserted

from earmark.commit.messages import with_block
from earmark.trailers import message as trailers

BATCH = 400
ENDS = [b"\n", b"\n", b"\n", b"\r\n"]


def message(rng: random.Random, pieces: list[bytes]) -> bytes:
    """Up to 14 lines, most of them telling, some noise, with one or mixed line ends and perhaps no last one."""
    end = rng.choice(ENDS)
    text = b""
    for _ in range(rng.randint(0, 14)):
        noise = bytes(rng.choice(b"\t\x0b :-#;\xe9\xffabZ9.") for _ in range(rng.randint(0, 9)))
        text += (rng.choice(pieces) if rng.random() < 0.85 else noise) + (end if rng.random() < 0.95 else b"\n")
    return text.rstrip(b"\r\n") if rng.random() < 0.2 else text


def read(messages: list[bytes]) -> list[list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        return git_trailers(messages, Path(folder))


def judge(before: bytes, was: list[str], after: bytes, now: list[str], own: bool) -> str:
    """Which law does not hold, or nothing. `own`: the message may have held lines of ours."""
    ours = [f"{t.key}: {t.value}" for t in trailers.parse(before).trailers]
    if normal("\n".join(ours).split("\n")) != normal("\n".join(was).split("\n")):
        return f"git reads {was}, we read {ours}"
    if with_block(after, BLOCK) != after:
        return "writing twice is not writing once"
    if after == before:
        unwritten = has_text(before) and not (own and BLOCK.encode() in before)
        return "nothing was written" if unwritten else ""
    keys = re.findall(r"(?mi)^(?:ai-.*)$", "\n".join(now))
    if keys != [line for line in BLOCK.splitlines() if line.startswith("AI-")]:
        return f"git reads {now} afterwards"
    return "" if own or only_inserted(before, after) else "more than the block was written"


def main(seed: int, count: int) -> int:
    rng = random.Random(seed)
    done = 0
    while done < count:
        own = rng.random() < 0.5
        batch = [message(rng, PIECES + OURS if own else PIECES) for _ in range(min(BATCH, count - done))]
        written = [with_block(text, BLOCK) for text in batch]
        for before, was, after, now in zip(batch, read(batch), written, read(written), strict=True):
            broken = judge(before, was, after, now, own)
            if broken:
                print(f"seed {seed}: {broken}\n  before {before!r}\n  after  {after!r}")
                return 1
        done += len(batch)
    print(f"{done} messages, seed {seed}: every law held")
    return 0


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(*(numbers + [random.randrange(2**32), 4000][len(numbers) :])))
