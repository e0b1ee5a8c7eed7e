"""What subscribers of market channels get: a snapshot that fits, then every change."""

from __future__ import annotations

import asyncio
import json

import pytest

from cadenza.market.errors import SequenceGapError
from cadenza.models import OrderSide

BTC = "BINANCE:BTC/USDT"
BOOK = f"market:orderBook:{BTC}"
BOOK_TOO = f"market:orderbook:{BTC}"
TRADES = f"market:trade:{BTC}"
SPELLINGS = [BOOK, BOOK_TOO]


def snapshot(gateway, *, price="100.00", time_ms=1):
    ask = f"{float(price) + 1:.2f}"
    gateway.market.book_snapshot(BTC, [(price, "1.000")], [(ask, "2.000")], time_ms)
    gateway.node.outbox.flush()


def change(gateway, bids=(), asks=(), time_ms=2):
    gateway.market.book_diff(BTC, list(bids), list(asks), time_ms)
    gateway.market.publish_pending()
    gateway.node.outbox.flush()


def copy_of(publications):
    """A book as a plain subscriber keeps it, with the sequences checked."""
    book, sequence = {"bids": {}, "asks": {}}, None
    for publication in publications:
        data = publication["data"]
        if data["updateType"] == "SNAPSHOT":
            book = {"bids": {}, "asks": {}}
        else:
            assert data["prevSequence"] == sequence
        sequence = data["sequence"]
        for side, levels in book.items():
            for price, quantity in data[side]:
                levels.pop(price, None)
                if quantity != "0":
                    levels[price] = quantity
    return book


def book_of(gateway):
    """The market's own book."""
    book = gateway.market.book(BTC)
    return {side: dict(getattr(book, side).rows.values()) for side in ("bids", "asks")}


@pytest.mark.parametrize("channel", SPELLINGS)
async def test_a_snapshot_comes_first_then_the_changes(gateway_of, client_of, channel):
    """The snapshot is no publication of the stream: it has no offset, the changes count up."""
    gateway = await gateway_of()
    snapshot(gateway)
    change(gateway, bids=[("100.00", "3.000")])
    client = client_of(gateway)
    reply = client.ask("subscribe", channel=channel)["subscribe"]
    change(gateway, bids=[("99.00", "1.000")])
    change(gateway, asks=[("101.00", "0")])
    first, *changes = client.pushed(channel)
    assert first["data"]["updateType"] == "SNAPSHOT"
    assert "offset" not in first
    assert first["data"]["bids"] == [["100.00", "3.000"]]
    assert [found["data"]["updateType"] for found in changes] == ["DIFF", "DIFF"]
    top = reply.get("offset", 0)
    assert [found["offset"] for found in changes] == [top + 1, top + 2]
    assert copy_of(client.pushed(channel)) == book_of(gateway)


async def test_both_spellings_carry_the_same_payloads(gateway_of, client_of):
    """A book has two names and one stream of payloads."""
    gateway = await gateway_of()
    snapshot(gateway)
    client = client_of(gateway)
    for channel in SPELLINGS:
        client.ask("subscribe", channel=channel)
    change(gateway, bids=[("99.00", "1.000")])
    one, other = ([found["data"] for found in client.pushed(name)] for name in SPELLINGS)
    assert len(one) == 2
    assert one == other


async def test_a_book_that_was_never_published_sends_no_snapshot(gateway_of, client_of):
    """The first snapshot of the feed is then the first publication."""
    gateway = await gateway_of()
    client = client_of(gateway)
    client.ask("subscribe", channel=BOOK)
    assert client.pushed(BOOK) == []
    snapshot(gateway)
    (first,) = client.pushed(BOOK)
    assert (first["data"]["updateType"], first["offset"]) == ("SNAPSHOT", 1)


async def test_instruments_that_are_declared_late(gateway_of, client_of, instrument):
    """A feed that learns its instruments as it goes has channels for those that may still come."""
    gateway = await gateway_of(late=True)
    client = client_of(gateway)
    assert client.ask("subscribe", channel="market:orderBook:nonsense")["error"]["code"] == 102
    assert "subscribe" in client.ask("subscribe", channel=BOOK)
    gateway.market.instrument(instrument)
    snapshot(gateway)
    change(gateway, bids=[("99.00", "1.000")])
    assert copy_of(client.pushed(BOOK)) == book_of(gateway)


async def test_trades_have_no_snapshot(gateway_of, client_of):
    """Trades are events: a newcomer gets those that come."""
    gateway = await gateway_of()
    client = client_of(gateway)
    client.ask("subscribe", channel=TRADES)
    trade = {"price": "100.00", "quantity": "1.000", "side": OrderSide.BUY, "timestamp_ms": 5}
    gateway.market.trade(BTC, trade_id="t1", **trade)
    gateway.node.outbox.flush()
    (found,) = client.pushed(TRADES)
    assert found["offset"] == 1
    assert found["data"]["tradeId"] == "t1"
    assert found["data"]["side"] == "BUY"


@pytest.mark.parametrize(
    "channel",
    [
        "market:orderBook:BINANCE:NO/SUCH",
        "market:orderBook:",
        "market:orderBook",
        "market:",
        f"market:Ticker:{BTC}",
        f"market:OrderBook:{BTC}",
        f"market:trade:{BTC}:more",
        "market:trade:btc",
        f"nothing:orderBook:{BTC}",
    ],
)
async def test_channels_that_cannot_exist(gateway_of, client_of, channel):
    """102 for a kind or an instrument that there is not."""
    client = client_of(await gateway_of())
    assert client.ask("subscribe", channel=channel)["error"]["code"] == 102


@pytest.mark.parametrize("channel", [BOOK, TRADES])
async def test_clients_may_not_publish(gateway_of, client_of, channel):
    """Market data comes from the market."""
    client = client_of(await gateway_of())
    client.ask("subscribe", channel=channel)
    assert client.ask("publish", channel=channel, data={})["error"]["code"] == 103


async def test_recovery_is_exact_and_needs_no_snapshot(gateway_of, client_of):
    """Who missed less than the history gets exactly that, and no snapshot over it."""
    gateway = await gateway_of()
    snapshot(gateway)
    client = client_of(gateway)
    reply = client.ask("subscribe", channel=BOOK)["subscribe"]
    change(gateway, bids=[("99.00", "1.000")])
    seen = client.pushed(BOOK)
    client.connection.lost()
    change(gateway, bids=[("98.00", "1.000")])
    change(gateway, asks=[("101.00", "5.000")])
    back = client_of(gateway)
    since = {"offset": seen[-1]["offset"], "epoch": reply["epoch"], "recover": True}
    reply = back.ask("subscribe", channel=BOOK, **since)["subscribe"]
    assert (reply["recovered"], reply["was_recovering"]) == (True, True)
    assert len(reply["publications"]) == 2
    assert back.pushed(BOOK) == []
    change(gateway, bids=[("97.00", "1.000")])
    everything = [*seen, *reply["publications"], *back.pushed(BOOK)]
    assert copy_of(everything) == book_of(gateway)


@pytest.mark.parametrize("reason", ["too long ago", "another epoch"])
async def test_what_cannot_be_recovered_begins_with_a_snapshot(gateway_of, client_of, reason):
    """``recovered`` is false, and a fresh snapshot follows."""
    gateway = await gateway_of(market={"order_book": {"update_interval": "1h", "history_size": 3}})
    snapshot(gateway)
    client = client_of(gateway)
    reply = client.ask("subscribe", channel=BOOK)["subscribe"]
    client.connection.lost()
    for number in range(5):
        change(gateway, bids=[("99.00", f"{number + 1}.000")])
    back = client_of(gateway)
    epoch = reply["epoch"] if reason == "too long ago" else "none"
    offset = reply.get("offset", 0)
    reply = back.ask("subscribe", channel=BOOK, recover=True, epoch=epoch, offset=offset)
    assert "recovered" not in reply["subscribe"]
    (first,) = back.pushed(BOOK)
    assert first["data"]["updateType"] == "SNAPSHOT"
    change(gateway, bids=[("98.00", "1.000")])
    assert copy_of(back.pushed(BOOK)) == book_of(gateway)


async def test_a_slow_reader_gets_the_state_instead_of_a_backlog(gateway_of, client_of):
    """While it does not read, changes are left out; then one snapshot brings it up to date."""
    gateway = await gateway_of(client={"queue_max_size": 20_000, "token": {"hmac_secret_key": KEY}})
    snapshot(gateway)
    client, other = client_of(gateway), client_of(gateway)
    for reader in (client, other):
        reader.ask("subscribe", channel=BOOK)
    client.connection.pause_writing()
    for number in range(500):
        change(gateway, bids=[(f"{50 + number / 100:.2f}", "1.000")], time_ms=number)
    assert client.ended is None
    assert client.connection.queued_bytes < 20_000
    client.connection.resume_writing()
    gateway.node.outbox.flush()
    for reader in (client, other):
        assert copy_of(reader.pushed(BOOK)) == book_of(gateway)
    assert gateway.node.slow_readers.conflations == 1
    assert len(client.pushed(BOOK)) < len(other.pushed(BOOK)) / 2
    change(gateway, bids=[("60.00", "1.000")])
    assert copy_of(client.pushed(BOOK)) == book_of(gateway)


KEY = "unit-test-hmac-key-0123456789abcdef"


async def test_depth_cuts_what_is_published(gateway_of, client_of):
    """With a depth only the best levels go out, and changes keep a copy at that depth."""
    gateway = await gateway_of(market={"order_book": {"update_interval": "1h", "depth": 2}})
    bids = [(f"{100 - number}.00", "1.000") for number in range(5)]
    gateway.market.book_snapshot(BTC, bids, [("101.00", "1.000")], 1)
    client = client_of(gateway)
    client.ask("subscribe", channel=BOOK)
    assert client.pushed(BOOK)[0]["data"]["bids"] == [["100.00", "1.000"], ["99.00", "1.000"]]
    change(gateway, bids=[("100.00", "0")])
    assert copy_of(client.pushed(BOOK))["bids"] == {"99.00": "1.000", "98.00": "1.000"}


async def test_changes_of_an_interval_leave_as_one(gateway_of, client_of):
    """Between two beats changes gather; a snapshot for a newcomer is of the last beat."""
    gateway = await gateway_of()
    snapshot(gateway)
    client = client_of(gateway)
    client.ask("subscribe", channel=BOOK)
    for quantity in ("2.000", "3.000", "4.000"):
        gateway.market.book_diff(BTC, [("100.00", quantity)], [], 3)
    newcomer = client_of(gateway)
    newcomer.ask("subscribe", channel=BOOK)
    assert newcomer.pushed(BOOK)[0]["data"]["bids"] == [["100.00", "1.000"]]
    gateway.market.publish_pending()
    gateway.node.outbox.flush()
    for reader in (client, newcomer):
        changed = reader.pushed(BOOK)[1:]
        assert [found["data"]["bids"] for found in changed] == [[["100.00", "4.000"]]]


async def test_the_timer_publishes(gateway_of, client_of):
    """A paced gateway publishes by itself."""
    gateway = await gateway_of(market={"order_book": {"update_interval": "1ms"}})
    snapshot(gateway)
    client = client_of(gateway)
    client.ask("subscribe", channel=BOOK)
    gateway.market.book_diff(BTC, [("100.00", "7.000")], [], 3)
    while len(client.pushed(BOOK)) < 2:  # noqa: ASYNC110 - a publication sets no event
        await asyncio.sleep(0.001)
    assert client.pushed(BOOK)[1]["data"]["bids"] == [["100.00", "7.000"]]


async def test_a_stale_book_stands_still_and_comes_back(gateway_of, client_of, caplog):
    """After a fault nothing is published until the next snapshot, which replaces everything."""
    gateway = await gateway_of()
    snapshot(gateway)
    client = client_of(gateway)
    client.ask("subscribe", channel=BOOK)
    gateway.market.book_stale(SequenceGapError(BTC, 5, 9))
    gateway.market.publish_pending()
    assert len(client.pushed(BOOK)) == 1
    snapshot(gateway, price="200.00")
    assert client.pushed(BOOK)[-1]["data"]["updateType"] == "SNAPSHOT"
    assert copy_of(client.pushed(BOOK)) == book_of(gateway)


async def test_payloads_have_no_floats(gateway_of, client_of):
    """Prices and quantities are decimal strings, times and sequences integers."""
    gateway = await gateway_of()
    snapshot(gateway, time_ms=1_700_000_000_123)
    client = client_of(gateway)
    client.ask("subscribe", channel=BOOK)
    text = json.dumps(client.pushed(BOOK)[0]["data"])

    def refuse(number):
        raise AssertionError(f"{number} is a float")

    data = json.loads(text, parse_float=refuse)
    assert data["timestamp"] == 1_700_000_000_123
    assert data["instrumentId"] == BTC
    assert data["columns"] == ["price", "quantity"]
