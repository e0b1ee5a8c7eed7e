"""A live book whose user, server or line does what hinders its healing."""

from __future__ import annotations

import logging

import pytest

import cadenza.client
from cadenza.client import BookState, CallTimeoutError, StaleBookError
from support.client.book_peer import (
    BTC,
    LOST,
    RECOVERED,
    diff,
    opened,
    resubscribed,
    snapshot,
    synced,
)
from support.client.peer_world import connected, quick

FIRST = snapshot(1)


@pytest.fixture(autouse=True)
def quiet(caplog):
    """Callbacks raise here on purpose."""
    caplog.set_level(logging.CRITICAL, logger="cadenza.client")


def reading(book):
    """A callback as anybody would write it: it raises whenever the book is STALE."""
    return lambda _: book.best_bid


async def test_a_callback_that_raises_does_not_hinder_a_resync(client, peer):
    """It reads the book at the change that brings the gap, and raises; the book heals."""
    line = await connected(client, peer)
    book = await opened(client, line, FIRST)
    book.on_change(reading(book))
    await line.send(diff(9, offset=2))
    await resubscribed(line, LOST | {"offset": 9}, snapshot(9, "98"))
    await book.wait_live()
    assert (book.best_bid, book.resyncs, client.stats.errors) == ((98, 1), 1, 1)


async def test_a_callback_that_always_raises_lets_waiters_through(client, peer):
    """The SNAPSHOT has healed the book, whatever the callback thinks of it."""
    line = await connected(client, peer)
    book = await opened(client, line, FIRST)

    def bad(_):
        raise ValueError

    book.on_change(bad)
    await line.send(diff(9, offset=2))
    await resubscribed(line, LOST | {"offset": 9}, snapshot(9))
    await synced(client, line)
    assert book.state is BookState.LIVE
    await book.wait_live(0.0)


async def test_a_callback_that_raises_at_a_break_lets_nobody_through(client, peer):
    """While the line is down nobody is told that the book is live."""
    line = await connected(client, peer)
    book = await opened(client, line, FIRST)
    book.on_change(reading(book))
    line.cut()
    await peer.accept()
    assert book.state is BookState.STALE
    with pytest.raises(CallTimeoutError):
        await book.wait_live(0.05)


async def test_a_recovery_without_publications_is_told(client, peer):
    """Nothing was missed: whoever follows the changes hears that the book is LIVE again."""
    line = await connected(client, peer)
    book = await opened(client, line, FIRST)
    async with book.changes() as changes:
        line.cut()
        line = await peer.accept()
        assert (await anext(changes)).state is BookState.STALE
        await line.welcome()
        await line.answer("subscribe", RECOVERED | {"offset": 1})
        change = await anext(changes)
        assert (change.state, change.fault, change.bid_rows) == (BookState.LIVE, None, [])
    assert book.best_bid == (99, 1)


@pytest.mark.parametrize("holds", [True, False], ids=["a gap", "no snapshot yet"])
async def test_a_recovery_of_a_book_that_was_not_whole(client, peer, holds):
    """A recovered subscription is sent no SNAPSHOT: the book asks for one, without any DIFF."""
    line = await connected(client, peer)
    if holds:
        book = await opened(client, line, FIRST)
        await line.send(diff(9, offset=2))
        await line.command("unsubscribe")  # the answer never comes
        await line.command("subscribe")
    else:
        book = await opened(client, line, wait=False)
    before = book.resyncs
    line.cut()
    line = await peer.accept()
    await line.welcome()
    await line.answer("subscribe", RECOVERED | {"offset": 2})
    command = await resubscribed(line, LOST | {"offset": 9}, snapshot(9, "98"))
    assert command["subscribe"]["epoch"] == "_"
    await book.wait_live()
    assert (book.best_bid, book.resyncs) == ((98, 1), before + 1)


async def test_a_break_in_the_pause_before_a_resync(peer):
    """The pause ends while there is no connection; the book asks when there is one again."""
    timers = []

    class Clock(cadenza.clock.LoopClock):
        def call_later(self, delay, callback):
            if getattr(callback, "__name__", "") == "_resync" and delay:
                timers.append(callback)  # the test says when
                delay = 3600.0
            return super().call_later(delay, callback)

    client = cadenza.client.connect(
        peer.url, **quick(clock=Clock(), max_resubscribe_delay=1.0, min_resubscribe_delay=0.5)
    )
    line = await connected(client, peer)
    book = await opened(client, line, FIRST)
    await line.send(diff(9, offset=2))
    await resubscribed(line, LOST | {"offset": 2}, snapshot(9))
    await book.wait_live()
    await line.send(diff(19, offset=3))
    await synced(client, line)
    assert (book.needs_resync, len(timers)) == (True, 1)
    line.cut()
    line = await peer.accept()
    timers.pop()()
    assert book.resyncs == 1
    await line.welcome()
    await line.answer("subscribe", RECOVERED | {"offset": 3})
    await synced(client, line)
    timers.pop()()
    await resubscribed(line, LOST | {"offset": 3}, snapshot(19, "97"))
    await book.wait_live()
    assert (book.best_bid, book.resyncs) == ((97, 1), 2)
    await client.close()


async def test_levels_that_cross_are_healed_when_they_are_noticed(client, peer):
    """Levels are put into place when somebody reads; the reader's error starts the healing."""
    line = await connected(client, peer)
    book = await opened(client, line, FIRST)
    await line.send(diff(2, [["102", "1"]], offset=2))
    await synced(client, line)
    assert book.state is BookState.LIVE
    with pytest.raises(StaleBookError, match="not below"):
        _ = book.best_bid
    await resubscribed(line, LOST | {"offset": 2}, snapshot(2, "98"))
    await book.wait_live()
    assert book.best_bid == (98, 1)


async def test_a_payload_of_another_instrument(client, peer):
    """It is reported, and the book is as it was."""
    line = await connected(client, peer)
    book = await opened(client, line, FIRST)
    wrong = snapshot(2, offset=2)
    wrong["push"]["pub"]["data"]["instrumentId"] = "BINANCE:ETH/USDT"
    await line.send(wrong, diff(2, [["100", "1"]], offset=3))
    await synced(client, line)
    assert (book.best_bid, book.resyncs, client.stats.errors) == ((100, 1), 0, 1)


async def test_closed_by_its_own_callback(client, peer):
    """A callback may close the book at a gap: nothing is asked for any more."""
    line = await connected(client, peer)
    book = await opened(client, line, FIRST)
    book.on_change(lambda change: change.fault and book.close())
    await line.send(diff(9, offset=2))
    left = await line.command("unsubscribe")
    await line.send({"id": left["id"], "unsubscribe": {}})
    await synced(client, line)
    assert (client.subscriptions, book.resyncs) == ({}, 0)
    book = await opened(client, line, FIRST)
    assert (book.instrument_id, book.best_bid) == (BTC, (99, 1))
