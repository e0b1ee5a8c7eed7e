"""WebSocket frames (RFC 6455), sans-I/O: read and written by a server, and by a client.

Section numbers in comments are those of the RFC.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

PROTOCOL_ERROR: Final = 1002
INVALID_TEXT: Final = 1007
MESSAGE_TOO_BIG: Final = 1009

_FINAL: Final = 0x80
_MASKED: Final = 0x80
COMPRESSED: Final = 0x40
"""The first reserved bit: the message is compressed, if that was negotiated (RFC 7692, 6)."""
_RESERVED: Final = 0x70
_WHOLE: Final = frozenset({_FINAL | TEXT, _FINAL | BINARY})
"""First bytes of messages that are one frame, and not compressed."""
_KNOWN: Final = frozenset({CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG})
_CONTROL_LIMIT: Final = 125
_REASON_LIMIT: Final = 123
_FRAGMENT_LIMIT: Final = 1024  # an empty fragment costs nothing to send and something to keep


class FrameError(Exception):
    """The peer broke the framing; ``code`` is the close code that says how (7.4.1)."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code


def frame(opcode: int, payload: bytes, *, compressed: bool = False) -> bytes:
    """One complete frame from server to client: final and unmasked (5.1, 5.2)."""
    first = _FINAL | opcode | (COMPRESSED if compressed else 0)
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65536:
        return bytes((first, 126, size >> 8, size & 0xFF)) + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload


def masked_frame(opcode: int, payload: bytes, mask: bytes) -> bytes:
    """One complete frame from client to server: final, and masked with four random bytes (5.3)."""
    size = len(payload)
    if size < 126:
        head = bytes((_FINAL | opcode, _MASKED | size))
    elif size < 65536:
        head = bytes((_FINAL | opcode, _MASKED | 126, size >> 8, size & 0xFF))
    else:
        head = bytes((_FINAL | opcode, _MASKED | 127)) + size.to_bytes(8, "big")
    return head + mask + unmask(payload, mask)


def close_frame(code: int, reason: str) -> bytes:
    """A close frame from a server; the reason is cut to what fits (5.5.1)."""
    return frame(CLOSE, close_payload(code, reason))


def close_payload(code: int, reason: str) -> bytes:
    """The payload of a close frame; the reason is cut to what fits (5.5.1)."""
    text = reason.encode()[:_REASON_LIMIT].decode(errors="ignore").encode()
    return code.to_bytes(2, "big") + text


def close_code(payload: bytes) -> int:
    """The code in a received close frame, fit to be echoed (7.4)."""
    if not payload:
        return 1000
    code = int.from_bytes(payload[:2], "big")
    allowed = 1000 <= code < 1004 or 1007 <= code < 1015 or 3000 <= code < 5000
    return code if len(payload) >= 2 and allowed else PROTOCOL_ERROR


def unmask(payload: bytes, mask: bytes) -> bytes:
    """The payload that was sent under this mask (5.3), as one big XOR."""
    size = len(payload)
    repeated = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(repeated, "little")).to_bytes(
        size, "little"
    )


class FrameReader:
    """Turns the bytes of one peer into messages.

    Args:
        limit: Longest message in bytes, fragments added up.
        inflate: Inflates a compressed message, if compression was negotiated.
        masked: Whether the peer is a client, which masks its frames; a server must not (5.1).
    """

    __slots__ = (
        "_first",
        "_fragments",
        "_fragments_size",
        "_head",
        "_inflate",
        "_limit",
        "_masked",
        "_reserved",
        "_rest",
        "failure",
    )

    def __init__(
        self,
        limit: int,
        inflate: Callable[[bytes], bytes] | None = None,
        *,
        masked: bool = True,
    ) -> None:
        self.failure: FrameError | None = None
        self._limit = limit
        self._masked = _MASKED if masked else 0
        self._head = 6 if masked else 2  # what stands before a short payload
        self._inflate = inflate
        self._reserved = _RESERVED if inflate is None else _RESERVED & ~COMPRESSED
        self._rest = b""
        self._first = CONTINUATION  # the first byte of the fragmented message being received
        self._fragments: list[bytes] | None = None
        self._fragments_size = 0

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Take received bytes; give the messages and control frames that they complete.

        Returns:
            Pairs of opcode and payload, in order. Bytes that are no frames set ``failure``; what
            came before them is returned, what comes after them is ignored.
        """
        messages: list[tuple[int, bytes]] = []
        if self.failure is None:
            try:
                if not self._masked and not self._rest:
                    whole = self._whole(data)
                    if whole is not None:
                        return [whole]
                self._read(self._rest + data if self._rest else data, messages)
            except FrameError as failure:
                self.failure = failure
        return messages

    def _whole(self, data: bytes) -> tuple[int, bytes] | None:
        """The message of bytes that are one frame of a server, the usual case by far."""
        size = len(data)
        if size < 2 or data[0] not in _WHOLE or self._fragments is not None:
            return None
        length = data[1]
        if length == 126 and size >= 4:
            if size - 4 != (data[2] << 8 | data[3]) or size - 4 > self._limit:
                return None
            return self._message(data[0], data[4:])
        if length > 125 or size - 2 != length or length > self._limit:
            return None
        return self._message(data[0], data[2:])

    def _read(self, data: bytes, messages: list[tuple[int, bytes]]) -> None:
        at, end = 0, len(data)
        while end - at >= 2:
            start, size = self._header(data, at, end)
            if start < 0 or end - start < size:
                break
            payload = data[start : start + size]
            if self._masked and size:
                mask = data[start - 4 : start]
                if mask != b"\0\0\0\0":
                    payload = unmask(payload, mask)
            message = self._frame(data[at], payload)
            if message is not None:
                messages.append(message)
            at = start + size
        self._rest = data[at:] if at < end else b""

    def _header(self, data: bytes, at: int, end: int) -> tuple[int, int]:
        """Offset of the payload, -1 while the header is incomplete, and length of the payload."""
        first, second = data[at], data[at + 1]
        opcode = first & 0x0F
        if first & self._reserved or opcode not in _KNOWN:
            raise FrameError(PROTOCOL_ERROR, "reserved bits or opcode")  # 5.2
        if second & _MASKED != self._masked:
            raise FrameError(PROTOCOL_ERROR, "a client must mask its frames, a server must not")
        size = second & 0x7F
        start = at + self._head
        if opcode >= CLOSE:
            if size > _CONTROL_LIMIT or first & (_FINAL | COMPRESSED) != _FINAL:
                raise FrameError(PROTOCOL_ERROR, "long or fragmented control frame")  # 5.5
            return (start if start <= end else -1), size
        if size == 126:
            start += 2
            size = int.from_bytes(data[at + 2 : at + 4], "big") if end >= at + 4 else 0
        elif size == 127:
            start += 8
            size = int.from_bytes(data[at + 2 : at + 10], "big") if end >= at + 10 else 0
        if size + self._fragments_size > self._limit:
            raise FrameError(MESSAGE_TOO_BIG, "message too big")
        return (start if start <= end else -1), size

    def _frame(self, first: int, payload: bytes) -> tuple[int, bytes] | None:
        """A complete frame: a message, a control frame, or a part of a message."""
        opcode, final = first & 0x0F, first & _FINAL
        if opcode >= CLOSE:
            return opcode, payload
        if opcode == CONTINUATION:
            if self._fragments is None or first & COMPRESSED:
                raise FrameError(PROTOCOL_ERROR, "nothing to continue")  # 5.4
            self._fragments.append(payload)
            self._fragments_size += len(payload)
            if not final:
                if len(self._fragments) > _FRAGMENT_LIMIT:
                    raise FrameError(MESSAGE_TOO_BIG, "too many fragments")
                return None
            payload, first = b"".join(self._fragments), self._first
            self._fragments, self._fragments_size = None, 0
        elif self._fragments is not None:
            raise FrameError(PROTOCOL_ERROR, "a message inside a fragmented one")  # 5.4
        elif not final:
            self._first, self._fragments, self._fragments_size = first, [payload], len(payload)
            return None
        return self._message(first, payload)

    def _message(self, first: int, payload: bytes) -> tuple[int, bytes]:
        """A complete message: inflated if need be, and text if it says so."""
        opcode = first & 0x0F
        if first & COMPRESSED and self._inflate is not None:
            payload = self._inflate(payload)
        if opcode == TEXT and not payload.isascii():
            try:
                payload.decode()
            except UnicodeDecodeError as error:
                raise FrameError(INVALID_TEXT, "text that is not UTF-8") from error  # 8.1
        return opcode, payload
