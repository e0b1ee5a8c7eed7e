"""The search for what a target shares with a source."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from cadenza.protocol.delta_match import (
    BLOCK,
    MIN_COPY,
    common_prefix,
    common_suffix,
    find_copies,
)

RUNS = st.lists(st.sampled_from([b"a", b"a" * 70, b"a" * 300, b"b", b"\x00" * 65, b"\xff"]))
DATA = RUNS.map(b"".join)


@given(DATA, DATA, DATA)
@settings(max_examples=300, deadline=None)
def test_common_prefix_and_suffix_are_those_of_a_plain_comparison(shared, one, other):
    a, b = shared + one, shared + other
    differing = (at for at, (left, right) in enumerate(zip(a, b, strict=False)) if left != right)
    expected = next(differing, min(len(a), len(b)))
    assert common_prefix(a, 0, b, 0, min(len(a), len(b))) == expected
    assert common_prefix(b"??" + a, 2, b"?" + b, 1, min(len(a), len(b))) == expected
    assert common_prefix(a, 0, b, 0, expected // 2) == expected // 2
    a, b = a[::-1], b[::-1]
    assert common_suffix(a, len(a), b, len(b), min(len(a), len(b))) == expected
    assert common_suffix(a + b"?", len(a), b + b"??", len(b), min(len(a), len(b))) == expected
    assert common_suffix(a, len(a), b, len(b), expected // 2) == expected // 2


@given(DATA | st.binary(max_size=300), DATA | st.binary(max_size=300), st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_copies_are_true_ordered_apart_and_long_enough(one, other, shared):
    for source, target in ((one, other), (one + shared, shared + other), (shared, shared + one)):
        done = 0
        for to, at, size in find_copies(source, target):
            assert size >= MIN_COPY
            assert to >= done
            assert at >= 0
            assert target[to : to + size] == source[at : at + size]
            assert len(target[to : to + size]) == size
            done = to + size


def test_a_source_of_a_block_or_less_has_no_copies():
    assert find_copies(b"x" * BLOCK, b"x" * 100) == []
    assert find_copies(b"x" * 17, b"x" * 17) == [(0, 0, 17)]


def test_a_block_that_moved_far_is_found():
    """Beyond the reach of the search near the last match."""
    part = bytes(range(256)) * 4
    source = b"-" * 2000 + part
    target = part[:700] + b"+" * 3000
    (copy,) = find_copies(source, target)
    assert copy.at in range(2000, 2600)
    assert copy.size > 90
