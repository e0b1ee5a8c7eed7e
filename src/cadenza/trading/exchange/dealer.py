"""The dealer: quotes a price for a quantity, good for a while and taken at most once.

The paper venue has one. Its price is what the displayed book would cost, the average over as many
levels as the quantity needs, with a spread on top. Its quotes live in memory: after a restart
there are none. A quote that is taken is filled by the dealer from outside the book, which sees
nothing of it; fees are a taker's, and come on top of the quoted price.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from cadenza.market.errors import UnknownInstrumentError
from cadenza.market.market import Market
from cadenza.market.order_book import Level
from cadenza.models import OrderSide, OrderType, QuantityType, TimeInForce
from cadenza.trading.accounts.account import Account
from cadenza.trading.errors import (
    NoQuoteError,
    NotTradableError,
    OrderTermsError,
    QuoteExpiredError,
    QuoteMismatchError,
    QuoteUsedError,
    UnknownQuoteError,
)
from cadenza.trading.exchange.terms import Terms
from cadenza.trading.exchange.traded_instrument import TradedInstrument
from cadenza.trading.ledger.fees import MILLION
from cadenza.trading.matching.events import Accepted, AnyEvent, Trade
from cadenza.trading.matching.rules import SHAPES
from cadenza.trading.orders.request import OrderRequest
from cadenza.trading.orders.state import OrderState

DEALER_ID: Final = str(uuid.uuid5(uuid.NAMESPACE_DNS, "dealer.paper.cadenza"))
"""The dealer's account, as the API names it."""

DEALER: Final = "@dealer"
"""Owner of the other side of a quoted trade; it is no customer, and the ledger has no account."""

MOST_QUOTES: Final = 10_000
"""How many quotes are kept in all; the oldest give way."""

MOST_OF_ONE: Final = 100
"""How many quotes are kept for one user; the oldest give way."""

LONGEST_TTL_MS: Final = 300_000
"""The longest time that a quote may be asked for."""

_BUY: Final = OrderSide.BUY
_AT_ONCE: Final = (None, TimeInForce.IOC, TimeInForce.FOK)
_FILL_OR_KILL: Final = SHAPES[OrderType.LIMIT, TimeInForce.FOK]


class QuoteRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request for a price. Quantities are decimal strings; empty strings mean "not given".

    Attributes:
        owner: The user who asks.
        account_id: The account that may take the quote; empty: any of the owner's.
        instrument_id: The instrument; empty: the one between the two assets.
        base: The base asset; empty: any.
        quote: The quote asset; empty: any.
        side: What the trader would do, BUY or SELL.
        quantity: Amount of the base asset; empty: ``quote_quantity`` is given.
        quote_quantity: The most to pay, or the most to get, of the quote asset.
        request_id: The trader's own name for the request.
        ttl_ms: How long the quote shall be good, milliseconds.
        profile_id: The pricing profile, given back as it came.
    """

    owner: str
    account_id: str = ""
    instrument_id: str = ""
    base: str = ""
    quote: str = ""
    side: OrderSide
    quantity: str = ""
    quote_quantity: str = ""
    request_id: str = ""
    ttl_ms: int = 10_000
    profile_id: str = ""


class Offer(msgspec.Struct, kw_only=True):
    """A quote as the dealer remembers it.

    Attributes:
        quote_id: A UUID.
        request: The request that it answers.
        instrument: The instrument.
        lots: Quantity, in lots.
        price: Price, in ticks.
        created_at: Milliseconds UTC.
        expire_at: Milliseconds UTC; from that moment on it cannot be taken.
        order_id: The order that took it; empty: none has.
    """

    quote_id: str
    request: QuoteRequest
    instrument: TradedInstrument
    lots: int
    price: int
    created_at: int
    expire_at: int
    order_id: str = ""

    @property
    def quantity(self) -> str:
        """Its quantity as a decimal string."""
        return self.instrument.listing.lots.format(self.lots)

    @property
    def quote_quantity(self) -> str:
        """Its cost without fees as a decimal string of the quote asset."""
        units = self.instrument.units
        amount = units.cost(self.price, self.lots)
        return units.scales.format(self.instrument.listing.id.quote, amount)


class Dealer:
    """Quotes prices, and remembers what it has quoted.

    Args:
        instruments: The instruments that are traded, by id; read at every quote.
        market: Shows the books, and says which of them cannot be trusted.
        new_id: Makes quote ids, UUIDs.
        now: Milliseconds UTC.
        spread_ppm: The dealer's margin, in millionths of the price.
        refused: Why other instruments of the market are not traded, by id.
    """

    def __init__(
        self,
        instruments: Mapping[str, TradedInstrument],
        market: Market,
        new_id: Callable[[], str],
        now: Callable[[], int],
        *,
        spread_ppm: int,
        refused: Mapping[str, NotTradableError] | None = None,
    ) -> None:
        self._refused: Mapping[str, NotTradableError] = refused if refused is not None else {}
        self._instruments = instruments
        self._market = market
        self._new_id = new_id
        self._now = now
        self._spread_ppm = spread_ppm
        self._offers: OrderedDict[str, Offer] = OrderedDict()
        self._of_owner: dict[str, OrderedDict[str, None]] = {}

    def __len__(self) -> int:
        return len(self._offers)

    def quote(self, request: QuoteRequest) -> Offer:
        """Make a quote.

        Raises:
            OrderTermsError: A field contradicts another.
            UnknownInstrumentError: There is no such instrument.
            FilterError: The instrument does not allow the quantity.
            BookFaultError: The book cannot be trusted just now.
            NoQuoteError: It does not show enough.
        """
        if request.side is OrderSide.UNKNOWN:
            raise OrderTermsError("orderSide", "must be BUY or SELL")
        if bool(request.quantity) is bool(request.quote_quantity):
            raise OrderTermsError("quantity", "or quoteQuantity must be given, one of the two")
        instrument = self._instrument(request)
        instrument.filters.status()
        fault = self._market.fault(instrument.instrument_id)
        if fault is not None:
            raise fault
        lots, price = self._priced(instrument, request)
        instrument.filters.notional(price, lots)
        now = self._now()
        offer = Offer(
            quote_id=self._new_id(),
            request=request,
            instrument=instrument,
            lots=lots,
            price=price,
            created_at=now,
            expire_at=now + request.ttl_ms,
        )
        self._keep(offer)
        return offer

    def named(self, owner: str, request_id: str) -> Offer | None:
        """The quote of an owner's request by its name, if it can still be taken."""
        now = self._now()
        for quote_id in reversed(self._of_owner.get(owner, ())):
            offer = self._offers[quote_id]
            if offer.request.request_id == request_id:
                return offer if now < offer.expire_at and not offer.order_id else None
        return None

    def offer_for(self, account: Account, request: OrderRequest, now: int) -> Offer:
        """The offer that an order wants to take, if the order is as quoted and in time.

        Raises:
            QuoteError: There is no such offer, or it cannot be taken like this.
        """
        offer = self._offers.get(request.quote_id)
        if offer is None or not _is_for(offer.request, account):
            raise UnknownQuoteError(request.quote_id)
        if offer.order_id:
            raise QuoteUsedError(offer.quote_id, offer.order_id)
        # A quote counts in the steps of its instrument, which is listed anew if it gets finer ones.
        instrument = offer.instrument
        is_listed = self._instruments.get(instrument.instrument_id) is instrument
        if now >= offer.expire_at or not is_listed:
            raise QuoteExpiredError(offer.quote_id, now - offer.expire_at)
        _check_same(offer, request)
        return offer

    def taken(self, offer: Offer, order_id: str) -> None:
        """Note which order has taken an offer; no other can."""
        offer.order_id = order_id

    def _instrument(self, request: QuoteRequest) -> TradedInstrument:
        if request.instrument_id:
            instrument = self._instruments.get(request.instrument_id)
            if instrument is None:
                refusal = self._refused.get(request.instrument_id)
                if refusal is not None:
                    raise NotTradableError(request.instrument_id, refusal.problem)
                raise UnknownInstrumentError(request.instrument_id, self._instruments)
            for field, asked, found in (
                ("baseAsset", request.base, instrument.listing.id.base),
                ("quoteAsset", request.quote, instrument.listing.id.quote),
            ):
                if asked not in {"", found}:
                    raise OrderTermsError(field, f"of {request.instrument_id} is {found}")
            return instrument
        if not (request.base and request.quote):
            raise OrderTermsError("instrumentId", "is needed, or baseAsset and quoteAsset")
        pair = request.base, request.quote
        for instrument in self._instruments.values():
            if (instrument.listing.id.base, instrument.listing.id.quote) == pair:
                return instrument
        raise OrderTermsError("baseAsset", "and quoteAsset are those of no instrument here")

    def _priced(self, instrument: TradedInstrument, request: QuoteRequest) -> tuple[int, int]:
        """Lots, and the price for them in ticks."""
        book = self._market.book(instrument.instrument_id)
        side = book.asks if request.side is _BUY else book.bids
        if request.quantity:
            lots = instrument.filters.quantity(request.quantity)
            cost, found = _cost(side.levels(), lots)
            if found < lots:
                raise _too_thin(instrument, found)
            return lots, self._price(request.side, cost, lots)
        field = "quoteQuantity"
        budget = instrument.filters.budget(request.quote_quantity, field)
        lots = self._affordable(instrument, side.levels(), budget, request.side)
        lots = instrument.filters.quantity(instrument.listing.lots.format(lots), field=field)
        price = self._price(request.side, _cost(side.levels(), lots)[0], lots)
        lots = min(lots, budget // price)  # the price is of a whole tick
        return instrument.filters.quantity(instrument.listing.lots.format(lots), field=field), price

    def _price(self, side: OrderSide, cost: int, lots: int) -> int:
        """The average price with the spread, rounded to a tick in favour of the dealer."""
        if side is _BUY:
            return -(-cost * (MILLION + self._spread_ppm) // (lots * MILLION))
        return max(1, cost * (MILLION - self._spread_ppm) // (lots * MILLION))

    def _affordable(
        self, instrument: TradedInstrument, levels: Iterable[Level], budget: int, side: OrderSide
    ) -> int:
        spread = self._spread_ppm if side is _BUY else -self._spread_ppm
        left, lots = budget * MILLION // (MILLION + spread), 0
        for level in levels:
            taken = min(level.lots, left // level.ticks)
            left -= taken * level.ticks
            lots += taken
            if taken < level.lots:
                return lots
        raise _too_thin(instrument, lots)

    def _keep(self, offer: Offer) -> None:
        mine = self._of_owner.setdefault(offer.request.owner, OrderedDict())
        if len(mine) >= MOST_OF_ONE:
            self._drop(next(iter(mine)))
        elif len(self._offers) >= MOST_QUOTES:
            self._drop(next(iter(self._offers)))
        self._of_owner.setdefault(offer.request.owner, OrderedDict())[offer.quote_id] = None
        self._offers[offer.quote_id] = offer

    def _drop(self, quote_id: str) -> None:
        owner = self._offers.pop(quote_id).request.owner
        mine = self._of_owner[owner]
        del mine[quote_id]
        if not mine:
            del self._of_owner[owner]


def quoted_terms(request: OrderRequest, *, lots: int, price: int) -> Terms:
    """The terms of a QUOTED order: all of it at once, at exactly this price.

    Raises:
        OrderTermsError: It has a field that goes with other types only.
    """
    for field, value in (
        ("stopPrice", request.stop_price),
        ("trailingDistance", request.trailing_distance),
        ("visibleQuantity", request.visible_quantity),
        ("expireAt", request.expire_at),
        ("contingencyType", request.contingency),
        ("takeProfitPrice", request.take_profit),
        ("stopLossPrice", request.stop_loss),
    ):
        if value:
            raise OrderTermsError(field, "is not for QUOTED")
    if request.time_in_force not in _AT_ONCE:
        raise OrderTermsError("timeInForce", "of QUOTED is FOK: it is filled at once")
    return Terms(
        side=request.side,
        type=OrderType.QUOTED,
        time_in_force=TimeInForce.FOK,
        shape=_FILL_OR_KILL,
        lots=lots,
        limit=price,
    )


def quoted_fill(order: OrderState, offer: Offer, now: int) -> list[AnyEvent]:
    """The events of an engine, had the order met the dealer in its book."""
    trade = Trade(
        at=now,
        trade_id=uuid.UUID(offer.quote_id).int,  # like no trade of a market
        price=offer.price,
        lots=offer.lots,
        aggressor=order.side,
        maker_id="",
        taker_id=order.order_id,
        maker_owner=DEALER,
        taker_owner=order.account_id,
        maker_leaves=0,
        taker_leaves=0,
    )
    return [Accepted(at=now, order_id=order.order_id), trade]


def _is_for(request: QuoteRequest, account: Account) -> bool:
    return request.owner == account.owner and request.account_id in {"", account.account_id}


def _check_same(offer: Offer, request: OrderRequest) -> None:
    """Refuse an order with terms of its own; the same numbers may be written differently."""
    asked_for, listing = offer.request, offer.instrument.listing
    for field, asked, offered in (
        ("instrumentId", request.instrument_id or offer.instrument.instrument_id, str(listing.id)),
        ("orderSide", request.side.value, asked_for.side.value),
    ):
        if asked != offered:
            raise QuoteMismatchError(offer.quote_id, field, asked, offered)
    if request.limit_price and offer.instrument.filters.price(request.limit_price) != offer.price:
        price = listing.ticks.format(offer.price)
        raise QuoteMismatchError(offer.quote_id, "limitPrice", request.limit_price, price)
    if request.quantity_type is QuantityType.QUOTE:
        scales, asset = offer.instrument.units.scales, listing.id.quote
        cost = offer.instrument.units.cost(offer.price, offer.lots)
        is_same = scales.parse(asset, request.quantity) == cost
        offered = offer.quote_quantity
    else:
        is_base = request.quantity_type is QuantityType.BASE
        is_same = is_base and offer.instrument.filters.quantity(request.quantity) == offer.lots
        offered = offer.quantity
    if not is_same:
        raise QuoteMismatchError(offer.quote_id, "quantity", request.quantity, offered)


def _cost(levels: Iterable[Level], lots: int) -> tuple[int, int]:
    """The cost of lots in a book, in lots times ticks, and how many of them it shows."""
    cost, left = 0, lots
    for level in levels:
        taken = min(left, level.lots)
        cost += taken * level.ticks
        left -= taken
        if not left:
            break
    return cost, lots - left


def _too_thin(instrument: TradedInstrument, lots: int) -> NoQuoteError:
    nearest = instrument.listing.lots.format(lots) if lots >= instrument.filters.min_lots else ""
    return NoQuoteError(instrument.instrument_id, "the book does not show that much", nearest)
