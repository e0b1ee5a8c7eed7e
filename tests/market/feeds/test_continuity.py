"""The chain of updates: the venue's own rules, and any order of events."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadenza.market.errors import SequenceGapError
from cadenza.market.feeds.continuity import MAX_HELD, ChainState, ChainTracker
from cadenza.market.venues.binance import FUTURES_RULE, SPOT_RULE
from cadenza.market.venues.messages import BookDiff, BookSnapshot
from cadenza.market.venues.sequence import UNNUMBERED, Verdict

BTC = "BINANCE:BTC/USDT"


def diff(first, last, previous=0):
    return BookDiff(BTC, [], [], 0, first, last, previous)


def snapshot(last):
    return BookSnapshot(BTC, [], [], 0, last)


@pytest.mark.parametrize(
    ("update", "verdict"),
    [
        (diff(90, 99), Verdict.DROP),
        (diff(90, 100), Verdict.DROP),
        (diff(90, 101), Verdict.APPLY),
        (diff(101, 105), Verdict.APPLY),
        (diff(102, 105), Verdict.GAP),
    ],
)
def test_spot_the_first_update_must_reach_over_the_snapshot(update, verdict):
    assert SPOT_RULE.bridge(100, update) is verdict


@pytest.mark.parametrize(
    ("update", "verdict"),
    [
        (diff(101, 105), Verdict.APPLY),
        (diff(102, 105), Verdict.GAP),
        (diff(95, 100), Verdict.DROP),
        (diff(99, 105), Verdict.GAP),
    ],
)
def test_spot_updates_follow_by_their_first_id(update, verdict):
    assert SPOT_RULE.follow(100, update) is verdict


@pytest.mark.parametrize(
    ("update", "verdict"),
    [
        (diff(90, 99), Verdict.DROP),
        (diff(90, 100), Verdict.APPLY),
        (diff(100, 120), Verdict.APPLY),
        (diff(101, 120), Verdict.GAP),
    ],
)
def test_futures_the_first_update_must_contain_the_snapshot(update, verdict):
    assert FUTURES_RULE.bridge(100, update) is verdict


@pytest.mark.parametrize(
    ("update", "verdict"),
    [
        (diff(130, 140, 100), Verdict.APPLY),
        (diff(101, 140, 99), Verdict.GAP),
        (diff(80, 100, 70), Verdict.DROP),
    ],
)
def test_futures_updates_follow_by_the_id_of_the_one_before(update, verdict):
    assert FUTURES_RULE.follow(100, update) is verdict


def test_updates_before_the_snapshot_are_held_and_come_after_it():
    chain = ChainTracker(BTC, SPOT_RULE)
    early = [diff(90, 95), diff(96, 103), diff(104, 110)]
    assert [chain.on_diff(update) for update in early] == [[], [], []]
    assert chain.on_snapshot(snapshot(100)) == [snapshot(100), *early[1:]]
    assert chain.state is ChainState.LIVE
    assert chain.outdated == 1


def test_a_gap_is_reported_once_and_healed_by_the_next_snapshot():
    chain = ChainTracker(BTC, SPOT_RULE)
    chain.on_snapshot(snapshot(100))
    chain.on_diff(diff(101, 105))
    (gap,) = chain.on_diff(diff(107, 110))
    assert isinstance(gap, SequenceGapError)
    assert (gap.last, gap.first) == (105, 107)
    assert chain.on_diff(diff(111, 112)) == []
    assert chain.on_snapshot(snapshot(109)) == [snapshot(109), diff(107, 110), diff(111, 112)]


def test_a_snapshot_older_than_the_held_updates_does_not_heal():
    chain = ChainTracker(BTC, SPOT_RULE)
    chain.on_diff(diff(50, 60))
    items = chain.on_snapshot(snapshot(40))
    assert items[0] == snapshot(40)
    assert isinstance(items[1], SequenceGapError)
    assert chain.state is ChainState.WAITING


def test_a_snapshot_older_than_a_live_book_changes_nothing():
    chain = ChainTracker(BTC, SPOT_RULE)
    chain.on_snapshot(snapshot(100))
    chain.on_diff(diff(101, 105))
    assert chain.on_snapshot(snapshot(103)) == []
    assert chain.on_diff(diff(106, 107)) == [diff(106, 107)]


def test_the_updates_held_are_bounded():
    chain = ChainTracker(BTC, SPOT_RULE)
    for number in range(MAX_HELD + 10):
        chain.on_diff(diff(number, number))
    assert len(chain.on_snapshot(snapshot(MAX_HELD + 8))) == 2


def test_without_numbers_updates_before_the_snapshot_are_part_of_it():
    chain = ChainTracker(BTC, UNNUMBERED)
    assert chain.on_diff(diff(0, 0)) == []
    assert chain.on_snapshot(snapshot(0)) == [snapshot(0)]
    assert chain.on_diff(diff(0, 0)) == [diff(0, 0)]


@given(
    lost=st.sets(st.integers(1, 40)),
    snapshots=st.sets(st.integers(1, 40)),
    lag=st.integers(0, 5),
)
def test_what_is_delivered_between_two_breaks_is_always_an_unbroken_chain(lost, snapshots, lag):
    """Updates 1 to 40 with some lost, and snapshots that are ``lag`` updates old when they come."""
    chain = ChainTracker(BTC, SPOT_RULE)
    held_to = None
    for number in range(1, 41):
        items = []
        if number not in lost:
            items += chain.on_diff(diff(number, number))
        if number in snapshots:
            items += chain.on_snapshot(snapshot(max(0, number - lag)))
        for item in items:
            if isinstance(item, SequenceGapError):
                held_to = None
            elif isinstance(item, BookSnapshot):
                held_to = item.last_id
            else:
                assert held_to is not None
                assert item.first_id == held_to + 1
                held_to = item.last_id
