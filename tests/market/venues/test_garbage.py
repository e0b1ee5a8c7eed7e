"""No message stops a decoder: whatever it is, it is told as unreadable or not understood."""

from __future__ import annotations

import json
import random

import pytest

from cadenza.market.feeds.delivery import MOST_NAMES, Delivery
from cadenza.market.market import Market
from cadenza.market.venues.catalog import VENUES, find_decoder
from cadenza.market.venues.messages import NotUnderstood, Unreadable

NOW_NS = 1_780_000_000_000_000_000

GOOD = {
    "Binance": [
        {"stream": "btcusdt@depth@100ms", "data": {"e": "depthUpdate", "E": 1, "s": "BTCUSDT"}
         | {"U": 1, "u": 2, "b": [["1.0", "1"]], "a": []}},
        {"lastUpdateId": 1, "bids": [["1.0", "1"]], "asks": [["2.0", "1"]]},
        {"stream": "btcusdt@bookTicker", "data": {"u": 3, "s": "BTCUSDT", "b": "1", "B": "1"}
         | {"a": "2", "A": "1"}},
        {"stream": "btcusdt@trade", "data": {"s": "BTCUSDT", "t": 1, "p": "1", "q": "1", "T": 5}
         | {"m": True}},
    ],
    "OKX": [
        {"arg": {"channel": "books", "instId": "A-B"}, "action": "snapshot",
         "data": [{"bids": [["1", "1"]], "asks": [["2", "1"]], "ts": "1", "seqId": 1}]},
        {"arg": {"channel": "trades", "instId": "A-B"},
         "data": [{"px": "1", "sz": "1", "side": "buy", "ts": "1", "tradeId": "1"}]},
    ],
    "Kraken": [
        {"channel": "book", "type": "snapshot",
         "data": [{"symbol": "A/B", "bids": [{"price": 1.5, "qty": 2}], "asks": []}
                  | {"checksum": 1}]},
        {"channel": "trade", "type": "update",
         "data": [{"symbol": "A/B", "side": "buy", "price": 1.5, "qty": 2, "trade_id": 1}]},
        {"channel": "instrument", "type": "snapshot", "data": {"pairs": [{"symbol": "A/B"}
         | {"price_increment": 0.1, "qty_increment": 1e-8}]}},
        [1, {"as": [["1.5", "1", "5.5"]], "bs": []}, "book-10", "C/D"],
        [1, [["1.5", "1", "5.5", "s", "l", ""]], "trade", "A/B"],
    ],
    "Coinbase": [
        {"type": "snapshot", "product_id": "A-B", "bids": [["1", "1"]], "asks": []},
        {"type": "l2update", "product_id": "A-B", "changes": [["buy", "1", "2"]],
         "time": "2026-01-01T00:00:00Z"},
        {"type": "match", "product_id": "A-B", "price": "1", "size": "1", "side": "buy",
         "time": "2026-01-01T00:00:00Z"},
        {"channel": "l2_data", "sequence_num": 1, "timestamp": "2026-01-01T00:00:00Z",
         "events": [{"type": "snapshot", "product_id": "A-B", "updates":
                     [{"side": "bid", "price_level": "1", "new_quantity": "1"}]}]},
    ],
    "Bybit": [
        {"topic": "orderbook.50.AUSDT", "type": "snapshot", "ts": 5,
         "data": {"s": "AUSDT", "b": [["1", "1"]], "a": [], "u": 5, "seq": 7}},
        {"topic": "publicTrade.AUSDT", "ts": 5,
         "data": [{"T": 5, "s": "AUSDT", "S": "Buy", "v": "1", "p": "1", "i": "x"}]},
    ],
    "Deribit": [
        {"jsonrpc": "2.0", "method": "subscription", "params": {"channel": "book.A-PERPETUAL.raw",
         "data": {"type": "snapshot", "timestamp": 5, "instrument_name": "A-PERPETUAL",
                  "change_id": 1, "bids": [["new", 1.5, 2.0]], "asks": []}}},
        {"jsonrpc": "2.0", "method": "subscription", "params": {"channel": "trades.A-PERPETUAL.raw",
         "data": [{"instrument_name": "A-PERPETUAL", "price": 1.5, "amount": 2}
                  | {"direction": "buy"}]}},
    ],
}  # fmt: skip

JUNK = [None, True, -1, 10**400, 1e308, "", "x" * 5000, "\ud800", [], {}, [[]], [[[]]], {"a": {}}]
JUNK += ["1e999999999", "-0", "NaN", "Infinity", ["1"], ["1", "2", "3"], 2**63, "9" * 100, "2026"]

WHOLE = [b"", b" ", b"{", b"[", b"null", b"true", b"0", b'""', b"[]", b"{}", b"[[]]", b"\xff\xfe"]
WHOLE += [b"[" * 100_000, b'{"a":' * 100_000, b'{"stream":"@","data":{}}', b'{"topic":"."}']
WHOLE += [b'{"channel":"book","data":7}', b'{"params":{"channel":""},"method":"subscription"}']
WHOLE += [b'[1,{},"book-10","A"]', b'[1,"book-10","A/B"]', b'{"arg":{"channel":"books"}}']


def decoder_of(venue):
    return next(one for one in VENUES if one.venue == venue)()


def paths(value, at=()):
    yield at
    if isinstance(value, dict | list):
        children = value.items() if isinstance(value, dict) else enumerate(value)
        for key, child in children:
            yield from paths(child, (*at, key))


def spoilt(value, path, junk, *, is_gone):
    """A copy in which one member is something else, or missing."""
    if not path:
        return junk
    copy = dict(value) if isinstance(value, dict) else list(value)
    if len(path) == 1 and is_gone:
        del copy[path[0]]
    else:
        copy[path[0]] = spoilt(copy[path[0]], path[1:], junk, is_gone=is_gone)
    return copy


@pytest.mark.parametrize("venue", GOOD)
@pytest.mark.parametrize("body", WHOLE, ids=lambda body: body[:20])
def test_what_is_no_message_is_told_and_not_raised(venue, body):
    for message in decoder_of(venue).decode(NOW_NS, body):
        assert isinstance(message, Unreadable | NotUnderstood)


@pytest.mark.parametrize("venue", GOOD)
def test_any_member_may_be_anything_or_missing(venue):
    """Each message with each of its members replaced, delivered into a real market."""
    market = Market()
    delivery = Delivery(market)
    decoder = decoder_of(venue)
    count = 0
    for message in GOOD[venue]:
        for path in paths(message):
            for junk in JUNK:
                for is_gone in (False, True):
                    bad = spoilt(message, path, junk, is_gone=is_gone)
                    body = json.dumps(bad).encode()
                    for told in decoder.decode(NOW_NS, body):
                        delivery.deliver(told, decoder.rule, "x")
                    count += 1
    assert count > 500
    counted = delivery.statistics()
    assert counted.skipped > 100
    # And the good ones are read all the same, by a fresh connection.
    fresh = find_decoder("", GOOD[venue])
    delivery = Delivery(Market())
    for message in GOOD[venue]:
        for told in fresh.decode(NOW_NS, json.dumps(message).encode()):
            assert not isinstance(told, Unreadable | NotUnderstood), told


@pytest.mark.parametrize("venue", GOOD)
def test_bytes_at_random_places(venue):
    """A damaged disk: a byte of a good message changes."""
    draw = random.Random(venue)
    decoder = decoder_of(venue)
    delivery = Delivery(Market())
    for message in GOOD[venue] * 100:
        body = bytearray(json.dumps(message).encode())
        for _ in range(draw.randrange(1, 4)):
            body[draw.randrange(len(body))] = draw.randrange(256)
        for told in decoder.decode(NOW_NS, bytes(body)):
            delivery.deliver(told, decoder.rule, "x")


def test_names_of_what_is_not_understood_are_bounded():
    """Garbage may have a new name in every message."""
    delivery = Delivery(Market())
    for number in range(3 * MOST_NAMES):
        delivery.deliver(NotUnderstood(f"{number}" * 200), decoder_of("OKX").rule)
    unknown = delivery.statistics().unknown
    assert len(unknown) == MOST_NAMES + 1
    assert sum(unknown.values()) == 3 * MOST_NAMES
    assert max(map(len, unknown)) <= 80


@pytest.mark.parametrize(
    ("address", "venue"),
    [
        ("wss://ws.okx.com:8443/ws/v5/public", "OKX"),
        ("wss://ws.kraken.com/v2", "Kraken"),
        ("wss://futures.kraken.com/ws/v1", None),
        ("wss://advanced-trade-ws.coinbase.com", "Coinbase"),
        ("wss://stream-testnet.bybit.com/v5/public/linear", "Bybit"),
        ("wss://test.deribit.com/ws/api/v2", "Deribit"),
        ("wss://data-stream.binance.vision/stream", "Binance"),
        ("wss://www.bitmex.com/realtime", None),
    ],
)
def test_an_address_tells_the_venue(address, venue):
    found = find_decoder(address, [])
    assert (found and found.venue) == venue


def test_behind_a_proxy_the_messages_tell_the_venue():
    assert find_decoder("ws://localhost:9000/feed", GOOD["OKX"]).venue == "OKX"


@pytest.mark.parametrize("venue", GOOD)
def test_without_an_address_each_message_tells_the_venue(venue):
    for message in GOOD[venue]:
        if "lastUpdateId" in message:
            continue  # a snapshot alone has no symbol
        found = find_decoder("", [message])
        assert found is not None
        assert found.venue == venue
