"""OKX: two witnesses of a book, each where it is there, and the depths that look alike."""

from __future__ import annotations

import gzip
import re

import pytest

from support.market.captures import capture, levels

ADDRESS = "wss://ws.okx.com:8443/ws/v5/public"
ETH = "OKX:ETH/USDT"


def book(action, bids, asks=(), *, channel="books", at=10, **fields):
    rows = {
        side: [[price, size, "0", "1"] for price, size in found]
        for side, found in (("bids", bids), ("asks", asks))
    }
    message = {"arg": {"channel": channel, "instId": "ETH-USDT"}}
    message |= {"action": action} if action else {}
    return message | {"data": [{**rows, "ts": str(1_780_000_001_000 + at), **fields}]}


def first(seq=10, **fields):
    chain = {"seqId": seq, "prevSeqId": -1}
    return book("snapshot", [("2500.1", "1")], [("2500.2", "0.3")], **chain, **fields)


def update(seq, previous, price="2500.05", **fields):
    return book("update", [(price, "3")], seqId=seq, prevSeqId=previous, **fields)


async def test_a_checksum_of_zero_is_none_and_the_chain_is_checked(play, heard):
    """As the venue has been since June 2026; 2500.05 is finer than the first book showed."""
    counted = await play(capture(ADDRESS, first(checksum=0), update(12, 10, checksum=0)))
    assert (counted.snapshots, counted.diffs, counted.stale) == (1, 1, ())
    assert (counted.checks, counted.unchecked, counted.faults) == (0, 0, 0)
    assert levels(heard, ETH)[0] == [("2500.1", "1"), ("2500.05", "3")]
    assert heard.listing(ETH).instrument.pip_size == "0.01"


async def test_neither_checksum_nor_number_is_counted_as_unchecked(play):
    plain = [book("snapshot", [("2500.1", "1")], [("2500.2", "1")])]
    plain += [book("update", [("2500.0", str(size))]) for size in (1, 2, 3)]
    counted = await play(capture(ADDRESS, *plain))
    assert (counted.diffs, counted.unchecked, counted.skipped, counted.stale) == (3, 3, 0, ())


async def test_a_hole_in_the_chain_makes_the_book_stale_until_a_snapshot(play, heard):
    messages = [first(), update(12, 10), update(20, 15), update(21, 20), first(30), update(31, 30)]
    counted = await play(capture(ADDRESS, *messages))
    assert (counted.gaps, counted.resyncs, counted.stale) == (1, 1, ())
    assert (counted.snapshots, counted.diffs) == (2, 2)


@pytest.mark.parametrize(
    "later",
    [
        pytest.param([update(10, 10), update(12, 10)], id="nothing changed for a minute"),
        pytest.param([update(3, 10), update(5, 3)], id="the venue counts anew"),
        pytest.param([update(12, 10), update(12, 10), update(13, 12)], id="the same twice"),
    ],
)
async def test_what_the_venue_may_do_to_its_numbers(play, later):
    counted = await play(capture(ADDRESS, first(), *later))
    assert (counted.gaps, counted.faults, counted.stale) == (0, 0, ())


async def test_a_checksum_that_is_there_is_verified_whatever_the_chain_says(play):
    counted = await play(capture(ADDRESS, first(), update(12, 10, checksum=7)))
    assert (counted.faults, counted.stale) == (1, (ETH,))


async def test_fields_that_a_venue_may_leave_out_are_not_needed(play):
    """No time, no size of the order, no trade id, one side only."""
    arg = {"channel": "books", "instId": "ETH-USDT"}
    bare = {"arg": arg, "action": "snapshot", "data": [{"bids": [["2500.1", "1"]]}]}
    trade = {"px": "2500.1", "sz": "1", "side": "buy"}
    told = {"arg": {"channel": "trades", "instId": "ETH-USDT"}, "data": [trade]}
    counted = await play(capture(ADDRESS, bare, told))
    assert (counted.snapshots, counted.trades, counted.skipped) == (1, 1, 0)


@pytest.mark.parametrize("channel", ["books5", "bbo-tbt", "books50-l2-tbt"])
async def test_a_depth_that_is_sent_whole_each_time_is_a_book(play, heard, recorder, channel):
    """Subscribers get its changes, not a SNAPSHOT each time."""
    images = [
        book("", [("10.2", "1"), ("10.1", "2")], [("10.3", "1")], channel=channel, seqId=5),
        book("", [("10.1", "2"), ("10.0", "4")], [("10.3", "9")], channel=channel, seqId=6),
    ]
    counted = await play(capture(ADDRESS, *images))
    assert (counted.snapshots, counted.diffs, counted.unknown) == (1, 1, {})
    assert levels(heard, ETH) == ([("10.1", "2"), ("10.0", "4")], [("10.3", "9")])
    assert [it["updateType"] for it in recorder.books] == ["SNAPSHOT", "DIFF"]


async def test_of_two_depths_the_deeper_one_is_the_book(play, heard):
    """Whichever comes first; the other is counted by name."""
    small = book("", [("2500.1", "9")], [("2500.2", "9")], channel="books5", seqId=11)
    counted = await play(capture(ADDRESS, small, first(), small, update(12, 10), small))
    assert counted.unknown == {"books5 (beside books)": 2}
    assert levels(heard, ETH)[0] == [("2500.1", "1"), ("2500.05", "3")]


async def test_the_real_recording_without_its_checksums(play, shared_data):
    """All 290 set to 0, as a recorder would get them today; its messages have no numbers."""
    with gzip.open(shared_data / "multi-venue/OKX.ws.1.0.gz", "rt") as lines:
        text = re.sub(r'"checksum":-?[0-9]+', '"checksum":0', lines.read())
    counted = await play(text)
    assert (counted.snapshots, counted.diffs, counted.unchecked) == (3, 287, 287)
    assert (counted.checks, counted.faults, counted.stale) == (0, 0, ())
