"""Replay of real recordings, against books built here by the venue's rule and nothing else."""

from __future__ import annotations

import gzip
import json
import shutil

import pytest

from cadenza.clock import VirtualClock
from cadenza.market.feeds.delivery import Delivery
from cadenza.market.feeds.recording import Recording
from cadenza.market.feeds.replay import MAX_SPEED, ReplayFeed
from cadenza.market.market import Market
from cadenza.market.venues import kraken, okx
from cadenza.market.venues.messages import BestPrices

SPOT = ("binance/spot_btcusdt_20240808.jsonl.gz", "binance/spot_btcusdt_20240809.jsonl.gz")


def messages(path):
    with gzip.open(path, "rt") as lines:
        for line in lines:
            yield json.loads(line[20:])


def spot_book(paths):
    """The book of a spot recording by the documented rule: dictionaries and strings."""
    bids, asks, held, last = {}, {}, [], None
    for path in paths:
        for message in messages(path):
            if "lastUpdateId" in message:
                bids, asks = dict(message["bids"]), dict(message["asks"])
                last = message["lastUpdateId"]
                held = [diff for diff in held if diff["u"] > last]
            elif "@depth" in message["stream"]:
                held.append(message["data"])
            if last is None:
                continue
            for diff in held:
                for side, rows in ((bids, diff["b"]), (asks, diff["a"])):
                    for price, quantity in rows:
                        if float(quantity):
                            side[price] = quantity
                        else:
                            side.pop(price, None)
            held = []
    return {"bids": bids, "asks": asks}


async def replay(path, recorder):
    market = Market()
    market.add_listener(recorder)
    feed = ReplayFeed(path, market, VirtualClock(), speed=MAX_SPEED)
    await feed.run()
    return market, feed.statistics()


async def test_two_days_of_spot_give_the_naive_book_without_a_gap(shared_data, tmp_path, recorder):
    paths = [shared_data / name for name in SPOT]
    for path in paths:
        shutil.copy(path, tmp_path)
    _, statistics = await replay(tmp_path, recorder)
    assert recorder.copies["BINANCE:BTC/USDT"] == spot_book(paths)
    assert statistics.messages == 41_249 + 58_325
    assert statistics.diffs + statistics.outdated == 3_451 + 3_044
    assert statistics.trades == len(recorder.trades) == 9_757 + 10_147
    assert (statistics.snapshots, statistics.gaps, statistics.skipped) == (1, 0, 0)


@pytest.mark.parametrize(
    ("name", "diffs", "trades", "tickers"),
    [
        # Of these best prices 126 and 80 were received after their update, the others before it.
        ("usdm_btcusdt_20240808", 6_551, 21_313, 629),
        ("usdm_ethusdt_20240808", 6_586, 14_076, 551),
    ],
)
def test_the_futures_book_agrees_with_the_best_prices_at_equal_update_ids(
    shared_data, name, diffs, trades, tickers
):
    path = shared_data / f"binance/{name}.jsonl.gz"
    best = {}
    for message in messages(path):
        if message.get("stream", "").endswith("@bookTicker"):
            data = message["data"]
            best[data["u"]] = (data["b"], data["B"], data["a"], data["A"])
    market = Market(depth=1)
    delivery = Delivery(market)
    recording = Recording(path)
    decoder = recording.decoder()
    delivery.deliver(decoder.declarations[0], decoder.rule)
    book = market.book(decoder.declarations[0].instrument.instrument_id)
    compared = 0
    for received in recording.received(decoder, 0):
        for message in decoder.decode(received.time_ns, received.body):
            if isinstance(message, BestPrices):
                continue  # the book is to be right without them
            before = delivery.statistics().diffs
            delivery.deliver(message, decoder.rule)
            last_id = getattr(message, "last_id", None)
            if delivery.statistics().diffs == before + 1 and last_id in best:
                bid, ask = book.best_bid(), book.best_ask()
                assert (bid.price, bid.quantity, ask.price, ask.quantity) == best[last_id]
                compared += 1
    statistics = delivery.statistics()
    assert compared == tickers
    assert statistics.diffs + statistics.outdated == diffs
    assert (statistics.trades, statistics.gaps) == (trades, 0)


async def test_the_coin_margined_book_is_one_unbroken_chain(shared_data, tmp_path, recorder):
    for day in ("20240808", "20240809"):
        shutil.copy(shared_data / f"binance/cm_btcusd_perp_{day}.jsonl.gz", tmp_path)
    market, statistics = await replay(tmp_path, recorder)
    assert statistics.diffs == 44_772
    assert statistics.gaps == 0
    assert [i.instrument_id for i in market.instruments()] == ["BINANCE:BTC-PERP/USD"]


async def test_a_line_cut_out_of_the_recording_is_found_as_a_gap(shared_data, tmp_path, recorder):
    with gzip.open(shared_data / SPOT[0], "rb") as lines:
        kept = list(lines)
    # The hundredth update after the snapshot, which has been applied for long.
    depth = [number for number, line in enumerate(kept) if b"@depth" in line]
    del kept[depth[100]]
    path = tmp_path / "cut.jsonl"
    path.write_bytes(b"".join(kept))
    market, statistics = await replay(path, recorder)
    assert (statistics.gaps, statistics.stale) == (1, ("BINANCE:BTC/USDT",))
    assert market.fault("BINANCE:BTC/USDT") is not None
    # About a hundred updates were published, thousands after the gap were not.
    assert 50 < statistics.diffs <= 101
    assert len(recorder.books) <= statistics.snapshots + statistics.diffs + statistics.bests < 2000
    assert statistics.trades == 9_757


async def test_every_checksum_of_okx_is_verified(shared_data, recorder):
    _, statistics = await replay(shared_data / "multi-venue/OKX.ws.1.0.gz", recorder)
    assert statistics.checks == 290
    assert (statistics.snapshots, statistics.diffs, statistics.faults) == (3, 287, 0)
    # Three of them come before their instrument's first book.
    assert statistics.trades == 74


async def test_every_checksum_of_kraken_is_verified(shared_data, recorder):
    market, statistics = await replay(shared_data / "multi-venue/KRAKEN.ws.50.0.gz", recorder)
    assert statistics.checks == 4_269
    assert (statistics.snapshots, statistics.diffs, statistics.faults) == (10, 4_269, 0)
    assert len(market.instruments()) == 10


async def test_coinbase_is_replayed_without_a_fault(shared_data, recorder):
    market, statistics = await replay(shared_data / "multi-venue/COINBASE.ws.28.0.gz", recorder)
    assert (statistics.snapshots, statistics.diffs, statistics.trades) == (10, 9_719, 97)
    assert (statistics.faults, statistics.skipped) == (0, 0)
    assert len(market.instruments()) == 10


@pytest.mark.parametrize(
    ("name", "module"),
    [("OKX.ws.1.0.gz", okx), ("KRAKEN.ws.50.0.gz", kraken)],
)
async def test_a_wrong_checksum_stops_the_book(shared_data, recorder, monkeypatch, name, module):
    monkeypatch.setattr(module, "CHECKED_LEVELS", 3)
    _, statistics = await replay(shared_data / f"multi-venue/{name}", recorder)
    assert statistics.faults > 0
    assert not statistics.healthy


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("name", "states"),
    [("spot_btcusdt_20240808", 28_000), ("cm_btcusd_perp_20240808", 19_000)],
)
def test_the_best_prices_are_those_of_the_venue_at_any_moment(shared_data, name, states):
    """Between updates and after them: the newest of both tells the best level."""
    market = Market(is_paced=True)
    delivery = Delivery(market)
    recording = Recording(shared_data / f"binance/{name}.jsonl.gz")
    decoder = recording.decoder()
    delivery.deliver(decoder.declarations[0], decoder.rule)
    book = market.book(decoder.declarations[0].instrument.instrument_id)
    newest, live, compared, wrong = None, 0, 0, 0
    for received in recording.received(decoder):
        for message in decoder.decode(received.time_ns, received.body):
            before = delivery.statistics().diffs
            delivery.deliver(message, decoder.rule)
            if isinstance(message, BestPrices):
                newest = message
            elif delivery.statistics().diffs == before + 1:
                live = message.last_id
            else:
                continue
            if newest is not None and live and newest.position >= live:
                bid, ask = book.best_bid(), book.best_ask()
                shown = ((bid.price, bid.quantity), (ask.price, ask.quantity))
                wrong += shown != (newest.bid, newest.ask)
                compared += 1
    assert compared > states
    assert wrong == 0
