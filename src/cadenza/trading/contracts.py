"""Contracts: which of them are charged right money when they trade as goods for money do.

The venue books a trade as price times quantity, in the quote asset. That is right for spot, and for
a linear contract whose quantities are in the coin, as Binance (USD-M), Bybit (linear) and Deribit
(USDC) have them: one BTC of the contract costs its price. It is wrong for an inverse contract,
which is worth a number of dollars and settled in coins (100 USD each in Binance's COIN-M), and for
one that counts in contracts of another size (OKX), so nothing of these is traded.

Sources: the venues' own descriptions of their contracts: ``contractSize`` of Binance's
``GET /dapi/v1/exchangeInfo``, ``ctVal`` and ``ctType`` of OKX' ``GET /api/v5/public/instruments``,
``category=linear`` of Bybit's ``GET /v5/market/instruments-info``, ``contract_size`` of Deribit's
``public/get_instruments``.
"""

from __future__ import annotations

from typing import Final

from cadenza.models import Instrument, InstrumentType, Venue

_DOLLARS: Final = frozenset({"USDT", "USDC", "FDUSD", "BUSD", "USD1"})

_LINEAR: Final = {
    Venue.BINANCE: _DOLLARS,
    Venue.DERIBIT: frozenset({"USDC", "USDT"}),
    Venue.MOCK: frozenset({"USDC", "USDT"}),  # recordings of Bybit
}
"""The assets in which contracts of a venue are linear, and count in the coin."""

_DERIVED: Final = frozenset({InstrumentType.FUTURES, InstrumentType.PERPETUAL})


def is_contract(instrument: Instrument) -> bool:
    """Whether it is anything else than goods for money."""
    return instrument.instrument_type is not InstrumentType.SPOT


def why_not(instrument: Instrument) -> str:
    """The reason why orders on an instrument would be charged wrong money; empty: they are not."""
    if not is_contract(instrument):
        return ""
    kind, quote = instrument.instrument_type, instrument.quote_asset
    if kind in _DERIVED and quote in _LINEAR.get(instrument.venue, ()):
        return ""
    if kind in _DERIVED and quote == "USD":
        return (
            f"an inverse {kind} is worth a number of {quote} and settled in coins,"
            " which this venue cannot charge for"
        )
    return f"the size of one {kind} contract of {instrument.venue} is not known here"
