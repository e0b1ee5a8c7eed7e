"""Builds instrument payloads from the few facts a feed has."""

from __future__ import annotations

from collections.abc import Iterable

from cadenza.models import (
    Instrument,
    InstrumentStatus,
    InstrumentType,
    OrderType,
    SecurityType,
    TimeInForce,
    Venue,
)

ORDER_TYPES = (OrderType.MARKET, OrderType.LIMIT)
TIME_IN_FORCE = (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)
MAX_LOTS = 10**12
"""The largest order, in lots: far from any limit of an integer or a JSON reader."""

# Eight decimals is the finest quantity step of the spot venues recorded so far.
FINEST_LOT = "0.00000001"


def make_instrument(
    *,
    venue: Venue,
    base: str,
    quote: str,
    tick: str,
    lot: str,
    external_symbol: str,
    description: str,
    instrument_type: InstrumentType = InstrumentType.SPOT,
    base_security_type: SecurityType = SecurityType.CRYPTO,
    quote_security_type: SecurityType = SecurityType.CRYPTO,
) -> Instrument:
    """An active instrument with its steps as given and limits derived from them.

    ``baseAsset`` and ``quoteAsset`` are the two halves of the symbol, so that a reader can build
    the id from them; of a contract the base is the contract ("BTC-PERP"), not the coin.
    """
    symbol = f"{base}/{quote}"
    return Instrument(
        instrument_id=f"{venue}:{symbol}",
        venue=venue,
        symbol=symbol,
        external_symbol=external_symbol,
        description=description,
        instrument_type=instrument_type,
        status=InstrumentStatus.ACTIVE,
        base_asset=base,
        quote_asset=quote,
        base_security_type=base_security_type,
        quote_security_type=quote_security_type,
        base_precision=decimals(lot),
        quote_precision=decimals(tick),
        base_max_significant=None,
        quote_max_significant=None,
        base_scale=decimals(lot),
        quote_scale=decimals(tick),
        lot_size=lot,
        pip_size=tick,
        min_quantity=lot,
        max_quantity=_shifted(MAX_LOTS, decimals(lot)),
        min_notional="0",
        order_types=ORDER_TYPES,
        time_in_force_options=TIME_IN_FORCE,
    )


def decimals(text: str) -> int:
    """Digits after the point of a decimal string, trailing zeros included."""
    return len(text.partition(".")[2])


def finest_step(texts: Iterable[str]) -> str:
    """The power of ten that divides every one of these decimal strings as they are written."""
    places = max(map(decimals, texts), default=0)
    return _shifted(1, places)


def _shifted(units: int, places: int) -> str:
    if not places:
        return str(units)
    whole, fraction = divmod(units, 10**places)
    return f"{whole}.{fraction:0{places}d}" if fraction else str(whole)
