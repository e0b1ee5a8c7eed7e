"""Finds the instruments that a request is about."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from msgspec import UNSET, UnsetType

from cadenza.gateway.api.errors import OperationError, cut
from cadenza.gateway.operations import error_table as errors
from cadenza.market.market import Market
from cadenza.models import Instrument, InstrumentFilter, Venue

LONGEST_ID: Final = 120
"""Characters; longer texts are not searched for a name that is near."""


def instrument_of(market: Market, instrument_id: str) -> Instrument:
    """The instrument with this id.

    Raises:
        OperationError: The text is far too long for an id.
        UnknownInstrumentError: There is no such instrument.
    """
    if len(instrument_id) > LONGEST_ID:
        message = f'"{cut(instrument_id)}" is too long for an instrument id'
        raise OperationError(errors.INVALID_INSTRUMENT, message, field="instrumentId")
    return market.listing(instrument_id).instrument


def select(market: Market, wanted: InstrumentFilter) -> tuple[Instrument, ...]:
    """The instruments that fit every filter, in the order asked for or else of declaration.

    Raises:
        UnknownInstrumentError: One that is named by its id does not exist.
    """
    if wanted.instrument_ids is not UNSET:
        names = dict.fromkeys(wanted.instrument_ids)  # each once
        found = [instrument_of(market, name) for name in names]
    else:
        found = list(market.instruments())
    return tuple(one for one in found if _fits(one, wanted.venue, wanted.symbols))


def _fits(one: Instrument, venue: Venue | UnsetType, symbols: Collection[str] | UnsetType) -> bool:
    if venue is not UNSET and one.venue is not venue:
        return False
    return symbols is UNSET or one.symbol in symbols
