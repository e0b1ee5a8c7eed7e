"""A server that plays one stream of publications to whoever connects; run by ``bench_client.py``.

It answers ``connect`` and ``subscribe``, then sends all payloads of a file as publications of the
channel, so all clients are measured on the same bytes. It prints the port that it listens on.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import msgspec
from websockets.asyncio.server import ServerConnection, serve

from cadenza.protocol import frames as wire

PACE_HZ = 2_000


def frames_of(path: Path, channel: str, per_frame: int) -> list[bytes]:
    """The publications of a file, as frames of the JSON protocol."""
    payloads = path.read_bytes().splitlines()
    lines = [
        msgspec.json.encode(
            {"push": {"channel": channel, "pub": {"data": msgspec.Raw(it), "offset": number}}}
        )
        for number, it in enumerate(payloads, 1)
    ]
    return [b"\n".join(lines[at : at + per_frame]) for at in range(0, len(lines), per_frame)]


async def play(socket: ServerConnection, path: Path, per_frame: int, mode: str) -> None:
    """Serve one client to its end: at a pace, as fast as it reads, or all in one write."""
    channel = ""
    while not channel:
        for line in (await socket.recv()).splitlines():
            command = json.loads(line)
            if "connect" in command:
                reply = {"id": command["id"], "connect": {"client": "c", "version": "b"}}
            else:
                channel = command["subscribe"]["channel"]
                reply = {"id": command["id"], "subscribe": {}}
            await socket.send(json.dumps(reply))
    frames = frames_of(path, channel, per_frame)
    if mode == "backlog":
        socket.transport.write(b"".join(wire.frame(wire.TEXT, frame) for frame in frames))
        frames = []
    loop = asyncio.get_running_loop()
    start = loop.time()
    for number, frame in enumerate(frames):
        if mode == "paced":
            await asyncio.sleep(start + number / PACE_HZ - loop.time())
        await socket.send(frame, text=True)
    await socket.wait_closed()


async def main() -> None:
    """Listen until the process is ended."""
    path, per_frame, mode = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]

    async def handle(socket: ServerConnection) -> None:
        await play(socket, path, per_frame, mode)

    async with serve(
        handle, "127.0.0.1", 0, compression=None, ping_interval=None, subprotocols=None
    ) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await asyncio.Future()


if __name__ == "__main__":
    asyncio.run(main())
