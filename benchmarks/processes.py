"""What ``run.py`` starts: the compiler, the floor, the server and the generator."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from workloads import Workload

from cadenza.config import Secret
from cadenza.config.client import TokenConfig
from cadenza.server.tokens import connection_token

HERE: Final = Path(__file__).parent
SOURCES: Final = HERE / "load"
BUILD: Final = HERE / "build"
PROGRAMS: Final = {
    "floor": ("floor.c", "wire.c"),
    "generator": (
        "generator.c",
        "options.c",
        "dialect_json.c",
        "dialect_protobuf.c",
        "samples.c",
        "usage.c",
        "wire.c",
    ),
}
WARNINGS: Final = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wpedantic")
START_SECONDS: Final = 10
RUN_SECONDS: Final = 120
DISCONNECTED_AS_SLOW: Final = 'client_num_server_disconnects_total{code="3008"}'


class BenchmarkError(Exception):
    """Something did not run."""


class Figures(msgspec.Struct, frozen=True):
    """What the generator prints after one run.

    Times of the server are in microseconds of one core, latencies in milliseconds, memory in KiB.
    ``expected`` is what should have been delivered; ``connect_us`` is the price of one upgrade,
    connect with a token, and subscribe.
    """

    connections: int
    connect_us: float
    kib_per_connection: float
    published: int
    delivered: int
    expected: int
    failures: int
    seconds: float
    cpu_percent: float
    us_per_delivery: float
    bytes_per_delivery: float
    p50_ms: float
    p99_ms: float
    peak_kib: float
    dropped: int = 0
    """Clients that the server disconnected as too slow."""


def build() -> None:
    """Compile the C programs, if their sources are newer.

    Raises:
        BenchmarkError: There is no compiler, or it found something.
    """
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        raise BenchmarkError("there is no C compiler; install gcc or clang, or set CC")
    BUILD.mkdir(exist_ok=True)
    newest = max(path.stat().st_mtime for path in SOURCES.iterdir())
    for name, sources in PROGRAMS.items():
        program = BUILD / name
        if program.exists() and program.stat().st_mtime > newest:
            continue
        paths = [str(SOURCES / source) for source in sources]
        command = [compiler, "-O2", "-std=gnu11", *WARNINGS, "-o", str(program), *paths]
        if subprocess.run(command, check=False).returncode:
            raise BenchmarkError(f"{name} did not compile")


def allow_sockets() -> None:
    """Let this process and its children have as many sockets as the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Bench:
    """One server at a time, and the generator that talks to it.

    Args:
        folder: For configurations and tokens.
        cores: Where the server runs, and where the generator.
    """

    def __init__(self, folder: Path, cores: tuple[int, int]) -> None:
        self._folder = folder
        self._cores = cores
        self._secret = secrets.token_hex(32)

    def run_floor(self, workload: Workload, connections: int, seconds: float) -> Figures:
        """One run against the floor."""
        port = free_port()
        options = self._options(workload, connections, seconds)
        with self._running([str(BUILD / "floor"), str(port)], port) as pid:
            return self._generate(pid, port, options)

    def run_server(self, workload: Workload, connections: int, seconds: float) -> Figures:
        """One run against a fresh ``cadenza serve``."""
        port = free_port()
        config = self._folder / f"{workload.name}.json"
        config.write_text(json.dumps(workload.config(self._secret)))
        serve = [sys.executable, "-m", "cadenza.cli", "serve", "--config", str(config)]
        serve += ["--port", str(port), "--feed", "simulated" if workload.market else "none"]
        options = self._options(workload, connections, seconds)
        options += ["--tokens", str(self._tokens(connections + 1))]
        if workload.protobuf:
            options.append("--protobuf")
        if workload.market:
            options.append("--listen")
        with self._running(serve, port) as pid:
            figures = self._generate(pid, port, options)
            return msgspec.structs.replace(figures, dropped=_dropped(port))

    def _options(self, workload: Workload, connections: int, seconds: float) -> list[str]:
        options = {
            "connections": connections,
            "deaf": round(connections * workload.deaf),
            "payload": workload.payload,
            "seconds": seconds,
            "rate": workload.rate,
            "channels": workload.channels,
        }
        named = [word for name in workload.names for word in ("--channel", name)]
        return [
            word for name, value in options.items() for word in (f"--{name}", str(value))
        ] + named

    def _tokens(self, count: int) -> Path:
        """A file of tokens of as many users, signed with HS256."""
        path = self._folder / f"{count}.tokens"
        if not path.exists():
            config, now = TokenConfig(hmac_secret_key=Secret(self._secret)), time.time()
            tokens = (
                connection_token(config, f"user-{n}", now=now, ttl=3600) for n in range(count)
            )
            path.write_text("".join(f"{token}\n" for token in tokens))
            path.chmod(0o600)
        return path

    @contextlib.contextmanager
    def _running(self, command: list[str], port: int) -> Iterator[int]:
        """A program on the server's core, from when it listens until the block ends."""
        with subprocess.Popen(command) as process:
            try:
                pin(process.pid, self._cores[0])
                await_port(process, port)
                yield process.pid
            finally:
                process.terminate()
                try:
                    process.wait(START_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()

    def _generate(self, pid: int, port: int, options: list[str]) -> Figures:
        command = [str(BUILD / "generator"), "--port", str(port), "--pid", str(pid), *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            pin(process.pid, self._cores[1])
            try:
                printed, _ = process.communicate(timeout=RUN_SECONDS)
                return msgspec.json.decode(printed, type=Figures)
            except (subprocess.TimeoutExpired, msgspec.DecodeError) as error:
                process.kill()
                raise BenchmarkError(f"the generator ended without figures: {error}") from None


def pin(pid: int, core: int) -> None:
    """Keep a process on a core; threads that it starts later stay there too."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(pid, {core})


def free_port() -> int:
    """A port on the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_port(process: subprocess.Popen[bytes], port: int) -> None:
    """Return when a program listens.

    Raises:
        BenchmarkError: It ended, or took too long.
    """
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise BenchmarkError(f"{process.args!r} does not listen")


def _dropped(port: int) -> int:
    """How many clients the server disconnected as too slow, by its own metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as response:
        text: str = response.read().decode()
    lines: list[Any] = [line.split() for line in text.splitlines() if DISCONNECTED_AS_SLOW in line]
    return int(float(lines[0][-1])) if lines else 0
