"""``cadenza record``: what it writes is whole, goes on after every end, and can be replayed."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys

import pytest

from cadenza.client import BookState, OrderBook
from cadenza.clock import VirtualClock
from cadenza.market.feeds.recording_parquet import read_parquet
from cadenza.market.feeds.replay import MAX_SPEED, ReplayFeed
from cadenza.market.market import Market

OPTIONS = ("--feed", "simulated")
CHAT = {
    "allow_subscribe_for_client": True,
    "history_size": 10,
    "history_ttl": "1h",
    "force_recovery": True,
}
CONFIG = {
    "channel": {"namespaces": [{"name": "chat", **CHAT}]},
    "market": {
        "order_book": {"update_interval": "10ms"},
        "simulated": {"rate": 100, "regime": "normal"},
    },
}
PAPER = "PAPER:BTC/USDT"
BINANCE = "BINANCE:ETH/USDT"
CHANNELS = [f"market:{kind}:{name}" for name in (PAPER, BINANCE) for kind in ("orderBook", "trade")]
FILES = ["a.jsonl", "a.jsonl.gz", "a.parquet"]


@pytest.fixture(autouse=True)
def _trader(as_trader):
    """All of it is done by a user of the server."""


def lines(path):
    """What a recording says, whatever its format."""
    if path.suffix == ".parquet":
        found = list(read_parquet(path))
    elif path.suffix == ".gz":
        found = gzip.decompress(path.read_bytes()).splitlines()
    else:
        found = path.read_bytes().splitlines()
    return [json.loads(line) for line in found]


def publications(path, channel):
    return [it for it in lines(path) if "event" not in it and it["channel"] == channel]


def events(path, kind, channel=None):
    found = [it for it in lines(path) if it.get("event") == kind]
    return [it for it in found if channel in {None, it.get("channel")}]


def book_of(path, name):
    """The book that the publications of a recording make, by the client's own rules."""
    book = OrderBook(name)
    for line in publications(path, f"market:orderBook:{name}"):
        book.apply(json.dumps(line["data"]).encode())
        assert book.state is BookState.LIVE
    return book


def rows(levels):
    return [(price, quantity) for _, (price, quantity) in levels]


async def replayed(path):
    """A market after the replay of a recording, and what the feed has counted."""
    market = Market()
    feed = ReplayFeed(path, market, VirtualClock(), speed=MAX_SPEED)
    await feed.run()
    return market, feed.statistics()


async def check_replay(path):
    """The replayed books are those that the publications make; nothing was left out."""
    market, counted = await replayed(path)
    assert (counted.skipped, counted.gaps, counted.faults, counted.stale) == (0, 0, 0, ())
    for name, as_name in ((PAPER, "MOCK:BTC/USDT"), (BINANCE, BINANCE)):
        bids, asks = book_of(path, name).rows()
        book = market.book(as_name)
        assert (rows(book.bids.top(10_000)), rows(book.asks.top(10_000))) == (bids, asks)
        assert bids
        sent = [it["data"] for it in publications(path, f"market:trade:{name}")]
        shown = [trade.trade_id for trade in market.recent_trades(as_name)]
        assert shown == [it["tradeId"] for it in sent][-100:]
    assert counted.trades == sum(len(publications(path, it)) for it in CHANNELS if "trade" in it)
    return counted


@pytest.mark.parametrize("name", FILES)
async def test_what_is_recorded_is_replayed(cadenza, tmp_path, name):
    """Books, trades and the instruments' own steps, in every format."""
    path = tmp_path / name
    found = cadenza("record", *CHANNELS, "-o", path, "-n", "300")
    assert (found.returncode, found.stdout) == (0, "")
    assert "recorded 300 publications" in found.stderr
    assert [it for it in tmp_path.iterdir() if it.is_file()] == [path]
    counted = await check_replay(path)
    assert counted.snapshots == 2
    market, _ = await replayed(path)
    assert market.listing(BINANCE).instrument.lot_size == "0.0001"
    assert lines(path)[0]["event"] == "recording"


@pytest.mark.parametrize("name", FILES)
async def test_a_second_run_goes_on_without_a_gap(cadenza, tmp_path, name):
    """What came in between is recovered: offsets and sequences have no hole."""
    path = tmp_path / name
    cadenza("record", *CHANNELS, "-o", path, "-n", "100")
    found = cadenza("record", *CHANNELS, "-o", path, "-n", "300", "--protocol", "protobuf")
    assert f"going on with {path}" in found.stderr
    assert "recovered what was missed" in found.stderr
    assert events(path, "gap") == []
    assert len(events(path, "resumed")) == 1
    for channel in CHANNELS:
        offsets = [it["offset"] for it in publications(path, channel) if "offset" in it]
        assert offsets == list(range(offsets[0], offsets[0] + len(offsets)))
    counted = await check_replay(path)
    assert counted.snapshots == 2


@pytest.mark.parametrize("name", FILES)
async def test_a_kill_leaves_a_file_that_is_replayed_and_gone_on_with(
    start, cadenza, tmp_path, name
):
    """In the middle of writing; a torn end is cut off by the next run."""
    path = tmp_path / name
    written = tmp_path / f"{name}.part.jsonl.gz" if path.suffix == ".parquet" else path
    running = start("record", *CHANNELS, "-o", path)
    while not written.exists() or written.stat().st_size < 10_000:
        assert running.process.poll() is None
    running.end(signal.SIGKILL)
    whole = written.read_bytes()
    written.write_bytes(whole[:-7])
    _, counted = await replayed(written)
    assert counted.snapshots >= 1
    assert counted.gaps == 0
    found = cadenza("record", *CHANNELS, "-o", path, "-n", "200")
    assert found.returncode == 0
    counted = await check_replay(path)
    assert [it for it in tmp_path.iterdir() if it.is_file()] == [path]
    assert len(events(path, "resumed")) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", FILES)
async def test_a_signal_ends_a_recording_that_is_whole(start, tmp_path, name, number):
    """Parquet is made then, too."""
    path = tmp_path / name
    written = tmp_path / f"{name}.part.jsonl.gz" if path.suffix == ".parquet" else path
    running = start("record", *CHANNELS, "-o", path)
    while not written.exists() or not written.stat().st_size:
        assert running.process.poll() is None
    code, output, errors = running.end(number)
    assert (code, output) == (128 + number, "")
    assert "Traceback" not in errors
    await check_replay(path)


async def test_a_break_is_recovered_and_a_gap_is_written_down(start, server, tmp_path):
    """The same file tells both, with positions."""
    path = tmp_path / "a.jsonl"
    running = start("record", "chat:a", "-o", path, "-n", "5")

    async def publish(*data):
        for one in data:
            await server.api("publish", channel="chat:a", data=one)

    async def lose(*missed):
        running.process.send_signal(signal.SIGSTOP)  # so that it cannot come back at once
        again = {"code": 3011, "reason": "again"}
        await server.api("disconnect", user="trader", disconnect=again)
        await publish(*missed)
        running.process.send_signal(signal.SIGCONT)

    while not path.exists() or b"subscribed" not in path.read_bytes():
        assert running.process.poll() is None
    await publish(1, 2)
    while len(publications(path, "chat:a")) < 2:
        assert running.process.poll() is None
    await lose(3, 4)
    running.note("chat:a: recovered what was missed")
    await lose(*range(100, 100 + 2 * CHAT["history_size"]))
    running.note("chat:a: a gap, what was missed could not be recovered")
    await publish(5)
    assert running.end()[0] == 0
    assert [it["data"] for it in publications(path, "chat:a")] == [1, 2, 3, 4, 5]
    (gap,) = events(path, "gap")
    before = publications(path, "chat:a")[3]
    assert gap["offset"] == before["offset"]
    assert gap["time"] >= before["time"]
    assert [it["fresh"] for it in events(path, "subscribed")] == [True, False, True]


async def test_a_server_that_began_anew_is_a_gap_with_a_new_snapshot(
    start_server, cadenza, environment, token, tmp_path
):
    """Its numbers begin again, and the replay follows."""
    path = tmp_path / "a.jsonl"
    book = f"market:orderBook:{PAPER}"
    for _ in range(2):
        server = start_server(CONFIG, *OPTIONS)
        environment["CADENZA_URL"] = server.ws
        assert cadenza("record", book, "-o", path, "-n", "30").returncode == 0
        server.stop()
    assert len(events(path, "gap", book)) == 1
    market, counted = await replayed(path)
    assert (counted.snapshots, counted.gaps, counted.skipped) == (2, 0, 0)
    bids, asks = book_of(path, PAPER).rows()
    again = market.book("MOCK:BTC/USDT")
    assert (rows(again.bids.top(1000)), rows(again.asks.top(1000))) == (bids, asks)


def test_two_programs_do_not_record_to_one_file(start, cadenza, tmp_path):
    """The second one is told, and nothing happens to the file."""
    path = tmp_path / "a.jsonl"
    running = start("record", CHANNELS[0], "-o", path)
    while not path.exists() or not path.stat().st_size:
        assert running.process.poll() is None
    found = cadenza("record", CHANNELS[0], "-o", path, "-n", "1")
    assert found.returncode == 2
    assert "is being recorded to by another program" in found.stderr


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_somebody_else_is_left_alone(cadenza, tmp_path, name):
    """Exit code 2, and not a byte is changed."""
    path = tmp_path / name
    path.write_bytes(b'{"mine": true}\n')
    found = cadenza("record", CHANNELS[0], "-o", path, "-n", "1")
    assert found.returncode == 2
    assert "exists and is no recording of cadenza" in found.stderr
    assert path.read_bytes() == b'{"mine": true}\n'


def test_nothing_is_left_where_nothing_was_recorded(cadenza, tmp_path):
    """The server refuses, or is not there."""
    for name in FILES:
        found = cadenza("record", "x", "-o", tmp_path / name, "--url", "ws://127.0.0.1:1/x")
        assert found.returncode == 3
    assert [it for it in tmp_path.iterdir() if it.is_file()] == []


def test_a_folder_that_is_missing_is_named(cadenza, tmp_path):
    """It is not made: a slip of the pen is more likely."""
    found = cadenza("record", CHANNELS[0], "-o", tmp_path / "no" / "a.jsonl")
    assert found.returncode == 2
    assert f"there is no folder {tmp_path / 'no'}" in found.stderr


def test_without_pyarrow_parquet_says_what_to_install(cadenza, tmp_path):
    """Nothing is recorded that could not be kept."""
    (tmp_path / "pyarrow.py").write_text("raise ModuleNotFoundError('no', name='pyarrow')\n")
    where = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    found = cadenza("record", CHANNELS[0], "-o", tmp_path / "a.parquet", PYTHONPATH=where)
    assert found.returncode == 2
    assert "pip install 'cadenza[parquet]'" in found.stderr
    assert not (tmp_path / "a.parquet").exists()


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.parquet"])
def test_the_server_replays_it(start_server, cadenza, environment, tmp_path, name):
    """``cadenza serve --feed replay:FILE``: the book is the one that was recorded."""
    path = tmp_path / name
    cadenza("record", *CHANNELS, "-o", path, "-n", "200")
    server = start_server({}, "--feed", f"replay:{path}", "--speed", "max")
    environment["CADENZA_URL"] = server.ws
    bids, asks = book_of(path, BINANCE).rows(5)
    asked = json.dumps({"instrumentId": BINANCE, "depth": 5})
    while True:  # until the replay has come to its end
        found = json.loads(cadenza("rpc", "query.orderbook.get", asked).stdout)
        book = found.get("data", {"bids": []})
        if [tuple(row) for row in book["bids"]] == bids:
            break
    assert [tuple(row) for row in book["asks"]] == asks
    server.stop()


def run_limited(command, environment):
    """Run a command that may not write files of more than 16 kB."""
    return subprocess.run(
        ["bash", "-c", 'ulimit -f 16; exec "$@"', "bash", *command],
        capture_output=True,
        env=environment,
        text=True,
        timeout=60,
        check=False,
    )


async def test_a_file_that_cannot_grow_is_told_and_stays_good(cadenza, environment, tmp_path):
    """As on a full disk: one sentence, exit code 1, and what was written is gone on with."""
    path = tmp_path / "a.jsonl"
    record = [sys.executable, "-m", "cadenza.cli", "record", *CHANNELS, "-o", str(path)]
    found = run_limited(record, environment)
    assert found.returncode == 1
    assert f"error: cannot write {path}: File too large\n" in found.stderr
    assert "Traceback" not in found.stderr
    assert cadenza("record", *CHANNELS, "-o", path, "-n", "50").returncode == 0
    await check_replay(path)
