"""Compression of WebSocket messages: permessage-deflate (RFC 7692), without context takeover.

Each message is compressed by itself, so a message to many subscribers is compressed once and no
connection keeps a dictionary. Section numbers in comments are those of the RFC.
"""

from __future__ import annotations

import zlib
from typing import Final

from cadenza.protocol.frames import MESSAGE_TOO_BIG, PROTOCOL_ERROR, FrameError

EXTENSION: Final = "permessage-deflate"
ANSWER: Final = f"{EXTENSION}; server_no_context_takeover; client_no_context_takeover"
_TAIL: Final = b"\x00\x00\xff\xff"  # cut from, and added back to, every message (7.2.1)
_RAW: Final = -zlib.MAX_WBITS


class Deflate:
    """How the messages of a server are compressed.

    Args:
        level: 1 (fastest) to 9 (smallest).
        min_size: Messages must be larger than this many bytes to be compressed.
        limit: Longest incoming message in bytes once it is inflated.
    """

    def __init__(self, level: int, min_size: int, limit: int) -> None:
        self._level = level
        self._min_size = min_size
        self._limit = limit

    def accepts(self, offers: str) -> bool:
        """Whether a client's ``Sec-WebSocket-Extensions`` has an offer that can be met (7.1)."""
        return any(_can_meet(offer) for offer in offers.split(","))

    def compress(self, payload: bytes) -> bytes | None:
        """The compressed payload, or ``None`` for one that goes out as it is."""
        if len(payload) <= self._min_size:
            return None
        compressor = zlib.compressobj(self._level, zlib.DEFLATED, _RAW)
        compressed = compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)
        return compressed.removesuffix(_TAIL)

    def inflate(self, payload: bytes) -> bytes:
        """The payload of a compressed message.

        Raises:
            FrameError: It is broken, or longer than the limit: that is known without inflating it.
        """
        try:
            inflater = zlib.decompressobj(_RAW)
            data = inflater.decompress(payload + _TAIL, self._limit + 1)
        except zlib.error as error:
            raise FrameError(PROTOCOL_ERROR, f"broken compression: {error}") from error
        if len(data) > self._limit:
            raise FrameError(MESSAGE_TOO_BIG, "inflated message too big")
        return data


def _can_meet(offer: str) -> bool:
    """Whether an offer asks for nothing that we do not do."""
    name, *parameters = (part.strip() for part in offer.split(";"))
    known = {"server_no_context_takeover", "client_no_context_takeover", "client_max_window_bits"}
    return name.lower() == EXTENSION and all(
        parameter.partition("=")[0].strip().lower() in known
        # A smaller window of the server's than the largest is not offered by zlib's fast levels.
        or parameter.replace(" ", "").replace('"', "").lower() == "server_max_window_bits=15"
        for parameter in parameters
    )
