"""The commands of a user, each as a process against a real server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from cadenza.clock import VirtualClock
from cadenza.market.feeds.replay import MAX_SPEED, ReplayFeed
from cadenza.market.market import Market

BTC = "BINANCE:BTC/USDT"
BOOK, TRADES = f"market:orderBook:{BTC}", f"market:trade:{BTC}"
OPEN = {
    "name": "news",
    "history_size": 10,
    "history_ttl": "60s",
    "presence": True,
    "allow_subscribe_for_client": True,
    "allow_publish_for_client": True,
    "allow_history_for_client": True,
    "allow_presence_for_client": True,
}
CONFIG = {
    "market": {"simulated": {"seed": 7, "rate": 100}},
    "channel": {"namespaces": [OPEN]},
}
OPTIONS = ("--feed", "simulated")
CADENZA = [sys.executable, "-m", "cadenza.cli"]


@pytest.fixture
def environment(server, token, tmp_path):
    """A user's own: the server, a token, no profiles."""
    kept = {it: value for it, value in os.environ.items() if not it.startswith("CADENZA_")}
    return kept | {
        "CADENZA_URL": server.ws,
        "CADENZA_TOKEN": token("cli"),
        "CADENZA_CONFIG_FILE": str(tmp_path / "config.toml"),
    }


@pytest.fixture
def run(environment):
    """``run(*arguments, **environ)``: code, output, errors; no secret is in any of them."""

    def call(*arguments, **environ):
        used = environment | environ
        done = subprocess.run(
            [*CADENZA, *map(str, arguments)],
            env=used,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        for shown in (done.stdout, done.stderr):
            assert used["CADENZA_TOKEN"] not in shown
            assert "Traceback" not in shown
        return done.returncode, done.stdout, done.stderr

    return call


def good(result):
    code, output, errors = result
    assert code == 0, errors
    return output


def test_subscribe(run):
    lines = good(run("subscribe", TRADES, "--json", "--limit", 2)).splitlines()
    assert [json.loads(line)["channel"] for line in lines] == [TRADES] * 2
    assert json.loads(lines[0])["data"]["instrumentId"] == BTC


def test_ctrl_c_is_clean(environment):
    """130, what was received is written, no traceback."""
    with subprocess.Popen(
        [*CADENZA, "subscribe", TRADES, "--json"],
        env=environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert json.loads(process.stdout.readline())["channel"] == TRADES
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_publish_and_history(run):
    good(run("publish", "news:a", '{"text": "hi"}'))
    (line,) = good(run("history", "news:a", "--json")).splitlines()
    assert json.loads(line)["data"] == {"text": "hi"}
    assert good(run("presence", "news:a", "--json")) == ""


def test_rpc(run):
    query = json.dumps({"instrumentId": BTC, "depth": 1})
    answer = json.loads(good(run("rpc", "query.orderbook.get", query)))
    assert answer["data"]["instrumentId"] == BTC


def test_book(run):
    assert "spread" in good(run("book", BTC, "--once", "--depth", 3))
    shown = json.loads(good(run("book", BTC, "--once", "--json", "--depth", 3)))
    assert len(shown["bids"]) == len(shown["asks"]) == 3


def test_trading(run):
    """An order rests, is listed and cancelled; another one is filled, and shows as a position."""
    instrument = "PAPER:BTC/USDT"
    placed = good(run("trade", "buy", instrument, "0.01", "--price", "1000", "--yes"))
    order_id = placed.splitlines()[1].split()[0]
    (listed,) = good(run("orders", "--json")).splitlines()
    assert order_id in listed
    good(run("cancel", order_id))
    assert good(run("orders", "--json")) == ""
    good(run("trade", "buy", instrument, "0.01", "--yes"))
    assert instrument in good(run("account"))


@pytest.mark.parametrize("name", ["day.jsonl", "day.jsonl.gz", "day.parquet"])
async def test_record_and_replay(run, tmp_path, name):
    """A recording, resumed once, is a market again: every book update and trade of it."""
    path = tmp_path / name
    for _ in range(2):
        good(run("record", BOOK, TRADES, "-o", path, "--limit", 60))
    market = Market()
    feed = ReplayFeed(path, market, VirtualClock(), speed=MAX_SPEED)
    await feed.run()
    statistics = feed.statistics()
    assert statistics.diffs + statistics.trades + statistics.snapshots >= 115
    assert (statistics.faults, statistics.stale) == (0, ())
    book = json.loads(market.snapshot(BTC))
    assert float(book["bids"][0][0]) < float(book["asks"][0][0])


def test_bench(run):
    shown = json.loads(good(run("bench", "-c", 2, "-s", 2, "--json")))
    assert "secret" not in json.dumps(shown)


@pytest.mark.parametrize(
    ("arguments", "environ", "code", "words"),
    [
        (("subscribe", "news:a"), {"CADENZA_URL": "ws://127.0.0.1:1/x"}, 3, "cannot connect"),
        (("subscribe", "news:a"), {"CADENZA_TOKEN": "bad"}, 4, "token"),
        (("subscribe", "no:such"), {}, 1, "unknown channel"),
        (("subscribe", "news:a", "--limit", "0"), {}, 2, "--limit"),
        (("trade", "buy", "PAPER:BTC/USDT", "0.0000001", "--yes"), {}, 1, "quantity"),
        (("bench", "ws://203.0.113.1/x"), {}, 2, "--yes-remote"),
        (("rpc", "query.orderbook.get", "{"), {}, 2, "JSON"),
    ],
)
def test_how_commands_fail(run, arguments, environ, code, words):
    """The exit code of the table, and a sentence."""
    ended, output, errors = run(*arguments, **environ)
    assert (ended, output) == (code, "")
    assert words in errors


def test_a_token_from_a_file(run, environment, tmp_path):
    """Instead of the environment's; never shown."""
    secret = tmp_path / "token"
    secret.write_text(environment["CADENZA_TOKEN"])
    secret.chmod(0o600)
    shown = run("subscribe", TRADES, "-n", 1, "--json", "--token-file", secret, CADENZA_TOKEN="x.y")
    assert json.loads(good(shown))["channel"] == TRADES
