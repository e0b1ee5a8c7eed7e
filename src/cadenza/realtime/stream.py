"""One channel's stream in memory: the newest publications, their offsets, and the epoch.

Pure: time and chance come in with each call. Rules: protocol facts, sections 4.5 and 6.1.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import NamedTuple

from cadenza.protocol.messages import Publication


class StreamPosition(NamedTuple):
    """A place in a stream. The first publication has offset 1; 0 is before it."""

    offset: int
    epoch: str


class Page(NamedTuple):
    """Part of a stream, and the position of its top when it was read."""

    publications: list[Publication]
    top: StreamPosition


class HistoryFilter(NamedTuple):
    """Which part of a stream to read.

    ``limit`` 0 reads the position only, below 0 everything. Without ``since`` a stream is read
    from its oldest publication, in reverse from its newest; with it, from the neighbour of that
    offset. ``since.epoch`` is the caller's business.
    """

    limit: int = 0
    since: StreamPosition | None = None
    reverse: bool = False


class Stream:
    """Publications with consecutive offsets; the oldest go when there are more than ``size``."""

    __slots__ = (
        "epoch",
        "expires_at",
        "meta_expires_at",
        "offset",
        "publications",
        "version",
        "watched",
    )

    def __init__(self, epoch: str) -> None:
        self.epoch = epoch
        self.offset = 0
        self.publications: deque[Publication] = deque()
        self.version = (0, "")
        self.expires_at = 0.0
        self.meta_expires_at = 0.0
        self.watched = False  # whether somebody will look whether the publications have expired

    @property
    def top(self) -> StreamPosition:
        """The newest offset, and the epoch."""
        return StreamPosition(self.offset, self.epoch)

    def add(self, publication: Publication, size: int) -> None:
        """Give a publication the next offset and keep it among the newest ``size``."""
        self.offset += 1
        publication.offset = self.offset
        if self.offset == 1:
            # Clients that connect without recovery learn the epoch from the stream's first
            # publication; nothing may depend on it, as the subscribe result has it too.
            publication.epoch = self.epoch
        self.publications.append(publication)
        while len(self.publications) > size:
            self.publications.popleft()

    def newest(self) -> Publication | None:
        """The publication that a delta of the next one is computed against."""
        return self.publications[-1] if self.publications else None

    def clear(self) -> None:
        """Forget the publications; offset and epoch stay."""
        self.publications.clear()

    def accepts_version(self, version: int, version_epoch: str) -> bool:
        """Whether a publication of this version is newer than what the stream has seen."""
        seen, seen_epoch = self.version
        same_line = not version_epoch or version_epoch == seen_epoch
        return not version or not same_line or version > seen

    def read(self, wanted: HistoryFilter) -> Page:
        """Read the part that ``wanted`` describes."""
        if wanted.limit == 0 or not self.publications:
            return Page([], self.top)
        count = len(self.publications)
        limit = count if wanted.limit < 0 else min(wanted.limit, count)
        first = self.publications[0].offset
        if wanted.reverse:
            newest = self.offset if wanted.since is None else wanted.since.offset - 1
            skip = max(0, self.offset - newest)
            found = list(islice(reversed(self.publications), skip, skip + limit))
        else:
            skip = 0 if wanted.since is None else max(0, wanted.since.offset + 1 - first)
            found = list(islice(self.publications, skip, skip + limit))
        return Page(found, self.top)
