"""The backend's own test, against uvicorn on a free port. Run ``pytest examples/fastapi_backend``.

It needs the packages fastapi, uvicorn, httpx, websockets and pytest.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

FOLDER = Path(__file__).parent


@asynccontextmanager
async def serving() -> AsyncIterator[int]:
    """The port that the backend is served on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    options = ("--app-dir", str(FOLDER), "--port", str(port), "--log-level", "warning")
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "uvicorn", *options, "app:app"
    )
    try:
        async with asyncio.timeout(30):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except ConnectionError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    break
        yield port
    finally:
        if server.returncode is None:
            server.terminate()
        await asyncio.wait_for(server.wait(), 20)


async def ask(socket_: ClientConnection, **command: Any) -> dict[str, Any]:
    """Send a command and return its reply."""
    await socket_.send(json.dumps(command))
    return await heard(socket_, "id", command["id"])


async def heard(socket_: ClientConnection, name: str, value: Any = None) -> dict[str, Any]:
    """The next message that has a field, with a value if one is given; others are passed over."""
    async with asyncio.timeout(20):
        while True:
            for line in str(await socket_.recv()).split("\n"):
                message: dict[str, Any] = json.loads(line)
                found = message.get("push", {}).get(name, message.get(name))
                if found is not None and value in {None, found if value is not None else None}:
                    return message


async def run(port: int) -> None:
    """Two members see each other and the history; a third may not look in."""
    base, url = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}/realtime/connection/websocket"
    async with httpx.AsyncClient(base_url=base, trust_env=False) as http:
        wrong = await http.post("/login", json={"user": "ann", "password": "guess"})
        assert wrong.status_code == 401
        headers = {}
        for user, password in (
            ("ann", "correct horse"),
            ("bob", "battery staple"),
            ("eve", "let me in"),
        ):
            answer = await http.post("/login", json={"user": user, "password": password})
            headers[user] = {"Authorization": f"Bearer {answer.json()['token']}"}
        tokens = {user: header["Authorization"].split()[1] for user, header in headers.items()}
        async with connect(url) as ann, connect(url) as bob, connect(url) as eve:
            for user, client in (("ann", ann), ("bob", bob), ("eve", eve)):
                assert "connect" in await ask(client, id=1, connect={"token": tokens[user]})
            assert "subscribe" in await ask(ann, id=2, subscribe={"channel": "room:board"})
            assert "subscribe" in await ask(bob, id=2, subscribe={"channel": "room:board"})
            assert (await heard(ann, "join"))["push"]["join"]["info"]["user"] in {"ann", "bob"}
            refused = await ask(eve, id=2, subscribe={"channel": "room:board"})
            assert refused["error"]["code"] == 103
            said = await http.post(
                "/rooms/board/messages", json={"text": "hello"}, headers=headers["ann"]
            )
            assert said.json() == {"offset": 1}
            wanted = {"from": "ann", "text": "hello"}
            assert (await heard(bob, "pub"))["push"]["pub"]["data"] == wanted
            room = await http.get("/rooms/board", headers=headers["bob"])
            assert room.json() == {"who": ["ann", "bob"], "said": [wanted]}
            assert (await http.get("/rooms/board", headers=headers["eve"])).status_code == 404
            assert (await http.get("/rooms/board")).status_code in {401, 403}
        async with connect(url) as stranger:
            await stranger.send(json.dumps({"id": 1, "connect": {"token": "no token"}}))
            await stranger.wait_closed()
            assert stranger.close_code == 3500


def test_the_backend() -> None:
    """Log in, subscribe by permission, publish, read presence and history."""

    async def main() -> None:
        async with serving() as port:
            await run(port)

    asyncio.run(main())
