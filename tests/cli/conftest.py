"""The real program as its own process, against a real server."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import termios

import pytest


class Running:
    """A command that goes on: its output is read line by line, and nothing waits for time."""

    def __init__(self, arguments, environment):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cadenza.cli", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def read(self, count=1):
        """Lines of standard output."""
        lines = [self.process.stdout.readline() for _ in range(count)]
        assert all(lines), f"ended: {self.process.stderr.read()}"
        return lines

    def note(self, until):
        """Standard error, up to a line that has this text."""
        seen = ""
        while until not in seen:
            line = self.process.stderr.readline()
            assert line, f"ended before {until!r}: {seen}"
            seen += line
        return seen

    def end(self, signal=None):
        """Send a signal, or only wait: exit code, the rest of both outputs."""
        if signal is not None:
            self.process.send_signal(signal)
        output, errors = self.process.communicate(timeout=30)
        return self.process.returncode, output, errors


class Terminal:
    """A command at a terminal of its own."""

    def __init__(self, arguments, environment):
        self._own, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cadenza.cli", *map(str, arguments)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
        )
        os.close(theirs)
        self.seen = b""

    def read(self, until, times=1):
        """Read until a text has been seen."""
        while self.seen.count(until) < times:
            assert self._more(), f"ended before {until!r}: {self.seen!r}"

    def type(self, text, *, hidden=False):
        """Type a line; a hidden one when the terminal shows no letters any more."""
        while hidden and termios.tcgetattr(self._own)[3] & termios.ECHO:
            assert self.process.poll() is None
        os.write(self._own, text.encode() + b"\n")

    def end(self):
        """Read to the end: the exit code."""
        while self._more():
            pass
        return self.process.wait(30)

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self._own)

    def _more(self):
        try:
            more = os.read(self._own, 4096)
        except OSError:  # the other end is closed
            return False
        self.seen += more
        return bool(more)


@pytest.fixture
def terminal(processes, environment):
    """Start a command at a terminal."""
    started = []

    def run(*arguments, **variables):
        started.append(Terminal(arguments, {**environment, "TERM": "xterm", **variables}))
        return started[-1]

    yield run
    for one in started:
        one.close()


@pytest.fixture
def environment(tmp_path):
    """What the commands see: none of the tester's own options and profiles."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CADENZA_", "CENTRIFUGO_")) and not name.lower().endswith("_proxy")
    }
    return {
        **kept,
        "CADENZA_CONFIG_FILE": str(tmp_path / "config" / "cadenza.toml"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "error",
        "TZ": "UTC",
    }


@pytest.fixture
def as_trader(environment, server, token):
    """The environment of a user of the server."""
    environment["CADENZA_URL"] = server.ws
    environment["CADENZA_TOKEN"] = token()
    return environment


@pytest.fixture
def cadenza(processes, environment):
    """Run a command to its end."""

    def run(*arguments, stdin="", **variables):
        return subprocess.run(
            [sys.executable, "-m", "cadenza.cli", *map(str, arguments)],
            input=stdin,
            capture_output=True,
            env={**environment, **variables},
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def start(processes, environment):
    """Start a command that goes on."""
    started = []

    def run(*arguments):
        started.append(Running(arguments, environment))
        return started[-1]

    yield run
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
        running.process.wait()
        running.process.stdout.close()
        running.process.stderr.close()
