"""Fixtures of all rooms: shared recordings, tokens, and a real server in its own process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from hypothesis import settings

pytest.register_assert_rewrite("support")
pytest_plugins = ["support.order", "support.processes"]

# How long one example takes says more about the machine, and what else it does, than about us.
settings.register_profile("cadenza", deadline=None)
settings.load_profile("cadenza")

ROOT = Path(__file__).parents[1]
SECRET = "tests-hmac-secret-0123456789abcdef-0123456789abcdef-0123456789abcdef"
API_KEY = "tests-api-key"
BASE_CONFIG = {
    "client": {"token": {"hmac_secret_key": SECRET}},
    "http_api": {"key": API_KEY},
    "health": {"enabled": True},
}
"""What every server of the tests has; a test's own configuration is merged into it."""

START_SECONDS = 30.0
STOP_SECONDS = 20.0


def merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Two configurations as one; what stands above wins."""
    both = dict(below)
    for name, value in above.items():
        under = both.get(name)
        is_section = isinstance(under, dict) and isinstance(value, dict)
        both[name] = merge(under, value) if is_section else value
    return both


def pytest_configure() -> None:
    """Let what the tests start be interrupted, also when they run in the background of a shell.

    A shell without job control starts what stands before an ``&`` deaf to Ctrl-C, and so would be
    every program that the tests start.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class ServerProcess:
    """A running ``cadenza serve``.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        url: Its HTTP address, without a trailing slash.
        ws: The address of its WebSocket endpoint.
        api_key: What its HTTP API wants.
        command: What it was started with.
        environment: The variables it was started with.
    """

    def __init__(self, folder: Path, config: dict[str, Any], options: tuple[str, ...]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.ws = f"ws://127.0.0.1:{self.port}/connection/websocket"
        self.api_key = API_KEY
        self._ended = False
        self._log = folder / "server.log"
        settings = folder / "config.json"
        settings.write_text(json.dumps(merge(BASE_CONFIG, config)))
        self.environment = {it: value for it, value in os.environ.items() if not _is_option(it)}
        serve = [sys.executable, "-m", "cadenza.cli", "serve", "--config", str(settings)]
        self.command = [*serve, "--port", str(self.port), *options]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
            )
        self._wait_until_ready()

    @property
    def log(self) -> str:
        """Everything it has written so far."""
        return self._log.read_text()

    @property
    def pid(self) -> int:
        """The process, for what the operating system knows about it."""
        return self._process.pid

    async def api(self, method: str, **params: Any) -> dict[str, Any]:
        """Call the HTTP server API and return the ``result``; an ``error`` fails the test."""
        async with httpx.AsyncClient(base_url=self.url, headers={"X-API-Key": API_KEY}) as http:
            response = await http.post(f"/api/{method}", json=params)
        answer = response.raise_for_status().json()
        assert "error" not in answer, f"{method} answered {answer}"
        return answer["result"]

    def stop(self) -> None:
        """End it as an operator would; it must leave in order, with exit code 0."""
        if self._ended:
            return
        self._ended = True
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"the server did not stop within {STOP_SECONDS} s:\n{self.log}")
        assert code == 0, f"the server ended with exit code {code}:\n{self.log}"

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._ended = True
        self._process.kill()
        self._process.wait()

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=1):
                    return
            except (urllib.error.URLError, TimeoutError, ConnectionError):
                time.sleep(0.02)
        self.kill()
        pytest.fail(f"the server did not start:\n{self.log}")


def _is_option(name: str) -> bool:
    return name.startswith(("CADENZA_", "CENTRIFUGO_"))


@pytest.fixture(scope="session")
def start_server(processes, tmp_path_factory) -> Iterator[Callable[..., ServerProcess]]:
    """``start_server(config, *options)`` gives a new server, which ends with the session.

    ``config`` is merged over ``BASE_CONFIG``; ``options`` are those of ``cadenza serve``. A test
    may end its server earlier, by ``stop()`` or ``kill()``.
    """
    with contextlib.ExitStack() as running:

        def start(config: dict[str, Any] | None = None, *options: str) -> ServerProcess:
            server = ServerProcess(tmp_path_factory.mktemp("server"), config or {}, options)
            running.callback(server.stop)
            return server

        yield start


@pytest.fixture(scope="module")
def server(request, start_server) -> Iterator[ServerProcess]:
    """One server for a module, with the module's ``CONFIG`` and ``OPTIONS`` (default: no feed)."""
    config = getattr(request.module, "CONFIG", {})
    running = start_server(config, *getattr(request.module, "OPTIONS", ("--feed", "none")))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def token() -> Callable[..., str]:
    """``token(user, **claims)``: a connection or subscription token that the servers accept."""

    def make(user: str = "trader", **claims: Any) -> str:
        return jwt.encode({"sub": user, **claims}, SECRET, algorithm="HS256")

    return make


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with recordings and the conformance corpus, beside the repository."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("there is no folder 'shared' beside the repository")
    return folder
