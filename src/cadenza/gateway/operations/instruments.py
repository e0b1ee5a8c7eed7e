"""Operations about venues, instruments and securities, and how others find an instrument."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final

from msgspec import UNSET, UnsetType

from cadenza.gateway.api import errors
from cadenza.gateway.api.errors import OperationError, cut
from cadenza.gateway.api.operation import Caller, NoParams, Operation, Reply, RestForm, RpcForm
from cadenza.gateway.api.results import page
from cadenza.market.market import Market
from cadenza.models import (
    FinancialSecurity,
    Instrument,
    InstrumentFilter,
    ListInstrumentsQuery,
    ListSecuritiesQuery,
    MarketVenue,
    RpcInstrument,
    RpcListInstrumentsParams,
    RpcListSecuritiesParams,
    RpcSecurity,
    SecurityRecord,
    SecurityType,
    Venue,
    VenueStatus,
)

LONGEST_ID: Final = 120
"""Characters; longer texts are not searched for a name that is near."""


def check_id(instrument_id: str, field: str = "instrumentId") -> None:
    """Refuse what is far too long for an instrument id.

    Raises:
        OperationError: The text is.
    """
    if len(instrument_id) > LONGEST_ID:
        message = f'"{cut(instrument_id)}" is too long for an instrument id'
        raise OperationError(errors.INVALID_INSTRUMENT, message, field=field)


def instrument_of(market: Market, instrument_id: str) -> Instrument:
    """The instrument with this id.

    Raises:
        OperationError: The text is far too long for an id.
        UnknownInstrumentError: There is no such instrument.
    """
    check_id(instrument_id)
    return market.listing(instrument_id).instrument


def instruments_of(market: Market, wanted: InstrumentFilter) -> tuple[Instrument, ...]:
    """The instruments that fit every filter, in the order asked for or else of declaration.

    Raises:
        UnknownInstrumentError: One that is named by its id does not exist.
    """
    if wanted.instrument_ids is not UNSET:
        names = dict.fromkeys(wanted.instrument_ids)  # each once
        found = [instrument_of(market, name) for name in names]
    else:
        found = list(market.instruments())
    return tuple(
        one
        for one in found
        if (wanted.venue is UNSET or one.venue is wanted.venue)
        and (wanted.symbols is UNSET or one.symbol in wanted.symbols)
    )


class ListSecurities(RpcListSecuritiesParams, frozen=True, kw_only=True, rename="camel"):
    """A question for securities, as both surfaces ask it; RPC has no pages."""

    security_id: str | UnsetType = UNSET
    limit: int | UnsetType = UNSET
    offset: int = 0


class Listings:
    """Answers from the instruments of a market.

    Args:
        market: Where they are declared.
    """

    def __init__(self, market: Market) -> None:
        self._market = market

    def venues(self, _: Caller, __: NoParams) -> Reply:
        """Venues with instruments; one is OFFLINE when none of its books can be trusted."""
        stale: dict[Venue, bool] = {}
        for one in self._market.instruments():
            fault = self._market.fault(one.instrument_id)
            stale[one.venue] = stale.get(one.venue, True) and fault is not None
        status = {True: VenueStatus.OFFLINE, False: VenueStatus.ONLINE}
        found = [MarketVenue(venue=venue, status=status[off]) for venue, off in stale.items()]
        return Reply(tuple(found))

    def instruments(self, _: Caller, wanted: RpcListInstrumentsParams) -> Reply:
        """Instruments that fit every filter."""
        found = [one for one in self._market.instruments() if _fits(one, wanted)]
        return Reply(*page(found, wanted.limit, wanted.offset))

    def securities(self, _: Caller, wanted: ListSecurities) -> Reply:
        """The assets that instruments trade, a venue at a time."""
        found = [one for one in _securities(self._market.instruments()) if _is_asked(one, wanted)]
        return Reply(*page(found, wanted.limit, wanted.offset))


def _fits(one: Instrument, wanted: RpcListInstrumentsParams) -> bool:
    kinds = (one.base_security_type, one.quote_security_type)
    return (
        (wanted.venue is UNSET or one.venue is wanted.venue)
        and (wanted.symbols is UNSET or one.symbol in wanted.symbols)
        and (wanted.security_type is UNSET or wanted.security_type in kinds)
        and (wanted.instrument_status is UNSET or one.status is wanted.instrument_status)
    )


def _is_asked(one: SecurityRecord, wanted: ListSecurities) -> bool:
    names = (one.symbol, one.security_id)
    return (
        (wanted.venue is UNSET or one.venue is wanted.venue)
        and (wanted.security_id is UNSET or one.security_id == wanted.security_id)
        and (wanted.securities is UNSET or any(name in wanted.securities for name in names))
        and (wanted.external_symbols is UNSET or one.external_symbol in wanted.external_symbols)
    )


def _securities(instruments: Iterable[Instrument]) -> list[SecurityRecord]:
    """Every asset of every venue once, in the order of its first instrument."""
    bases: dict[tuple[Venue, str], list[Instrument]] = {}
    quotes: dict[tuple[Venue, str], list[Instrument]] = {}
    order: dict[tuple[Venue, str], None] = {}
    for one in instruments:
        base, quote = (one.venue, one.base_asset), (one.venue, one.quote_asset)
        order |= {base: None, quote: None}
        bases.setdefault(base, []).append(one)
        quotes.setdefault(quote, []).append(one)
    return [_security(*key, bases.get(key, ()), quotes.get(key, ())) for key in order]


def _security(
    venue: Venue, asset: str, bases: Sequence[Instrument], quotes: Sequence[Instrument]
) -> SecurityRecord:
    kinds = [one.base_security_type for one in bases]
    kinds += [one.quote_security_type for one in quotes]
    known = [kind for kind in kinds if isinstance(kind, SecurityType)]
    places = [one.base_precision for one in bases] + [one.quote_precision for one in quotes]
    steps: dict[str, Any] = {}
    if bases:
        steps["lot_size"] = min((one.lot_size for one in bases), key=Decimal)
        steps["min_quantity"] = min((one.min_quantity for one in bases), key=Decimal)
    return SecurityRecord(
        security_id=f"{venue}:{asset}",
        symbol=asset,
        external_symbol=asset,
        venue=venue,
        security_type=known[0] if known else UNSET,
        precision=max(places),
        scale=max(places),
        **steps,
    )


def _names(venues: tuple[MarketVenue, ...]) -> tuple[Venue, ...]:
    return tuple(found.venue for found in venues)


def listing_operations(market: Market) -> tuple[Operation, ...]:
    """Venues, instruments and securities."""
    listings = Listings(market)
    return (
        Operation(
            name="query.venue.list",
            doc="Venues with instruments; over RPC their bare names.",
            run=listings.venues,
            rpc=RpcForm(method="query.venue.list", result=tuple[Venue, ...], show=_names),
            rest=RestForm(http="GET", path="market/venue/list", result=tuple[MarketVenue, ...]),
        ),
        Operation(
            name="query.instrument.list",
            doc="Instruments with their steps and limits.",
            run=listings.instruments,
            request=RpcListInstrumentsParams,
            rpc=RpcForm(
                method="query.instrument.list",
                params=RpcListInstrumentsParams,
                result=tuple[RpcInstrument, ...],
                paginated=True,
            ),
            rest=RestForm(
                http="GET",
                path="market/instrument/list",
                params=ListInstrumentsQuery,
                result=tuple[Instrument, ...],
                paginated=True,
            ),
        ),
        Operation(
            name="query.security.list",
            doc="The assets that instruments trade, a venue at a time.",
            run=listings.securities,
            request=ListSecurities,
            rpc=RpcForm(
                method="query.security.list",
                params=RpcListSecuritiesParams,
                result=tuple[RpcSecurity, ...],
            ),
            rest=RestForm(
                http="GET",
                path="market/security/list",
                params=ListSecuritiesQuery,
                result=tuple[FinancialSecurity, ...],
                paginated=True,
            ),
        ),
    )
