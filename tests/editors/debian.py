"""Programs of another Debian release: its files lie in a folder of their own, and see the rest of the system as it is.

Their editor starts the server outside again (see `wire.interpreter`), so that every editor has the same server.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

TOP = Path(__file__).parents[2]

_ENTER = """
root=$1; shift
mount --rbind / "$root/host"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
while [ "$1" != -- ]; do mkdir -p "$root$1"; mount --bind "$1" "$root$1"; shift; done
shift
exec chroot "$root" /usr/bin/env -C "$PWD" "$@"
"""


def inside(root: Path) -> list[str]:
    """What to put before a command line so that its program is that of the release in `root`; the checkout and the
    temporary files are where they are outside. The mounts end with the program."""
    shared = {str(TOP), str(Path(tempfile.gettempdir()).resolve())}
    return ["unshare", "-m", "sh", "-c", _ENTER, "sh", str(root), *sorted(shared, key=len), "--"]
