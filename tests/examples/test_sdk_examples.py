"""The examples of the SDK run, each against a real server."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import urllib.request
from pathlib import Path

import jwt
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
SECRET = "examples-hmac-secret-0123456789abcdef-0123456789abcdef-0123456789"
CONFIG = {
    "client": {"token": {"hmac_secret_key": SECRET}},
    "market": {"simulated": {"seed": 7, "rate": 50}},
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
    printed = run_example("first_connection.py", "3", CADENZA_WS=server.ws, CADENZA_TOKEN=token())
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
        CADENZA_WS=server.ws,
        CADENZA_TOKEN_COMMAND=shlex.join([sys.executable, str(script)]),
    )
    assert printed == ["token 1", "token 2", "token 3", "still the first connection: True"]


def test_protobuf_carries_bytes(server, token):
    printed = run_example(
        "protobuf_client.py", "news:bytes", CADENZA_WS=server.ws, CADENZA_TOKEN=token()
    )
    assert printed == ["21.5 degrees at 1700000000000 ms, 16 bytes"]


def test_backfill_then_live_has_no_gap_and_no_double(server, token):
    """250 publications of the past in three pages, then what is published while it looks on."""
    publish(server, "news:fill", *range(250))
    process = subprocess.Popen(
        [sys.executable, str(EXAMPLES / "backfill_then_live.py"), "news:fill", "260"],
        env=os.environ | {"CADENZA_WS": server.ws, "CADENZA_TOKEN": token()},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        lines = [process.stdout.readline().split() for _ in range(250)]
        publish(server, "news:fill", *range(250, 260))
        lines += [process.stdout.readline().split() for _ in range(10)]
        assert process.wait(30) == 0
    assert lines == [[str(number + 1), str(number)] for number in range(260)]
