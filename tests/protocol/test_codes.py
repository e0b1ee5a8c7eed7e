"""The catalogue of codes."""

from __future__ import annotations

import inspect

import pytest

from cadenza.protocol import codes

UNSUBSCRIBES = [value for _, value in inspect.getmembers(codes) if type(value) is codes.Unsubscribe]


@pytest.mark.parametrize(
    ("kind", "catalogue"),
    [(codes.ErrorCode, codes.ERRORS), (codes.Disconnect, codes.DISCONNECTS)],
)
def test_the_catalogue_holds_every_code_of_the_module_under_its_number(kind, catalogue):
    """A number that is given twice would be missing here."""
    named = [value for _, value in inspect.getmembers(codes) if type(value) is kind]
    assert sorted(named) == sorted(catalogue.values())
    assert all(number == code.code for number, code in catalogue.items())


def test_the_errors_are_those_of_the_protocol():
    assert list(codes.ERRORS) == list(range(100, 114))
    temporary = [code for code, error in codes.ERRORS.items() if error.temporary]
    assert temporary == [100, 111, 113]


def test_the_disconnects_are_those_of_the_protocol():
    expected = [3000, 3001, *range(3004, 3007), *range(3008, 3015), *range(3500, 3510)]
    assert list(codes.DISCONNECTS) == expected


@pytest.mark.parametrize("disconnect", codes.DISCONNECTS.values(), ids=lambda d: str(d.code))
def test_a_reason_fits_a_close_frame(disconnect):
    assert 0 < len(disconnect.reason.encode()) <= 123


@pytest.mark.parametrize(
    ("code", "reconnect"),
    [
        (3000, True),
        (3499, True),
        (3500, False),
        (3999, False),
        (4000, True),
        (4499, True),
        (4500, False),
        (4999, False),
        (5000, True),
    ],
)
def test_the_number_says_whether_to_reconnect(code, reconnect):
    assert codes.Disconnect(code, "").reconnect is reconnect


def test_unsubscribe_codes_are_unique_and_on_the_wire_from_2000():
    numbers = [unsubscribe.code for unsubscribe in UNSUBSCRIBES]
    assert sorted(numbers) == [0, 1, 2000, 2500, 2501, 2502]


@pytest.mark.parametrize(
    ("code", "resubscribe"), [(0, False), (2000, False), (2499, False), (2500, True), (2502, True)]
)
def test_the_number_says_whether_to_subscribe_again(code, resubscribe):
    assert codes.Unsubscribe(code, "").resubscribe is resubscribe
