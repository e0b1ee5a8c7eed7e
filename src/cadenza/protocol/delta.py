"""Fossil delta: a payload as the difference to the payload before it (section 6.5).

A patch is the size of its target in base 64 and a newline; then ``N@O,`` (copy N bytes from offset
O of the source) and ``N:`` with N literal bytes, in any number; then the target's checksum and
``;``. All counts are of bytes, also where a patch travels as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from cadenza.protocol.delta_match import MIN_COPY, Copy, find_copies
from cadenza.protocol.errors import DeltaError

MAX_TARGET: Final = 16 * 2**20
"""The largest target of a patch, in bytes, if the caller names no other."""

_DIGITS: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~"
_VALUES: Final = {digit: value for value, digit in enumerate(_DIGITS)}
_COMMAND: Final = re.compile(rb"([0-9A-Z_a-z~]{1,7})([\n@,:;])")
"""A number and what it is for. Seven digits are more than the 32 bits of any number here."""
_CHECKSUM_CHUNK: Final = 1 << 16


def create(source: bytes, target: bytes) -> bytes:
    """A patch that makes ``target`` of ``source``; it may be longer than the target."""
    return _patch(target, find_copies(source, target))


def create_text(source: bytes, target: bytes) -> bytes | None:
    """Like ``create``, but the patch is valid UTF-8: no literal begins or ends inside a character.

    A byte-wise patch can cut a character of several bytes in two, and such a patch cannot be
    written to a JSON connection.

    Returns:
        The patch, or ``None`` when the target is not UTF-8 text.
    """
    if target.isascii():
        return create(source, target)
    try:
        target.decode()
    except UnicodeDecodeError:
        return None
    return _patch(target, _whole_characters(target, find_copies(source, target)))


def apply(source: bytes, delta: bytes, limit: int = MAX_TARGET) -> bytes:
    """Make the target of ``source`` and a patch. What follows the patch's ``;`` is not read.

    Raises:
        DeltaError: ``reason`` is ``bad number``, ``unknown command``, ``unterminated``,
            ``truncated``, ``copy beyond end``, ``bad size``, ``bad checksum``, or ``too large``
            when the target would be longer than ``limit`` bytes.
    """
    size, operator, at = _command(delta, 0)
    if operator != b"\n":
        raise DeltaError("unknown command", "a patch begins with its target's size and a newline")
    if size > limit:
        raise DeltaError("too large", f"the target has {size} bytes, {limit} are allowed")
    target = bytearray()
    while True:
        count, operator, at = _command(delta, at)
        if operator == b";":
            return _checked(bytes(target), size, count)
        # The one bound that keeps a short patch from growing without end.
        if len(target) + count > size:
            raise DeltaError("bad size", f"the commands make more than the announced {size} bytes")
        if operator == b"@":
            offset, at = _copy_offset(delta, at)
            if offset + count > len(source):
                where = f"{count} bytes from {offset}, the source has {len(source)}"
                raise DeltaError("copy beyond end", where)
            target += source[offset : offset + count]
        elif operator == b":":
            if at + count > len(delta):
                raise DeltaError("truncated", f"a literal of {count} bytes from byte {at}")
            target += delta[at : at + count]
            at += count
        else:
            raise DeltaError("unknown command", f"{operator.decode()!r} before byte {at}")


def checksum(data: bytes) -> int:
    """The sum of the big-endian 32-bit words, the last one filled up with zeros, modulo 2**32.

    Every second word is added to its neighbour and the rest folded in halves, each time as one
    large number: a few dozen additions, not one a word.
    """
    total = 0
    for start in range(0, len(data), _CHECKSUM_CHUNK):
        chunk = data[start : start + _CHECKSUM_CHUNK]
        number = int.from_bytes(chunk, "big") << 8 * (-len(chunk) % 4)
        pairs = (len(chunk) + 7) // 8
        bits = 64 << (pairs - 1).bit_length()
        mask = _low_words(bits)
        number = (number & mask) + (number >> 32 & mask)
        while bits > 64:
            bits //= 2
            number = (number >> bits) + (number & (1 << bits) - 1)
        total += number
    return total & 0xFFFFFFFF


@lru_cache(maxsize=32)
def _low_words(bits: int) -> int:
    """A mask of every second 32-bit word, beginning with the lowest."""
    return int.from_bytes(b"\0\0\0\0\xff\xff\xff\xff" * (bits // 64), "big")


def _patch(target: bytes, copies: Iterable[Copy]) -> bytes:
    parts = [_base64(len(target)), b"\n"]
    done = 0
    for to, at, size in copies:
        if to > done:
            parts += (_base64(to - done), b":", target[done:to])
        parts += (_base64(size), b"@", _base64(at), b",")
        done = to + size
    if done < len(target):
        parts += (_base64(len(target) - done), b":", target[done:])
    parts += (_base64(checksum(target)), b";")
    return b"".join(parts)


def _whole_characters(target: bytes, copies: Iterable[Copy]) -> list[Copy]:
    """The copies without the parts of characters at their ends.

    Only cuts in the target matter: between two of them it is whole characters, and so is what the
    source has there, because it is the same.
    """
    whole = []
    for to, at, size in copies:
        start, stop = to, to + size
        while start < stop and _inside_character(target, start):
            start += 1
        while stop > start and stop < len(target) and _inside_character(target, stop):
            stop -= 1
        if stop - start >= MIN_COPY:
            whole.append(Copy(start, at + start - to, stop - start))
    return whole


def _inside_character(text: bytes, at: int) -> bool:
    return text[at] & 0xC0 == 0x80


def _checked(target: bytes, size: int, expected: int) -> bytes:
    if len(target) != size:
        raise DeltaError("bad size", f"{size} bytes announced, {len(target)} made")
    if checksum(target) != expected:
        raise DeltaError("bad checksum", "the patch was made for another source")
    return target


def _command(delta: bytes, at: int) -> tuple[int, bytes, int]:
    """The number and the operator at ``at``, and where they end."""
    found = _COMMAND.match(delta, at)
    if found is None:
        if at >= len(delta):
            raise DeltaError("unterminated", "the patch ends without a checksum")
        raise DeltaError("bad number", f"no number and operator at byte {at}")
    value = 0
    for digit in found[1]:
        value = value << 6 | _VALUES[digit]
    return value, found[2], found.end()


def _copy_offset(delta: bytes, at: int) -> tuple[int, int]:
    offset, operator, at = _command(delta, at)
    if operator != b",":
        raise DeltaError("unterminated", f"a comma is missing before byte {at}")
    return offset, at


def _base64(number: int) -> bytes:
    if number < 64:
        return _DIGITS[number : number + 1]
    if number < 4096:
        return bytes((_DIGITS[number >> 6], _DIGITS[number & 63]))
    return _base64(number >> 6) + _base64(number & 63)
