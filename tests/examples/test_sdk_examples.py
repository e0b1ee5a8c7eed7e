"""The examples of the SDK run, each against a real server."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import textwrap
import urllib.request
from pathlib import Path

import jwt
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
SECRET = "examples-hmac-secret-0123456789abcdef-0123456789abcdef-0123456789"
CONFIG = {
    "client": {"token": {"hmac_secret_key": SECRET}},
    "market": {"simulated": {"seed": 7, "rate": 200}},
    "channel": {
        "namespaces": [
            {
                "name": "news",
                "history_size": 1000,
                "history_ttl": "60s",
                "allow_subscribe_for_client": True,
                "allow_publish_for_client": True,
                "allow_history_for_subscriber": True,
                "allow_history_for_client": True,
                "force_recovery": True,
            }
        ]
    },
}
OPTIONS = ("--feed", "simulated")


def run_example(name, *arguments, **environ):
    """Run an example to its end and return the lines that it printed."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *arguments],
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture
def token():
    """``token(user)``: a connection token that this server accepts."""
    return lambda user="trader": jwt.encode({"sub": user}, SECRET, algorithm="HS256")


def publish(server, channel, *payloads):
    commands = [{"publish": {"channel": channel, "data": data}} for data in payloads]
    request = urllib.request.Request(
        f"{server.url}/api/batch",
        json.dumps({"commands": commands}).encode(),
        {"X-API-Key": server.api_key},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()


def test_first_connection_prints_trades(server, token):
    printed = run_example("first_connection.py", "3", CADENZA_URL=server.ws, CADENZA_TOKEN=token())
    assert printed[0].startswith("connected as ")
    assert len(printed) == 4
    assert all(line.split()[0] in {"BUY", "SELL"} for line in printed[1:])


def test_token_refresh_stays_on_one_connection(server, token, tmp_path):
    """Three tokens of a second each, one connection."""
    script = tmp_path / "make_token.py"
    script.write_text(
        "import sys, time, jwt\n"
        f"secret = {SECRET!r}\n"
        "print(jwt.encode({'sub': 'ann', 'exp': int(time.time()) + 2}, secret, 'HS256'))\n"
    )
    printed = run_example(
        "token_refresh.py",
        CADENZA_URL=server.ws,
        CADENZA_TOKEN_COMMAND=shlex.join([sys.executable, str(script)]),
    )
    assert printed == ["token 1", "token 2", "token 3", "still the first connection: True"]


def test_protobuf_carries_bytes(server, token):
    printed = run_example(
        "protobuf_client.py", "news:bytes", CADENZA_URL=server.ws, CADENZA_TOKEN=token()
    )
    assert printed == ["21.5 degrees at 1700000000000 ms, 16 bytes"]


def test_backfill_then_live_has_no_gap_and_no_double(server, token):
    """250 publications of the past in three pages, then what is published while it looks on."""
    publish(server, "news:fill", *range(250))
    process = subprocess.Popen(
        [sys.executable, str(EXAMPLES / "backfill_then_live.py"), "news:fill", "260"],
        env=os.environ | {"CADENZA_URL": server.ws, "CADENZA_TOKEN": token()},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        lines = [process.stdout.readline().split() for _ in range(250)]
        publish(server, "news:fill", *range(250, 260))
        lines += [process.stdout.readline().split() for _ in range(10)]
        assert process.wait(30) == 0
    assert lines == [[str(number + 1), str(number)] for number in range(260)]


def test_live_ladder_prints_the_book(server, token):
    printed = run_example("live_ladder.py", "5", CADENZA_URL=server.ws, CADENZA_TOKEN=token())
    assert len(printed) == 16
    assert all(" mid " in line for line in printed[:5])
    prices = [float(line.split()[0]) for line in printed[5:15]]
    assert prices == sorted(prices, reverse=True)
    assert printed[-1].startswith("1 BTC would cost ")


def test_market_maker_quotes_and_takes_back(server, token):
    printed = run_example(
        "market_maker.py", "1", CADENZA_URL=server.ws, CADENZA_TOKEN=token("maker")
    )
    assert printed[0].startswith("quoting ")
    assert sum(line.startswith("moved to ") for line in printed) == 1
    assert "quotes, net " in printed[-1]
    if not any(line.startswith("filled:") for line in printed) and "took back 2" in printed[-1]:
        assert printed[-1].endswith("net 0.00, fees 0.00")


def test_portfolio_watcher_sees_a_trade_from_elsewhere(server, token):
    environ = {"CADENZA_URL": server.ws, "CADENZA_TOKEN": token("watched")}
    watcher = subprocess.Popen(
        [sys.executable, str(EXAMPLES / "portfolio_watcher.py")],
        env=os.environ | environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    with watcher:
        assert watcher.stdout.readline().startswith("account ")
        run_example("paper_order.py", "PAPER:SOL/USDT", "BUY", "0.5", **environ)
        printed = watcher.stdout.read().splitlines()
        assert watcher.wait(30) == 0
    assert any(line.startswith("execution ") for line in printed)
    assert printed[-1].startswith("position PAPER:SOL/USDT ")


def test_recorder_appends(server, token, tmp_path):
    """Two runs, one file, nothing missing within each."""
    channel = "market:trade:BINANCE:BTC/USDT"
    path = tmp_path / "trades.jsonl"
    for _ in range(2):
        run_example(
            "recorder.py", str(path), "5", channel, CADENZA_URL=server.ws, CADENZA_TOKEN=token()
        )
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == 10
    offsets = [line["offset"] for line in lines]
    for run in (offsets[:5], offsets[5:]):
        assert run == list(range(run[0], run[0] + 5))


def test_the_notebook_runs_from_top_to_bottom(server, token):
    """Every cell, in one event loop, as a notebook runs them."""
    cells = json.loads((EXAMPLES / "notebook.ipynb").read_text())["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    body = textwrap.indent("\n".join(code), "    ")
    script = f"import asyncio\nasync def main():\n{body}\nasyncio.run(main())\n"
    environ = {"CADENZA_URL": server.ws, "CADENZA_TOKEN": token("notebook")}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
