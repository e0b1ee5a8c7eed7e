"""The snippets of the pages: run where that is possible, checked for their syntax otherwise."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml

from cadenza.cli import app
from cadenza.clock import VirtualClock
from cadenza.config import load_tree
from cadenza.market.feeds.replay import ReplayFeed
from cadenza.market.market import Market

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CONFIG = {"faults": {"enabled": True}}
OPTIONS = ("--feed", "simulated")
API_KEY = "tests-api-key"


def snippets(language: str) -> list:
    """Every snippet of a language, outside of the generated parts, with a name for the report."""
    found = []
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"<!-- generated.*?<!-- /generated -->", "", text, flags=re.DOTALL)
        pattern = rf"(<!-- run -->\n)?```{language}\n(.*?)```"
        for number, (mark, body) in enumerate(re.findall(pattern, text, re.DOTALL), start=1):
            found.append(pytest.param(body, bool(mark), id=f"{path.name}-{number}"))
    return found


def environment(server, token) -> dict[str, str]:
    return os.environ | {"CADENZA_API_KEY": API_KEY, "CADENZA_TOKEN": token()}


@pytest.mark.process
@pytest.mark.parametrize(("body", "is_run"), snippets("python"))
def test_python(body, is_run, server, token):
    """Those that are marked run to their end; the others parse."""
    ast.parse(body)
    if is_run:
        done = subprocess.run(
            [sys.executable, "-c", body.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")],
            env=environment(server, token),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not there")
@pytest.mark.parametrize(
    ("body", "is_run"),
    [item for item in snippets("sh") if "curl" in item.values[0] and "http-api" not in item.id],
)
def test_curl(body, is_run, server, token):
    """They run to their end, and the last thing they print is an answer that is no error."""
    done = subprocess.run(
        ["bash", "-ec", body.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")],
        env=environment(server, token),
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    answer = json.loads(done.stdout.splitlines()[-1])
    assert "result" in answer or answer.get("success"), answer


@pytest.mark.parametrize(("body", "is_run"), [*snippets("sh"), *snippets("text")])
def test_command_lines(body, is_run):
    """Every ``cadenza`` line has a command that exists and flags that it takes."""
    for line in body.splitlines():
        if not line.startswith("cadenza "):
            continue
        words = shlex.split(line.partition("  ")[0])[1:]
        command = typer.main.get_command(app)
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        command.make_context("cadenza", words)


@pytest.mark.parametrize(("body", "is_run"), snippets("yaml"))
def test_configurations(body, is_run):
    """They load without an error and without a warning."""
    _, warnings = load_tree(yaml.safe_load(body), {})
    assert [str(warning) for warning in warnings if "is short" not in str(warning)] == []


@pytest.mark.parametrize(("body", "is_run"), snippets("json"))
def test_json(body, is_run):
    for line in body.splitlines():
        json.loads(line)


@pytest.mark.process
@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not there")
@pytest.mark.parametrize(("body", "is_run"), snippets("js"))
def test_javascript_parses(body, is_run, tmp_path):
    file = tmp_path / "snippet.mjs"
    file.write_text(body)
    subprocess.run(["node", "--check", str(file)], check=True, timeout=30)


async def test_the_sample_recording_replays(tmp_path):
    """The lines that the page on market data shows are a recording, and give the book they say."""
    page = (ROOT / "docs" / "market.md").read_text(encoding="utf-8")
    sample = re.search(r"```text\n(\d{19} .*?)```", page, re.DOTALL)[1]
    file = tmp_path / "sample"
    file.write_text(sample)
    market, clock = Market(), VirtualClock()
    feed = ReplayFeed(file, market, clock)
    await feed.run()
    book = json.loads(market.snapshot("BINANCE:BTC/USDT"))
    assert book["bids"] == [["61800.00", "0.5"]]
    assert book["asks"] == [["61800.01", "2.0"]]
    assert feed.statistics().diffs == 2
