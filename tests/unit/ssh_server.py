"""An SSH server for git, run as a process of its own: `ssh_server.py HOST_KEY AUTHORIZED_KEYS`.

Prints the port it listens on and serves until its standard input closes. Commands run in git's own restricted shell, as
on a server of one's own.
"""

from __future__ import annotations

import asyncio
import sys

import asyncssh


async def run_git(process: asyncssh.SSHServerProcess[bytes]) -> None:
    """Carry out the one command of a session."""
    pipe = asyncio.subprocess.PIPE
    git = await asyncio.create_subprocess_exec(
        "git", "shell", "-c", process.command or "", stdin=pipe, stdout=pipe, stderr=pipe
    )
    await process.redirect(stdin=git.stdin, stdout=git.stdout, stderr=git.stderr)
    code = await git.wait()
    await process.stdout.drain()
    await process.stderr.drain()
    process.exit(code)


async def main(host_key: str, authorized: str) -> None:
    server = await asyncssh.listen(
        "127.0.0.1", 0, server_host_keys=[host_key], authorized_client_keys=authorized, process_factory=run_git,
        encoding=None,
    )  # fmt: skip
    print(server.get_port(), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
