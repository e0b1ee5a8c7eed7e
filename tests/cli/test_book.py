"""``cadenza book``: a ladder, or JSON, of a live local book."""

from __future__ import annotations

import json
import signal

import pytest

from cadenza.cli.book_view import ladder, ladder_json
from cadenza.client import OrderBook

OPTIONS = ("--feed", "simulated")
NAME = "PAPER:BTC/USDT"


@pytest.fixture(autouse=True)
def _trader(as_trader):
    """All of it is done by a user of the server."""


def payload(kind, sequence, bids, asks):
    return json.dumps(
        {
            "updateType": kind,
            "instrumentId": NAME,
            "bids": bids,
            "asks": asks,
            "timestamp": 1_795_000_000_123,
            "sequence": sequence,
            "prevSequence": sequence - 1,
        }
    ).encode()


@pytest.fixture
def book():
    """A small book."""
    book = OrderBook(NAME, allow_stale=True)
    bids = [["99.50", "1.0"], ["99.40", "2.0"], ["99.30", "9.0"]]
    book.apply(payload("SNAPSHOT", 7, bids, [["100.00", "4.0"], ["100.10", "1.5"]]))
    return book


def test_a_ladder_has_asks_above_bids_and_the_spread_between(book, monkeypatch):
    """Bars are relative to the largest quantity that is shown."""
    monkeypatch.setenv("TZ", "UTC")
    title, *lines = ladder(book, 2)
    assert title[1].startswith(f"{NAME}  ")
    assert lines == [
        ("ask", "100.10  1.5  #######"),
        ("ask", "100.00  4.0  ####################"),
        ("note", "spread 0.50 (50.13 bp), mid 99.750"),
        ("bid", " 99.50  1.0  #####"),
        ("bid", " 99.40  2.0  ##########"),
    ]


def test_a_book_that_cannot_be_trusted_says_so(book):
    """In the title of the ladder, and as a state in JSON."""
    book.apply(payload("DIFF", 9, [], []))
    assert "stale: PAPER:BTC/USDT: the book is at sequence 7" in ladder(book, 1)[0][1]
    found = json.loads(ladder_json(book, 1))
    assert (found["state"], found["sequence"]) == ("stale", 7)
    assert "the update follows 8" in found["fault"]
    assert found["bids"] == [["99.50", "1.0"]]


def test_an_empty_side_and_an_empty_book():
    """No division by nothing."""
    book = OrderBook(NAME, allow_stale=True)
    assert "there has been no snapshot yet" in ladder(book, 1)[0][1]
    assert json.loads(ladder_json(book, 1))["bids"] == []
    book.apply(payload("SNAPSHOT", 7, [], [["100.00", "4.0"]]))
    assert ("note", "one side is empty") in ladder(book, 5)
    book.apply(payload("SNAPSHOT", 8, [], []))
    assert ladder(book, 5)[1:] == [("note", "one side is empty")]


@pytest.mark.parametrize("protocol", ["json", "protobuf"])
def test_once_prints_one_state(cadenza, protocol):
    """As many levels as are asked for; plain, as nobody looks at a terminal."""
    found = cadenza("book", NAME, "--once", "-d", "3", "--protocol", protocol)
    assert (found.returncode, found.stderr) == (0, "")
    lines = found.stdout.splitlines()
    assert len(lines) == 9
    assert lines[4].startswith("spread ")
    assert "\x1b" not in found.stdout


def test_json_is_a_line_a_state(cadenza):
    """In the order of their sequences, as decimal strings."""
    found = cadenza("book", NAME, "--json", "-d", "2", "-n", "3", "--interval", "0")
    states = [json.loads(line) for line in found.stdout.splitlines()]
    assert [it["state"] for it in states] == ["live"] * 3
    numbers = [it["sequence"] for it in states]
    assert numbers == sorted(set(numbers))
    assert all(len(it["bids"]) == len(it["asks"]) == 2 for it in states)
    assert all(isinstance(text, str) for it in states for row in it["bids"] for text in row)


def test_an_instrument_that_is_none(cadenza):
    """Exit code 1 and what to check."""
    found = cadenza("book", "NO:NO/NO")
    assert (found.returncode, found.stdout) == (1, "")
    assert "the server has no such channel or instrument (yet)" in found.stderr


def test_ctrl_c_ends_it(start):
    """Exit code 130, without a traceback."""
    running = start("book", NAME, "--json")
    running.read()
    code, _, errors = running.end(signal.SIGINT)
    assert (code, errors) == (130, "")


@pytest.mark.parametrize("no_colour", ["", "1"])
def test_at_a_terminal_it_stays_in_place(terminal, no_colour):
    """Colours unless they are not wanted; Ctrl-C gives the cursor back."""
    watching = terminal("book", NAME, "-d", "2", NO_COLOR=no_colour)
    watching.read(b"spread", times=3)
    watching.process.send_signal(signal.SIGINT)
    assert watching.end() == 130
    assert b"\x1b[?25l" in watching.seen
    assert b"\x1b[?25h" in watching.seen
    assert (b"\x1b[32m" in watching.seen) != bool(no_colour)
    assert b"Traceback" not in watching.seen
