"""Numbers of venues: decimals without exponents, times of every unit."""

from __future__ import annotations

import pytest

from cadenza.market.venues.numbers import decimal_text, plain, time_ms

MS = 1_780_000_000_123


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e-8", "0.00000001"),
        ("1.0002e6", "1000200"),
        ("1.50E+2", "150"),
        ("0.9990", "0.9990"),
        ("3.0e6", "3000000"),
    ],
)
def test_exponents_are_written_out_and_digits_stay(text, expected):
    assert plain(text) == expected


@pytest.mark.parametrize("text", ["1e999999999", "1e-999999999", "e", "1e", "eee", "1e99"])
def test_numbers_beyond_reason_are_errors(text):
    with pytest.raises(ValueError, match="number"):
        plain(text)


def test_json_numbers_are_texts():
    assert [decimal_text(value) for value in ("1.50", 7, "1e2")] == ["1.50", "7", "100"]


@pytest.mark.parametrize("value", [None, True, 1.5, [], {}])
def test_other_things_are_no_numbers(value):
    with pytest.raises(ValueError, match="no number"):
        decimal_text(value)


@pytest.mark.parametrize(
    "value",
    [
        MS,
        str(MS),
        MS * 1000 + 456,
        MS * 1_000_000 + 456_789,
        "1780000000.123",
        "1780000000123.9",
        "1.780000000123e9",
        "2026-05-28T20:26:40.123Z",
        "2026-05-28T20:26:40.123456789Z",
        "2026-05-28T22:26:40.123+02:00",
        "2026-05-28 20:26:40.123",
    ],
)
def test_a_time_of_any_unit(value):
    assert time_ms(value) == MS


def test_seconds_and_small_numbers():
    assert time_ms(1_780_000_000) == 1_780_000_000_000
    assert time_ms(5) == 5


@pytest.mark.parametrize("value", [None, "", "x", "9" * 99, "-5", True, [], "NaN", "1e400"])
def test_what_is_no_time_is_an_error(value):
    with pytest.raises(ValueError, match=r".+"):
        time_ms(value)
