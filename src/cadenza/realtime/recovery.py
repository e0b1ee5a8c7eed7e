"""Recovery: pure decisions about whether a client that was away can go on where it stopped.

Rules: protocol facts, sections 6.2 (stream mode) and 6.4 (cache mode).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from cadenza.protocol.messages import Publication
from cadenza.realtime.stream import Page, StreamPosition


class Recovery(NamedTuple):
    """The outcome: ``publications`` are what was missed, in order; empty when not recovered."""

    recovered: bool
    publications: list[Publication]


_LOST: Final = Recovery(recovered=False, publications=[])


def recover_stream(since: StreamPosition, page: Page) -> Recovery:
    """Recover from a page that was read after ``since``, at most as many as the limit allows.

    An empty epoch in ``since`` is not checked: the offset alone decides.
    """
    top = page.top
    if since.epoch and since.epoch != top.epoch:
        return _LOST
    if since.offset == top.offset:
        return Recovery(recovered=True, publications=[])
    if since.offset > top.offset or not page.publications:
        return _LOST
    complete = (
        page.publications[0].offset == since.offset + 1
        and page.publications[-1].offset == top.offset
    )
    return Recovery(recovered=True, publications=page.publications) if complete else _LOST


def recover_cache(
    since: StreamPosition, page: Page, matches: Callable[[Publication], bool] | None = None
) -> Recovery:
    """Recover the newest publication of a page that was read from the top down."""
    if since.offset > 0 and since == page.top:
        return Recovery(recovered=True, publications=[])
    for publication in page.publications:
        if matches is None or matches(publication):
            return Recovery(recovered=True, publications=[publication])
    return _LOST


def join_live(
    recovered: list[Publication], live: list[Publication], position: int
) -> list[Publication] | None:
    """Publications that were recovered, then those that arrived meanwhile, without the doubles.

    Args:
        recovered: Publications read from the stream; ends at offset ``position``.
        live: Publications that arrived while it was read, in order of arrival.
        position: The newest offset that is already accounted for.

    Returns:
        All of them in order, or ``None`` if there is a hole between the two.
    """
    joined = list(recovered)
    for publication in live:
        if publication.offset == 0:
            continue
        if publication.offset <= position:
            continue
        if publication.offset != position + 1:
            return None
        joined.append(publication)
        position = publication.offset
    return joined
