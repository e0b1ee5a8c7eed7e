"""The command ``cadenza serve``, as its own process where it listens."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys

import httpx
import pytest
import websockets
from typer.testing import CliRunner

from cadenza.cli import app

RUNNER = CliRunner()
KEY = "unit-test-hmac-key-0123456789abcdef"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.fixture(autouse=True)
def _no_options_in_the_environment(monkeypatch):
    """The tester's own variables must not decide."""
    for name in list(os.environ):
        if name.startswith(("CADENZA_", "CENTRIFUGO_")):
            monkeypatch.delenv(name)


@pytest.fixture
def settings(tmp_path):
    """Write a configuration and give its path."""

    def write(**sections):
        path = tmp_path / "config.json"
        tree = {"client": {"token": {"hmac_secret_key": KEY}}, **sections}
        path.write_text(json.dumps(tree))
        return str(path)

    return write


@pytest.fixture
def start(processes):
    """Start ``cadenza serve`` and wait until its output holds a text."""
    processes = []

    def run(*options, until, **environment):
        process = subprocess.Popen(
            [sys.executable, "-m", "cadenza.cli", "serve", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},
            text=True,
        )
        processes.append(process)
        seen = ""
        while until not in seen:
            line = process.stdout.readline()
            assert line, f"ended before {until!r}: {seen}"
            seen += line
        return process, seen

    yield run
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()


def answers(port):
    """Whether HTTP is served; the socket listens a little earlier."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).status_code == 404
    except httpx.ConnectError:
        return False


SANDBOX = ("--port", "0", "--feed", "simulated")
LAST_LINE = "Keys and tokens are made anew"


async def subscribe(url, token, channel):
    """Connect with a token and subscribe: the first publication."""
    async with websockets.connect(url, proxy=None) as client:
        await client.send(json.dumps({"id": 1, "connect": {"token": token}}))
        await client.send(json.dumps({"id": 2, "subscribe": {"channel": channel}}))
        while True:
            for line in (await asyncio.wait_for(client.recv(), 20)).split("\n"):
                message = json.loads(line)
                assert "error" not in message
                if "pub" in message.get("push", {}):
                    return message["push"]["pub"]["data"]


async def test_the_sandbox_says_all_that_a_newcomer_needs(start):
    """Its address, token, key and channel work as they are printed, and SIGTERM ends it with 0."""
    process, banner = start(*SANDBOX, until=LAST_LINE)
    url = re.search(r"WebSocket +(ws://\S+)", banner)[1]
    token = re.search(r"^  (eyJ\S+)$", banner, re.MULTILINE)[1]
    channel = re.search(r"newSubscription\('([^']+)'\)", banner)[1]
    data = await subscribe(url, token, channel)
    assert data["updateType"] == "SNAPSHOT"
    api, key = re.search(r"HTTP API +(\S+) +\(X-API-Key: (\S+)\)", banner).groups()
    async with httpx.AsyncClient(trust_env=False) as web:
        answer = await web.post(f"{api}/info", headers={"X-API-Key": key}, content="{}")
        assert answer.json()["result"]["nodes"][0]["name"] == "sandbox"
        for name in ("Health", "Metrics"):
            assert (await web.get(re.search(rf"{name} +(\S+)", banner)[1])).status_code == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


async def test_the_sandbox_knows_its_internal_port(start):
    """The addresses of API and reports are those of the internal port, where there is one."""
    inside = str(free_port())
    environment = {"CADENZA_HTTP_SERVER_INTERNAL_PORT": inside}
    _, banner = start(*SANDBOX, until=LAST_LINE, **environment)
    health = re.search(r"Health +(\S+)", banner)[1]
    assert f":{inside}/" in health
    async with httpx.AsyncClient(trust_env=False) as web:
        assert (await web.get(health)).status_code == 200


def test_two_sandboxes_share_no_secret(start):
    """Keys are made at random at every start."""
    found = set()
    for _ in range(2):
        process, banner = start(*SANDBOX, until=LAST_LINE)
        found.add(re.search(r"X-API-Key: (\S+)\)", banner)[1])
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert len(found) == 2


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_0(start, settings, number):
    """With a configuration as well; the log says so, and there is no traceback."""
    port = free_port()
    options = ("--config", settings(log={"level": "info"}), "--port", str(port), "--feed", "none")
    process = subprocess.Popen(
        [sys.executable, "-m", "cadenza.cli", "serve", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while not answers(port):
        assert process.poll() is None
    process.send_signal(number)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "shutting down" in output
    assert "Traceback" not in output


def test_a_recording_is_replayed(start, tmp_path):
    """A folder without recordings is refused with its name."""
    result = RUNNER.invoke(app, ["serve", "--feed", f"replay:{tmp_path / 'nothing'}"])
    assert result.exit_code == 1
    assert f"{tmp_path / 'nothing'}" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--feed", "live"], "'live' is none of simulated, replay:PATH and none"),
        (["--feed", "replay"], "'replay' is none of"),
        (["--feed", "replay:"], "'replay:' is none of"),
        (["--feed", "none:x"], "'none:x'"),
        (["--speed", "fast"], "'fast' is not a number above 0"),
        (["--speed", "0"], "'0' is not a number above 0"),
        (["--speed", "-1"], "'-1' is not a number above 0"),
        (["--speed", "nan"], "'nan' is not a number above 0"),
        (["--speed", "inf"], "'inf' is not a number above 0"),
        (["--port", "65536"], "less than or equal to 65535"),
        (["--port", "-1"], "greater than or equal to 0"),
        (["--port", "http"], "valid integer"),
        (["--nonsense"], "No such option"),
    ],
)
def test_flags_that_mean_nothing(options, message):
    """Exit code 2, and a sentence that repeats what was given."""
    result = RUNNER.invoke(app, ["serve", *options])
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())


def test_a_port_in_use_is_named(settings):
    """Exit code 1 and one line."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        options = ["--config", settings(), "--port", str(port), "--feed", "none"]
        result = RUNNER.invoke(app, ["serve", *options])
    assert result.exit_code == 1
    assert f"error: cannot listen on 127.0.0.1:{port}: Address already in use" in result.output


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"clint": {}}, "client"),
        ({"websocket": {"message_size_limit": "x"}}, "websocket.message_size_limit"),
        ({"channel": {"namespaces": [{"name": ""}]}}, "channel.namespaces"),
        ({"market": {"simulated": {"instruments": ["NO:NO/NO"]}}}, "NO:NO/NO is not simulated"),
        ({"log": {"file": "/nowhere/at/all.log"}}, "/nowhere/at/all.log"),
        (
            {
                "http_server": {
                    "tls": {"enabled": True, "cert_pem": "/no.pem", "key_pem": "/no.key"}
                }
            },
            "http_server.tls.cert_pem",
        ),
    ],
)
def test_an_unusable_configuration_is_explained(settings, sections, message):
    """Exit code 1, the option by its name, and no traceback."""
    result = RUNNER.invoke(app, ["serve", "--config", settings(**sections), "--port", "0"])
    assert result.exit_code == 1
    assert result.output.startswith("error: ")
    assert message in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_a_configuration_that_is_not_there():
    """Exit code 1 or 2, with the path."""
    result = RUNNER.invoke(app, ["serve", "--config", "/nowhere/config.json"])
    assert result.exit_code in {1, 2}
    assert "/nowhere/config.json" in " ".join(result.output.split())


def test_data_must_be_a_folder(settings, tmp_path):
    """A file in the way is an error with its name."""
    path = tmp_path / "file"
    path.write_text("x")
    result = RUNNER.invoke(app, ["serve", "--config", settings(), "--data", str(path)])
    assert result.exit_code == 1
    assert f"cannot use --data {path}" in result.output


def test_the_data_folder_is_made(start, tmp_path):
    """With its parents."""
    folder = tmp_path / "a" / "b"
    process, _ = start(*SANDBOX, "--data", str(folder), until=LAST_LINE)
    assert folder.is_dir()
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
