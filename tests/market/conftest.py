"""What the market's tests share: a listener that remembers, instruments, the recorded data."""

from __future__ import annotations

import msgspec
import pytest

from cadenza.market.instrument import make_instrument
from cadenza.market.market import Market
from cadenza.models import Venue
from support.market.captures import replayed


class Recorder:
    """Remembers what a market publishes and keeps each book as a plain subscriber would."""

    def __init__(self):
        self.books = []
        self.trades = []
        self.health = []
        self.raw = []
        self.copies = {}

    def on_book(self, instrument_id, payload, update_type):
        book = msgspec.json.decode(payload)
        assert book["updateType"] == update_type
        self.raw.append(payload)
        self.books.append(book)
        self.apply(self.copies.setdefault(instrument_id, {"bids": {}, "asks": {}}), book)

    def on_trade(self, instrument_id, payload):
        self.raw.append(payload)
        self.trades.append(msgspec.json.decode(payload))

    def on_book_health(self, instrument_id, fault):
        self.health.append((instrument_id, fault))

    @staticmethod
    def apply(copy, book):
        for side in ("bids", "asks"):
            if book["updateType"] == "SNAPSHOT":
                copy[side].clear()
            for price, quantity in book[side]:
                if quantity == "0":
                    del copy[side][price]
                else:
                    copy[side][price] = quantity


@pytest.fixture
def recorder():
    return Recorder()


@pytest.fixture
def heard(recorder):
    """A market, and the recorder that hears it."""
    market = Market()
    market.add_listener(recorder)
    return market


@pytest.fixture
def play(tmp_path, heard):
    """A function that replays a file of this text, or a folder of files of these texts."""

    async def run(content, **options):
        return await replayed(tmp_path / "recording", content, heard, **options)

    return run


@pytest.fixture
def shared_data(shared):
    return shared / "data"


@pytest.fixture(scope="session")
def instrument():
    """BINANCE:BTC/USDT in ticks of 0.01 and lots of 0.001."""
    return make_instrument(
        venue=Venue.BINANCE,
        base="BTC",
        quote="USDT",
        tick="0.01",
        lot="0.001",
        external_symbol="BTCUSDT",
        description="for tests",
    )
