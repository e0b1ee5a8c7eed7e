"""Go's notation of durations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadenza.realtime.duration import Duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("0s", 0.0),
        ("300s", 300.0),
        ("1h30m", 5400.0),
        ("1.5h", 5400.0),
        (".5s", 0.5),
        ("250ms", 0.25),
        ("10us", 1e-5),
        ("10µs", 1e-5),
        ("7ns", 7e-9),
        ("-2m", -120.0),
        ("+2m", 120.0),
        ("720h", 2_592_000.0),
    ],
)
def test_reads_what_go_reads(text: str, seconds: float):
    assert Duration.parse(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "-", "+", "5", "s", "5 s", "5x", "1h-3m", "1,5s", "5S", "--1s"]
)
def test_refuses_the_rest_and_shows_how(text: str):
    with pytest.raises(ValueError, match="write it like") as refusal:
        Duration.parse(text)
    assert repr(text) in str(refusal.value)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (25, "25s"),
        (90, "90s"),
        (120, "2m"),
        (5400, "90m"),
        (7200, "2h"),
        (0.25, "250ms"),
    ],
)
def test_writes_the_largest_exact_unit(seconds: float, text: str):
    assert str(Duration(seconds)) == text


@given(st.integers(0, 10**9))
def test_what_is_written_is_read_again(milliseconds: int):
    duration = Duration(milliseconds / 1000)
    assert Duration.parse(str(duration)) == pytest.approx(duration)
