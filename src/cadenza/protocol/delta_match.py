"""A search for the parts of a target that a source has already: those that a patch can copy.

Built from what the interpreter does in C (find, slices, comparison of slices), so that a book
update costs a few searches for each changed level, not a step for each byte.
"""

from __future__ import annotations

from typing import Final, NamedTuple

MIN_COPY: Final = 12
"""Shorter matches are not worth the copy command and the new literal after it."""
BLOCK: Final = 16
"""Distance and size of the blocks of the index of a source."""
_NEAR: Final = 256
_LOOK_BACK: Final = 4
_LOOK_UP: Final = 24
"""Misses after which an earlier part of the source, and then its index, is searched."""
_CHUNK: Final = 64
_EQUAL: Final = bytes(BLOCK)


class Copy(NamedTuple):
    """``target[to:to + size]`` equals ``source[at:at + size]``."""

    to: int
    at: int
    size: int


def find_copies(source: bytes, target: bytes) -> list[Copy]:
    """The matches worth copying, in the order of the target, none overlapping another."""
    limit = min(len(source), len(target))
    if limit <= BLOCK:
        return []
    head = common_prefix(source, 0, target, 0, limit)
    tail = common_suffix(source, len(source), target, len(target), limit - head)
    if head < MIN_COPY:
        head = 0
    if tail < MIN_COPY:
        tail = 0
    copies = [Copy(0, 0, head)] if head else []
    _scan(source, target, head, len(target) - tail, copies)
    if tail:
        copies.append(Copy(len(target) - tail, len(source) - tail, tail))
    return copies


def _scan(source: bytes, target: bytes, start: int, stop: int, copies: list[Copy]) -> None:
    """Append the matches of ``target[start:stop]``; source and target run equal up to ``start``.

    The longer nothing is found, the larger the steps: a target that has nothing of the source costs
    searches in the order of the square root of its length.
    """
    places = _Places(source)
    to = floor = expected = start
    misses = 0
    while to + MIN_COPY <= stop:
        changed = _changed_in_place(source, expected, target, to) if to == floor else -1
        if changed >= 0 and to + changed + MIN_COPY <= stop:
            to += changed
            at = expected + changed
        else:
            at = places.find(target, to, expected, to - floor, misses)
        if at < 0:
            misses += 1
            to += 1 + (misses >> 5)
            continue
        size = common_prefix(source, at, target, to, min(stop - to, len(source) - at))
        back = 0
        if to > floor and at and source[at - 1] == target[to - 1]:
            back = common_suffix(source, at, target, to, min(to - floor, at))
        copies.append(Copy(to - back, at - back, size + back))
        expected = at + size
        to = floor = to + size
        misses = 0


def _changed_in_place(source: bytes, at: int, target: bytes, to: int) -> int:
    """After how many bytes source and target run equal again, or -1: one look, a chunk far."""
    left, right = source[at : at + _CHUNK], target[to : to + _CHUNK]
    if len(left) < _CHUNK or len(right) < _CHUNK:
        return -1
    differing = int.from_bytes(left, "big") ^ int.from_bytes(right, "big")
    return differing.to_bytes(_CHUNK, "big").find(_EQUAL)


class _Places:
    """An index of a source: the places where a piece of a target may be."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.index: dict[bytes, int] | None = None

    def find(self, target: bytes, to: int, expected: int, run: int, misses: int) -> int:
        """A place of ``target[to:]`` that matches for at least ``MIN_COPY`` bytes, or -1.

        Tried first is what costs least and is most often right: the same distance from the last
        match (``run`` bytes after ``expected``: something was changed in place), then a little
        farther or nearer (something was removed or inserted), a little before (the last match was
        a wrong one), and at last an index of the source.
        """
        anchor = target[to : to + MIN_COPY]
        source = self.source
        if source.startswith(anchor, expected + run):
            return expected + run
        near = expected + max(0, run - _NEAR // 2)
        at = source.find(anchor, near, near + _NEAR)
        if at < 0 and misses >= _LOOK_BACK:
            at = source.find(anchor, max(0, near - _NEAR), near + MIN_COPY)
        if at < 0 and misses >= _LOOK_UP:
            if self.index is None:
                self.index = _index(source)
            at = self.index.get(target[to : to + BLOCK], -1)
        return at


def _index(source: bytes) -> dict[bytes, int]:
    """Every sixteenth block of the source; of equal blocks the first, which can be grown most."""
    last = (len(source) - BLOCK) // BLOCK * BLOCK
    return {source[at : at + BLOCK]: at for at in range(last, -1, -BLOCK)}


def common_prefix(a: bytes, i: int, b: bytes, j: int, limit: int) -> int:
    """The number of equal bytes from ``a[i]`` and ``b[j]`` on, at most ``limit``."""
    done, step = 0, _CHUNK
    while done < limit:
        size = min(step, limit - done)
        left, right = a[i + done : i + done + size], b[j + done : j + done + size]
        if left == right:
            done += size
            step *= 4
        elif size > _CHUNK:
            step = max(_CHUNK, step // 4 if step // 4 < size else size // 4)
            limit = done + size
        else:
            differing = int.from_bytes(left, "little") ^ int.from_bytes(right, "little")
            # The lowest set bit lies in the first byte that differs.
            return done + ((differing & -differing).bit_length() - 1) // 8
    return done


def common_suffix(a: bytes, i: int, b: bytes, j: int, limit: int) -> int:
    """The number of equal bytes before ``a[i]`` and ``b[j]``, at most ``limit``."""
    done, step = 0, _CHUNK
    while done < limit:
        size = min(step, limit - done)
        left, right = a[i - done - size : i - done], b[j - done - size : j - done]
        if left == right:
            done += size
            step *= 4
        elif size > _CHUNK:
            step = max(_CHUNK, step // 4 if step // 4 < size else size // 4)
            limit = done + size
        else:
            differing = int.from_bytes(left, "little") ^ int.from_bytes(right, "little")
            # The highest set bit lies in the last byte that differs.
            return done + size - 1 - (differing.bit_length() - 1) // 8
    return done
