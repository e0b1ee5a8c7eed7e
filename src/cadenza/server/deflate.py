"""Compression of WebSocket messages: permessage-deflate (RFC 7692), without context takeover.

Each message is compressed by itself, so a message to many subscribers is compressed once and no
connection keeps a dictionary. Section numbers in comments are those of the RFC.
"""

from __future__ import annotations

import re
import zlib
from typing import Final, TypeAlias

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

    def answer(self, offers: str) -> str:
        """What is agreed on of a client's ``Sec-WebSocket-Extensions`` (5.1).

        Returns:
            The answer to the first offer that can be met; empty: there is none.
        """
        return next((answer for offer in _offers(offers) if (answer := _answer(offer))), "")

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
        data, rest = b"", payload + _TAIL
        try:
            while rest:  # a block may say that it is the last, and more may follow (7.2.3.4)
                inflater = zlib.decompressobj(_RAW)
                data += inflater.decompress(rest, self._limit + 1 - len(data))
                if len(data) > self._limit or not inflater.eof:
                    break
                rest = inflater.unused_data
        except zlib.error as error:
            raise FrameError(PROTOCOL_ERROR, f"broken compression: {error}") from error
        if len(data) > self._limit:
            raise FrameError(MESSAGE_TOO_BIG, "inflated message too big")
        return data


# RFC 6455, 9.1: names and values are tokens, and a value may be a token in quotes.
_WORD: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_PART: Final = re.compile(
    rf"[ \t]*({_WORD})[ \t]*(?:=[ \t]*(?:({_WORD})|\"((?:[^\"\\]|\\.)*)\"))?[ \t]*(;|,|$)"
)
_Offer: TypeAlias = tuple[str, list[tuple[str, str | None]]]
_BITS: Final = re.compile(r"[89]|1[0-5]")
_FLAGS: Final = frozenset({"server_no_context_takeover", "client_no_context_takeover"})


def _offers(header: str) -> list[_Offer]:
    """Names and parameters of the offers, in order of preference; none if it breaks the grammar."""
    offers: list[_Offer] = []
    at, is_parameter = 0, False
    while at < len(header):
        found = _PART.match(header, at)
        if found is None:
            if not is_parameter and (empty := re.compile(r"[ \t]*(,|$)").match(header, at)):
                at = empty.end()  # an empty member of a list (RFC 9110, 5.6.1)
                continue
            return []
        name, token, quoted, end = found.groups()
        value = token if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        if is_parameter:
            offers[-1][1].append((name.lower(), value))
        elif value is None:
            offers.append((name.lower(), []))
        else:
            return []
        is_parameter, at = end == ";", found.end()
    return [] if is_parameter else offers


def _answer(offer: _Offer) -> str:
    """The answer that accepts an offer; empty: it is declined (7)."""
    name, parameters = offer
    given = dict(parameters)
    if name != EXTENSION or len(given) < len(parameters):
        return ""  # a parameter that comes twice
    answer = ANSWER
    for parameter, value in given.items():
        if parameter in _FLAGS:
            fits = value is None
        elif parameter == "client_max_window_bits":
            fits = value is None or _BITS.fullmatch(value) is not None
        else:
            # Messages are compressed once for all, with the largest window: a smaller one cannot
            # be promised. Who asks for the largest is told that it is (7.1.2.1).
            fits = parameter == "server_max_window_bits" and value == "15"
            answer += "; server_max_window_bits=15"
        if not fits:
            return ""
    return answer
