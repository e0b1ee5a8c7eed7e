"""Recovery as tables: stream mode (section 6.2), cache mode (6.4), and joining what is live."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadenza.protocol.messages import Publication
from cadenza.realtime.recovery import join_live, recover_cache, recover_stream
from cadenza.realtime.stream import HistoryFilter, Page, Stream, StreamPosition


def pubs(*offsets: int) -> list[Publication]:
    return [Publication(offset=offset) for offset in offsets]


def offsets(publications: list[Publication] | None) -> list[int] | None:
    return None if publications is None else [found.offset for found in publications]


@pytest.mark.parametrize(
    ("since", "read", "top", "recovered"),
    [
        pytest.param((3, "x"), (4, 5), (5, "e"), None, id="another epoch"),
        pytest.param((5, "x"), (), (5, "e"), None, id="another epoch at the top"),
        pytest.param((3, ""), (4, 5), (5, "e"), [4, 5], id="no epoch is not checked"),
        pytest.param((5, "e"), (), (5, "e"), [], id="at the top"),
        pytest.param((9, "e"), (), (5, "e"), None, id="beyond the top"),
        pytest.param((3, "e"), (4, 5), (5, "e"), [4, 5], id="behind"),
        pytest.param((2, "e"), (4, 5), (5, "e"), None, id="trimmed at the start"),
        pytest.param((2, "e"), (3, 4), (5, "e"), None, id="more than the limit"),
        pytest.param((2, "e"), (), (5, "e"), None, id="all expired"),
        pytest.param((0, "e"), (1, 2), (2, "e"), [1, 2], id="from the beginning"),
        pytest.param((0, ""), (), (0, "e"), [], id="never used, no epoch"),
        pytest.param((0, "x"), (), (0, "e"), None, id="never used, some epoch"),
    ],
)
def test_stream_mode(
    since: tuple[int, str],
    read: tuple[int, ...],
    top: tuple[int, str],
    recovered: list[int] | None,
):
    outcome = recover_stream(StreamPosition(*since), Page(pubs(*read), StreamPosition(*top)))
    assert outcome.recovered is (recovered is not None)
    assert offsets(outcome.publications) == (recovered or [])


@pytest.mark.parametrize(
    ("since", "read", "top", "recovered"),
    [
        pytest.param((0, ""), (), (0, "e"), None, id="never published"),
        pytest.param((5, "e"), (5,), (5, "e"), [], id="at the top"),
        pytest.param((5, "x"), (5,), (5, "e"), [5], id="another epoch"),
        pytest.param((2, "e"), (5,), (5, "e"), [5], id="behind"),
        pytest.param((9, "e"), (5,), (5, "e"), [5], id="beyond"),
        pytest.param((0, ""), (5,), (5, "e"), [5], id="asks for the newest"),
        pytest.param((2, "e"), (), (5, "e"), None, id="expired"),
        pytest.param((0, "e"), (), (0, "e"), None, id="empty, at offset 0"),
    ],
)
def test_cache_mode(
    since: tuple[int, str],
    read: tuple[int, ...],
    top: tuple[int, str],
    recovered: list[int] | None,
):
    outcome = recover_cache(StreamPosition(*since), Page(pubs(*read), StreamPosition(*top)))
    assert outcome.recovered is (recovered is not None)
    assert offsets(outcome.publications) == (recovered or [])


def test_cache_mode_finds_the_newest_that_matches():
    page = Page(pubs(5, 4, 3), StreamPosition(5, "e"))
    outcome = recover_cache(StreamPosition(0, ""), page, lambda found: found.offset < 5)
    assert offsets(outcome.publications) == [4]
    assert not recover_cache(StreamPosition(0, ""), page, lambda _: False).recovered


@pytest.mark.parametrize(
    ("recovered", "live", "position", "joined"),
    [
        ((1, 2), (), 2, [1, 2]),
        ((1, 2), (3, 4), 2, [1, 2, 3, 4]),
        ((1, 2), (1, 2, 3), 2, [1, 2, 3]),
        ((), (2, 3), 1, [2, 3]),
        ((1, 2), (4,), 2, None),
        ((1, 2), (3, 5), 2, None),
        ((1, 2), (0, 3, 0), 2, [1, 2, 3]),
    ],
)
def test_live_publications_are_joined(
    recovered: tuple[int, ...], live: tuple[int, ...], position: int, joined: list[int] | None
):
    """Without doubles, in order, or not at all; those without offset are pushed later."""
    assert offsets(join_live(pubs(*recovered), pubs(*live), position)) == joined


@given(
    published=st.integers(0, 12),
    size=st.integers(1, 8),
    since=st.integers(0, 14),
    most=st.integers(1, 12),
    live=st.integers(0, 4),
)
def test_recovery_is_complete_or_refused(
    published: int, size: int, since: int, most: int, live: int
):
    """Whoever recovers has every publication after its position, once and in order."""
    stream = Stream("e")
    for _ in range(published):
        stream.add(Publication(), size)
    position = StreamPosition(since, "e")
    page = stream.read(HistoryFilter(most, position))
    outcome = recover_stream(position, page)
    missed = published - since
    assert outcome.recovered is (0 <= missed <= min(size, most) or missed == 0)
    if outcome.recovered:
        arrived = pubs(*range(max(1, published - 1), published + live + 1))
        joined = join_live(outcome.publications, arrived, published)
        assert offsets(joined) == list(range(since + 1, published + live + 1))
