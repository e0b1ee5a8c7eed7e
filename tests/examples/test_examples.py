"""Every example runs, against a real server or by itself."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
NODE_MODULES = ROOT / "tests" / "clients" / "node_modules"
API_KEY = "tests-api-key"

CONFIG = {
    "market": {"simulated": {"seed": 7, "rate": 50}},
    "channel": {
        "namespaces": [
            {
                "name": "news",
                "history_size": 10,
                "history_ttl": "60s",
                "allow_subscribe_for_client": True,
            }
        ]
    },
}
OPTIONS = ("--feed", "simulated")


def run_example(*command: str, **environ: str) -> str:
    """Run an example to its end and return what it printed."""
    done = subprocess.run(
        command,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@asynccontextmanager
async def running(*command: str, port: int, **environ: str):
    """An example that serves, until the test is done with it."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env=os.environ | environ,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        await asyncio.wait_for(_listens(process, port), 30)
        yield
        process.terminate()
        await asyncio.wait_for(process.wait(), 20)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _listens(process: asyncio.subprocess.Process, port: int) -> None:
    while True:
        assert process.returncode is None, (await process.stderr.read()).decode()
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def node_example(name: str, folder: Path) -> tuple[str, str]:
    """The command of an example in JavaScript, copied to where its packages are."""
    node = shutil.which("node")
    if node is None or not (NODE_MODULES / "centrifuge").is_dir():
        pytest.skip("Node.js or tests/clients/node_modules is not there: run make test")
    # Node looks for packages beside the program, so the example gets them there.
    shutil.copy(EXAMPLES / name, folder)
    (folder / "node_modules").symlink_to(NODE_MODULES)
    return node, str(folder / name)


async def ask(ws, **command):
    """Send a command and return its reply; pushes in between are passed over."""
    await ws.send(json.dumps(command))
    while True:
        for line in str(await ws.recv()).split("\n"):
            reply = json.loads(line)
            if reply.get("id") == command["id"]:
                return reply


async def next_publication(ws):
    while True:
        for line in str(await ws.recv()).split("\n"):
            if publication := json.loads(line).get("push", {}).get("pub"):
                return publication


def test_publish_from_backend_prints_the_offset(server):
    printed = run_example(
        sys.executable,
        str(EXAMPLES / "publish_from_backend.py"),
        "news:today",
        '{"text": "hello"}',
        CADENZA_URL=server.url,
        CADENZA_API_KEY=API_KEY,
    )
    assert printed == "published to news:today at offset 1\n"


def test_local_book_follows_a_simulated_market(server, token):
    printed = run_example(
        sys.executable,
        str(EXAMPLES / "local_book.py"),
        "BINANCE:BTC/USDT",
        "20",
        CADENZA_WS=server.ws,
        CADENZA_TOKEN=token(),
    ).splitlines()
    sequences = [int(line.split()[0]) for line in printed]
    assert sequences == list(range(sequences[0], sequences[0] + 20))


def test_local_book_says_why_it_was_refused(server, token):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "local_book.py"), "BINANCE:NO/SUCH"],
        env=os.environ | {"CADENZA_WS": server.ws, "CADENZA_TOKEN": token()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "'code': 102" in done.stderr


def test_subscribe_mjs_gets_publications(server, token, tmp_path):
    printed = run_example(
        *node_example("subscribe.mjs", tmp_path),
        "market:orderBook:BINANCE:BTC/USDT",
        "3",
        CADENZA_WS=server.ws,
        CADENZA_TOKEN=token(),
    )
    assert "subscribed, recovered: false" in printed
    assert printed.count('"updateType":"SNAPSHOT"') == 1
    assert printed.count('"updateType":"DIFF"') == 2


def test_paper_order_follows_an_order_to_its_end(server, token):
    """Acceptance, executions and the end come in this order, and the balances after them."""
    printed = run_example(
        sys.executable,
        str(EXAMPLES / "paper_order.py"),
        "PAPER:SOL/USDT",
        "BUY",
        "0.5",
        CADENZA_WS=server.ws,
        CADENZA_TOKEN=token("paper"),
    ).splitlines()
    assert printed[0] == "acknowledged FILLED"
    assert printed[1] == "order        ACCEPTED, executed 0.000"
    assert printed[2].startswith("execution    ")
    assert printed[-2] == "order        FILLED, executed 0.500"
    assert "'SOL': '5000.5000000000'" in printed[-1]


def test_paper_order_says_why_it_was_refused(server, token):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "paper_order.py"), "PAPER:SOL/USDT", "BUY", "0.0001"],
        env=os.environ | {"CADENZA_WS": server.ws, "CADENZA_TOKEN": token("refused")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "30106" in done.stderr
    assert "the nearest valid value is 0.001" in done.stderr


def test_rest_order_submits_lists_and_cancels(server, token):
    printed = run_example(
        sys.executable,
        str(EXAMPLES / "rest_order.py"),
        "PAPER:ETH/USDT",
        CADENZA_URL=server.url,
        CADENZA_TOKEN=token("rest"),
    ).splitlines()
    assert printed[0].startswith("ACCEPTED BUY 1.0000 at ")
    assert printed[1:] == ["sent again: the same order", "open: 1", "CANCELLED, BY_OWNER"]


def test_trade_mjs_trades_with_the_official_client(server, token, tmp_path):
    printed = run_example(
        *node_example("trade.mjs", tmp_path),
        "PAPER:BTC/USDT",
        "SELL",
        "0.01",
        CADENZA_WS=server.ws,
        CADENZA_TOKEN=token("node"),
    ).splitlines()
    assert printed[0].startswith("0 open orders, equity ")
    assert "event.trade_execution.created 0.01000" in printed
    assert "event.trade_order.updated FILLED" in printed
    assert any(line.startswith("FILLED 0.01000 at ") for line in printed)


@pytest.mark.process
async def test_embed_node_decides_everything_itself():
    """Handlers name the user, refuse a channel, change a publication and answer an RPC."""
    port = free_port()
    async with (
        running(sys.executable, str(EXAMPLES / "embed_node.py"), port=port, PORT=str(port)),
        connect(f"ws://127.0.0.1:{port}/connection/websocket") as ws,
    ):
        welcome = await ask(ws, id=1, connect={"token": "ann"})
        assert welcome["connect"]["data"] == {"hello": "there"}
        refused = await ask(ws, id=2, subscribe={"channel": "secrets"})
        assert refused["error"]["code"] == 103
        assert "subscribe" in await ask(ws, id=3, subscribe={"channel": "talk"})
        await ws.send('{"id":4,"publish":{"channel":"talk","data":"hi"}}')
        said = await next_publication(ws)
        assert said["data"] == {"text": "hi"}
        assert said["info"]["conn_info"] == {"name": "ann"}
        count = await ask(ws, id=5, rpc={"method": "count"})
        assert count["rpc"]["data"] == {"connections": 1}
        await ask(ws, id=6, subscribe={"channel": "ticks"})
        assert (await next_publication(ws))["data"]["number"] > 0


@pytest.mark.process
async def test_embed_node_refuses_who_it_does_not_know():
    port = free_port()
    async with (
        running(sys.executable, str(EXAMPLES / "embed_node.py"), port=port, PORT=str(port)),
        connect(f"ws://127.0.0.1:{port}/connection/websocket") as ws,
    ):
        await ws.send('{"id":1,"connect":{"token":"eve"}}')
        await ws.wait_closed()
        assert ws.close_code == 3500


@pytest.mark.process
async def test_fastapi_app_publishes_what_rest_takes():
    port = free_port()
    command = ("uvicorn", "--app-dir", str(EXAMPLES), "--port", str(port), "fastapi_app:app")
    async with (
        running(sys.executable, "-m", *command, port=port),
        connect(f"ws://127.0.0.1:{port}/realtime/connection/websocket") as ws,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
    ):
        await ask(ws, id=1, connect={})
        await ask(ws, id=2, subscribe={"channel": "orders:new"})
        order = {"instrument": "BINANCE:BTC/USDT", "side": "BUY", "quantity": "0.1"}
        answer = await http.post("/orders", json=order)
        assert answer.json() == {"offset": 1}
        assert (await next_publication(ws))["data"] == order
