"""Coinbase: Advanced Trade numbers a whole connection; the Exchange feed numbers nothing."""

from __future__ import annotations

import pytest

from support.market.captures import capture, levels, opened, received

ADVANCED = "wss://advanced-trade-ws.coinbase.com"
BTC, ETH = "MOCK:BTC/USD", "MOCK:ETH/USD"


def l2(kind, number, *updates, product="BTC-USD"):
    rows = [
        {"side": side, "price_level": price, "new_quantity": size}
        | {"event_time": "1970-01-01T00:00:00Z"}
        for side, price, size in updates
    ]
    message = {"channel": "l2_data", "client_id": "", "events": []}
    message |= {"timestamp": "2026-05-28T20:26:41.714964855Z"}
    message |= {} if number is None else {"sequence_num": number}
    return message | {"events": [{"type": kind, "product_id": product, "updates": rows}]}


def snapshot(number, product="BTC-USD"):
    return l2(
        "snapshot", number, ("bid", "21921.73", "0.06"), ("offer", "21921.80", "1"), product=product
    )


def heartbeat(number):
    return {"channel": "heartbeats", "sequence_num": number, "events": []}


async def test_books_are_read_and_a_quantity_of_zero_removes(play, heard, recorder):
    counted = await play(
        capture(
            ADVANCED,
            {"channel": "subscriptions", "sequence_num": 0, "events": []},
            snapshot(1),
            l2("update", 2, ("bid", "21921.73", "0"), ("bid", "21921.705", "2.5")),
            heartbeat(3),
            l2("update", 4, ("ask", "21921.80", "0.5")),
        )
    )
    assert (counted.snapshots, counted.diffs, counted.unchecked) == (1, 2, 0)
    assert (counted.gaps, counted.stale, counted.unknown) == (0, (), {})
    assert levels(heard, BTC) == ([("21921.705", "2.5")], [("21921.80", "0.5")])
    assert recorder.books[0]["timestamp"] == 1_780_000_001_714


async def test_a_hole_in_the_connection_may_have_held_anything(play):
    """Both books are stale, until each has its own snapshot again."""
    counted = await play(
        capture(
            ADVANCED,
            snapshot(0),
            snapshot(1, "ETH-USD"),
            l2("update", 5, ("bid", "21921.70", "1")),
            snapshot(6),
            l2("update", 7, ("bid", "21921.70", "1")),
        )
    )
    assert (counted.gaps, counted.resyncs, counted.stale) == (2, 1, (ETH,))
    assert counted.diffs == 1


async def test_a_message_that_came_before_is_dropped(play):
    change = l2("update", 1, ("bid", "21921.70", "1"))
    counted = await play(capture(ADVANCED, snapshot(0), change, change, snapshot(0)))
    assert (counted.diffs, counted.gaps, counted.snapshots) == (1, 0, 1)


async def test_a_socket_opened_again_counts_anew(play):
    text = opened(ADVANCED) + received(1, snapshot(8)) + received(2, heartbeat(9))
    text += opened(ADVANCED) + received(3, snapshot(0))
    text += received(4, l2("update", 1, ("bid", "21921.70", "1")))
    counted = await play(text)
    assert (counted.snapshots, counted.diffs, counted.gaps) == (2, 1, 0)


async def test_without_numbers_updates_are_unchecked(play):
    counted = await play(
        capture(ADVANCED, snapshot(None), l2("update", None, ("bid", "21921.70", "1")))
    )
    assert (counted.diffs, counted.unchecked) == (1, 1)


async def test_trades_name_the_maker_and_begin_with_old_ones(play, recorder):
    trade = {"trade_id": "000000001", "product_id": "BTC-USD", "price": "21921.73", "size": "0.3"}
    trade |= {"side": "BUY", "time": "2026-05-28T20:26:41.27265Z"}

    def told(kind, number, *trades):
        events = [{"type": kind, "trades": list(trades)}]
        return {"channel": "market_trades", "sequence_num": number, "events": events}

    later = trade | {"trade_id": "2", "side": "SELL"}
    counted = await play(
        capture(ADVANCED, told("snapshot", 0, trade), told("update", 1, later, trade))
    )
    assert counted.trades == 2
    assert [(it["tradeId"], it["side"]) for it in recorder.trades] == [
        ("000000001", "SELL"),
        ("2", "BUY"),
    ]


async def test_steps_guessed_from_a_thin_first_book_give_way(play, heard):
    counted = await play(
        capture(
            "wss://ws-feed.exchange.coinbase.com",
            {
                "type": "snapshot",
                "product_id": "FOO-USD",
                "bids": [["10.5", "1"]],
                "asks": [["10.6", "1"]],
            },
            {
                "type": "l2update",
                "product_id": "FOO-USD",
                "changes": [["buy", "10.55", "3"]],
                "time": "2026-05-28T20:26:41.5Z",
            },
        )
    )
    assert (counted.faults, counted.stale, counted.unchecked) == (0, (), 1)
    assert levels(heard, "MOCK:FOO/USD")[0] == [("10.55", "3"), ("10.5", "1")]


@pytest.mark.parametrize(
    ("product", "name"),
    [
        ("BIP-20DEC30-CDE", "MOCK:BIP-20DEC30/USD"),
        ("BTC-PERP-INTX", "MOCK:BTC-PERP/USDC"),
        ("USDT-USDC", "MOCK:USDT/USDC"),
    ],
)
async def test_contracts_have_names_too(play, heard, product, name):
    await play(capture(ADVANCED, snapshot(0, product)))
    assert heard.instruments()[0].instrument_id == name
