"""A repository served over SSH on a loopback port, with keys of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def over_ssh(keys: Path) -> Iterator[tuple[str, str]]:
    """The address of a server that serves every repository on this disk, without a path, and the SSH client command
    that knows the server and has a key it takes. Both keys are made in the folder `keys`."""
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", keys / name], check=True, timeout=60)
    command = [sys.executable, Path(__file__).with_name("ssh_server.py"), keys / "host", keys / "user.pub"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as ssh:
        assert ssh.stdin is not None
        assert ssh.stdout is not None
        port = int(ssh.stdout.readline())
        (keys / "known").write_text(f"[127.0.0.1]:{port} {(keys / 'host.pub').read_text()}")
        options = f"-F /dev/null -i {keys / 'user'} -o IdentitiesOnly=yes -o UserKnownHostsFile={keys / 'known'}"
        yield f"ssh://git@127.0.0.1:{port}", f"ssh {options} -o StrictHostKeyChecking=yes -o BatchMode=yes"
        ssh.stdin.close()
