"""The venues whose messages are understood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from cadenza.market.venues.binance import BinanceDecoder
from cadenza.market.venues.bybit import BybitDecoder
from cadenza.market.venues.coinbase import CoinbaseDecoder
from cadenza.market.venues.decoder import Instruments, VenueDecoder
from cadenza.market.venues.deribit import DeribitDecoder
from cadenza.market.venues.kraken import KrakenDecoder
from cadenza.market.venues.okx import OkxDecoder

VENUES: Final[tuple[type[VenueDecoder], ...]] = (
    BinanceDecoder,
    OkxDecoder,
    KrakenDecoder,
    CoinbaseDecoder,
    BybitDecoder,
    DeribitDecoder,
)


def find_decoder(
    address: str, messages: Sequence[Any], instruments: Instruments | None = None
) -> VenueDecoder | None:
    """A decoder for a connection; ``None`` if it is no known venue's.

    Args:
        address: Where it leads; empty if that is not known.
        messages: Its first messages, decoded.
        instruments: What other connections of the same market know.
    """
    # A proxy's address tells nothing, but the messages may.
    for known in dict.fromkeys((address, "")):
        for venue in VENUES:
            if venue.recognises(known, messages):
                return venue.open(address, messages, instruments)
    return None
