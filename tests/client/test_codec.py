"""Commands into frames."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cadenza.client.codec import frames


@given(st.lists(st.binary(min_size=1, max_size=30).filter(lambda it: b"\n" not in it)))
def test_nothing_lost_nothing_large(commands):
    """All commands leave in order, and a frame is over the limit only with one command in it."""
    made = list(frames(commands, b"\n", 40))
    assert [it for frame in made for it in frame.split(b"\n")] == commands
    assert all(len(frame) <= 40 or b"\n" not in frame for frame in made)


def test_no_needless_frames():
    """What fits into one frame is one."""
    assert list(frames([b"a" * 9, b"b" * 9, b"c"], b"\n", 19)) == [
        b"a" * 9 + b"\n" + b"b" * 9,
        b"c",
    ]
