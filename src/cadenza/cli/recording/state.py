"""The state of a recording: its position in each channel, and which books are whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from cadenza.cli.exits import Exit, Failure
from cadenza.cli.recording.lines import VERSION, decode_line
from cadenza.client import StreamPosition
from cadenza.models.channels import book_channels

_BOOKS: Final = book_channels("")  # what the names of books begin with


class _BookHead(msgspec.Struct, rename="camel", gc=False):
    update_type: str = ""
    sequence: int | None = None
    prev_sequence: int | None = None


_decode_head: Final = msgspec.json.Decoder(_BookHead).decode


class ChannelState:
    """One channel of a recording, by its lines so far.

    The replay of a book starts at a SNAPSHOT. So a position is of use for a book once a SNAPSHOT
    has been recorded, and as long as each DIFF follows the one before it.

    Args:
        channel: Its name.

    Attributes:
        publications: Publications that have been recorded.
        time_ns: When the last of them came; nanoseconds since the epoch, UTC.
    """

    def __init__(self, channel: str) -> None:
        self.publications = 0
        self.time_ns = 0
        self._position: StreamPosition | None = None
        self._is_book = channel.startswith(_BOOKS)
        self._sequence: int | None = None
        self._is_whole = not self._is_book

    @property
    def position(self) -> StreamPosition | None:
        """The position to recover from; ``None``: start from scratch."""
        return self._position if self._is_whole else None

    def subscribed(self, position: StreamPosition | None, *, is_fresh: bool) -> None:
        """Take the start of a subscription."""
        self._position = position
        if is_fresh and self._is_book:
            self._is_whole = False

    def publication(self, time_ns: int, offset: int, payload: bytes) -> bool:
        """Take a publication; gives whether it continues what there is."""
        self.publications += 1
        self.time_ns = time_ns
        if offset and self._position is not None:
            self._position = StreamPosition(offset, self._position.epoch)
        return self._book(payload) if self._is_book else True

    def _book(self, payload: bytes) -> bool:
        try:
            head = _decode_head(payload)
        except msgspec.DecodeError:
            return self._is_whole  # no book at all, as a backend may publish
        if head.update_type == "SNAPSHOT":
            self._is_whole = True
        elif head.prev_sequence != self._sequence:
            self._is_whole = False
        self._sequence = head.sequence
        return self._is_whole


class RecordingState:
    """The channels of a recording.

    Attributes:
        lines: Lines that were read.
        last_ns: The latest time in them; nanoseconds since the epoch, UTC.
    """

    def __init__(self) -> None:
        self.lines = 0
        self.last_ns = 0
        self._channels: dict[str, ChannelState] = {}

    def channel(self, name: str) -> ChannelState:
        """The state of a channel; a new one if nothing of it has been recorded."""
        return self._channels.setdefault(name, ChannelState(name))

    def read(self, lines: Iterable[bytes], name: str) -> None:
        """Take the lines of a file.

        Raises:
            Failure: It is no recording of ours.
        """
        for line in lines:
            try:
                found = decode_line(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                if not self.lines:
                    raise _foreign(name) from None
                continue  # damaged: the replay leaves it out, too
            if not self.lines and found.event != "recording":
                raise _foreign(name)
            if found.version > VERSION:
                newer = f"{name} was written by a newer cadenza, which knows more: use that one"
                raise Failure(newer, Exit.USAGE)
            self.lines += 1
            self.last_ns = max(self.last_ns, found.time)
            if found.event == "subscribed":
                position = StreamPosition(found.offset, found.epoch) if found.epoch else None
                self.channel(found.channel).subscribed(position, is_fresh=found.fresh)
            elif not found.event and isinstance(found.data, msgspec.Raw):
                data = bytes(found.data)
                self.channel(found.channel).publication(found.time, found.offset, data)


def _foreign(name: str) -> Failure:
    return Failure(f"{name} exists and is no recording of cadenza: nothing was changed", Exit.USAGE)
