"""Reading a stream, against a list that is filtered naively."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cadenza.protocol.messages import Publication, payload
from cadenza.realtime.stream import HistoryFilter, Stream, StreamPosition


def stream_of(published: int, size: int) -> Stream:
    stream = Stream("epoch")
    for number in range(published):
        stream.add(Publication(data=payload(b"%d" % number)), size)
    return stream


@given(
    published=st.integers(0, 15),
    size=st.integers(1, 8),
    limit=st.integers(-2, 10),
    since=st.none() | st.integers(0, 20),
    reverse=st.booleans(),
)
def test_read_is_the_naive_filter(
    published: int, size: int, limit: int, since: int | None, reverse: bool
):
    """Every combination of limit, since and reverse over whole and trimmed streams."""
    kept = list(range(1, published + 1))[-size:]
    if reverse:
        wanted = [offset for offset in reversed(kept) if since is None or offset < since]
    else:
        wanted = [offset for offset in kept if since is None or offset > since]
    if limit >= 0:
        wanted = wanted[:limit]
    position = None if since is None else StreamPosition(since, "any")
    page = stream_of(published, size).read(HistoryFilter(limit, position, reverse))
    assert [publication.offset for publication in page.publications] == wanted
    assert page.top == StreamPosition(published, "epoch")


@given(st.integers(1, 12), st.lists(st.integers(1, 6), min_size=1, max_size=12))
def test_the_size_may_change_from_publication_to_publication(published: int, sizes: list[int]):
    stream = stream_of(published, 6)
    for size in sizes:
        stream.add(Publication(), size)
        offsets = [publication.offset for publication in stream.publications]
        assert offsets == list(range(stream.offset - len(offsets) + 1, stream.offset + 1))
        assert len(offsets) <= size


def test_only_the_first_publication_carries_the_epoch():
    stream = stream_of(3, 10)
    assert [publication.epoch for publication in stream.publications] == ["epoch", "", ""]


def test_clearing_keeps_offset_and_epoch():
    stream = stream_of(3, 10)
    stream.clear()
    assert stream.read(HistoryFilter(-1)) == ([], StreamPosition(3, "epoch"))
    assert stream.newest() is None
    stream.add(Publication(), 10)
    assert stream.top == StreamPosition(4, "epoch")


def test_newest_is_the_base_of_the_next_delta():
    newest = stream_of(3, 2).newest()
    assert newest is not None
    assert newest.offset == 3
