"""Tokens that expire: the SDK asks for a new one before the server has to end the connection.

Usage: ``CADENZA_TOKEN_COMMAND='cadenza token --user ann --ttl 5' python
examples/token_refresh.py``. The command prints a token; your program would ask its own backend
instead. It ends when three tokens have been used. ``CADENZA_URL`` names another server.
"""

from __future__ import annotations

import asyncio
import os
import shlex

import cadenza

URL = os.environ.get("CADENZA_URL", "ws://127.0.0.1:8000/connection/websocket")
TOKENS = 3


async def main() -> None:
    """Stay connected over several tokens."""
    command = shlex.split(os.environ["CADENZA_TOKEN_COMMAND"])
    asked, enough = 0, asyncio.Event()

    async def get_token() -> str:
        nonlocal asked
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        printed, _ = await process.communicate()
        if process.returncode:
            raise cadenza.UnauthorizedError("the token command failed")
        asked += 1
        print(f"token {asked}")
        if asked == TOKENS:
            enough.set()
        return printed.decode().strip()

    async with cadenza.connect(URL, get_token=get_token) as client:
        await enough.wait()
        print(f"still the first connection: {client.stats.connects == 1}")


if __name__ == "__main__":
    asyncio.run(main())
