"""The desk that quotes: a price for a quantity, good for a while, and taken once.

The paper venue has one dealer. It asks for what the displayed book would cost, the average over as
many levels as the quantity needs, and a spread on top. Its quotes live in memory: after a restart
there are none. A quote that is taken is filled by the dealer from outside the book, which sees
nothing of it; fees are a taker's, and come on top of the quoted price.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec
from msgspec import UNSET

from cadenza.market.errors import BookFaultError, UnknownInstrumentError
from cadenza.market.order_book import Level, OrderBook
from cadenza.models import OrderSide, OrderType, QuantityType, Quote, QuoteStatus, TimeInForce
from cadenza.trading.accounts.account import Account
from cadenza.trading.errors import (
    NoQuoteError,
    OrderTermsError,
    QuoteExpiredError,
    QuoteMismatchError,
    QuoteUsedError,
    UnknownQuoteError,
)
from cadenza.trading.exchange.terms import Terms
from cadenza.trading.exchange.traded_instrument import Desk
from cadenza.trading.ledger.fees import MILLION
from cadenza.trading.matching.events import Accepted, AnyEvent, Trade
from cadenza.trading.matching.rules import SHAPES
from cadenza.trading.orders.request import OrderRequest
from cadenza.trading.orders.state import OrderState

DEALER_ID: Final = str(uuid.uuid5(uuid.NAMESPACE_DNS, "dealer.paper.cadenza"))
"""The dealer's account."""

MOST_QUOTES: Final = 10_000
MOST_OF_ONE: Final = 100
"""Quotes kept in all and for one user; the oldest give way."""

LONGEST_TTL_MS: Final = 300_000
_BUY: Final = OrderSide.BUY


class QuoteAsk(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants a price for.

    Attributes:
        owner: Who asks.
        account_id: For which account; empty: any of the owner's.
        instrument_id: Of what; empty: the one between the two assets.
        base: The base asset; empty: any.
        quote: The quote asset; empty: any.
        side: What the trader would do.
        quantity: In the base asset; empty: see ``quote_quantity``.
        quote_quantity: What to pay or to get at most, in the quote asset.
        request_id: The trader's own name for it.
        ttl_ms: How long it shall be good.
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
    """A quote as the desk knows it.

    Attributes:
        quote_id: A UUID.
        ask: What it answers.
        desk: Of the instrument.
        lots: How much.
        price: Ticks.
        created_at: Milliseconds UTC.
        expire_at: Milliseconds UTC; at that moment it is over.
        order_id: The order that took it; empty: none has.
    """

    quote_id: str
    ask: QuoteAsk
    desk: Desk
    lots: int
    price: int
    created_at: int
    expire_at: int
    order_id: str = ""

    @property
    def quantity(self) -> str:
        """How much, as text."""
        return self.desk.listing.lots.format(self.lots)

    @property
    def quote_quantity(self) -> str:
        """What it comes to without fees, as text."""
        units = self.desk.units
        amount = units.cost(self.price, self.lots)
        return units.scales.format(self.desk.listing.id.quote, amount)


class QuoteDesk:
    """Quotes and remembers what it has quoted.

    Args:
        desks: What is traded, by instrument id.
        book: The displayed book of an instrument.
        fault: Why a book cannot be trusted; ``None``: it can.
        new_id: Makes quote ids, UUIDs.
        now: Milliseconds UTC.
        spread_ppm: What the dealer takes, in millionths of the price.
    """

    def __init__(
        self,
        desks: Mapping[str, Desk],
        book: Callable[[str], OrderBook],
        fault: Callable[[str], BookFaultError | None],
        new_id: Callable[[], str],
        now: Callable[[], int],
        *,
        spread_ppm: int,
    ) -> None:
        self._desks = desks
        self._book = book
        self._fault = fault
        self._new_id = new_id
        self._now = now
        self._spread_ppm = spread_ppm
        self._offers: OrderedDict[str, Offer] = OrderedDict()
        self._of_owner: dict[str, OrderedDict[str, None]] = {}

    def __len__(self) -> int:
        return len(self._offers)

    def quote(self, ask: QuoteAsk) -> Offer:
        """Make a quote.

        Raises:
            OrderTermsError: A field contradicts another.
            UnknownInstrumentError: There is no such instrument.
            FilterError: The instrument does not allow the quantity.
            BookFaultError: The book cannot be trusted just now.
            NoQuoteError: It does not show enough.
        """
        if ask.side is OrderSide.UNKNOWN:
            raise OrderTermsError("orderSide", "must be BUY or SELL")
        if bool(ask.quantity) is bool(ask.quote_quantity):
            raise OrderTermsError("quantity", "or quoteQuantity must be given, one of the two")
        desk = self._desk(ask)
        desk.filters.status()
        fault = self._fault(desk.instrument_id)
        if fault is not None:
            raise fault
        lots, price = self._priced(desk, ask)
        desk.filters.notional(price, lots)
        now = self._now()
        offer = Offer(
            quote_id=self._new_id(),
            ask=ask,
            desk=desk,
            lots=lots,
            price=price,
            created_at=now,
            expire_at=now + ask.ttl_ms,
        )
        self._keep(offer)
        return offer

    def good(self, account: Account, request: OrderRequest, now: int) -> Offer:
        """The quote that an order takes, if the order is what was quoted and in time.

        Raises:
            QuoteError: It is not.
        """
        offer = self._offers.get(request.quote_id)
        if offer is None or not _is_for(offer.ask, account):
            raise UnknownQuoteError(request.quote_id)
        if offer.order_id:
            raise QuoteUsedError(offer.quote_id, offer.order_id)
        # A quote counts in the steps of its desk, which ends when the instrument gets finer ones.
        if now >= offer.expire_at or self._desks.get(offer.desk.instrument_id) is not offer.desk:
            raise QuoteExpiredError(offer.quote_id, now - offer.expire_at)
        _check_same(offer, request)
        return offer

    def _desk(self, ask: QuoteAsk) -> Desk:
        if ask.instrument_id:
            desk = self._desks.get(ask.instrument_id)
            if desk is None:
                raise UnknownInstrumentError(ask.instrument_id, self._desks)
            for field, asked, found in (
                ("baseAsset", ask.base, desk.listing.id.base),
                ("quoteAsset", ask.quote, desk.listing.id.quote),
            ):
                if asked not in {"", found}:
                    raise OrderTermsError(field, f"of {ask.instrument_id} is {found}")
            return desk
        if not (ask.base and ask.quote):
            raise OrderTermsError("instrumentId", "is needed, or baseAsset and quoteAsset")
        for desk in self._desks.values():
            if (desk.listing.id.base, desk.listing.id.quote) == (ask.base, ask.quote):
                return desk
        raise OrderTermsError("baseAsset", "and quoteAsset are those of no instrument here")

    def _priced(self, desk: Desk, ask: QuoteAsk) -> tuple[int, int]:
        """Lots, and the price for them in ticks."""
        book = self._book(desk.instrument_id)
        side = book.asks if ask.side is _BUY else book.bids
        if ask.quantity:
            lots = desk.filters.quantity(ask.quantity)
            cost, found = _cost(side.levels(), lots)
            if found < lots:
                raise _too_thin(desk, found)
            return lots, self._price(ask.side, cost, lots)
        field = "quoteQuantity"
        budget = desk.filters.budget(ask.quote_quantity, field)
        lots = self._affordable(desk, side.levels(), budget, ask.side)
        lots = desk.filters.quantity(desk.listing.lots.format(lots), field=field)
        price = self._price(ask.side, _cost(side.levels(), lots)[0], lots)
        lots = min(lots, budget // price)  # the price is of a whole tick
        return desk.filters.quantity(desk.listing.lots.format(lots), field=field), price

    def _price(self, side: OrderSide, cost: int, lots: int) -> int:
        """The average with the spread, to the tick that is the dealer's."""
        if side is _BUY:
            return -(-cost * (MILLION + self._spread_ppm) // (lots * MILLION))
        return max(1, cost * (MILLION - self._spread_ppm) // (lots * MILLION))

    def _affordable(self, desk: Desk, levels: Iterable[Level], budget: int, side: OrderSide) -> int:
        spread = self._spread_ppm if side is _BUY else -self._spread_ppm
        left, lots = budget * MILLION // (MILLION + spread), 0
        for level in levels:
            taken = min(level.lots, left // level.ticks)
            left -= taken * level.ticks
            lots += taken
            if taken < level.lots:
                return lots
        raise _too_thin(desk, lots)

    def _keep(self, offer: Offer) -> None:
        mine = self._of_owner.setdefault(offer.ask.owner, OrderedDict())
        if len(mine) >= MOST_OF_ONE:
            self._drop(next(iter(mine)))
        elif len(self._offers) >= MOST_QUOTES:
            self._drop(next(iter(self._offers)))
        self._of_owner.setdefault(offer.ask.owner, OrderedDict())[offer.quote_id] = None
        self._offers[offer.quote_id] = offer

    def _drop(self, quote_id: str) -> None:
        owner = self._offers.pop(quote_id).ask.owner
        mine = self._of_owner[owner]
        del mine[quote_id]
        if not mine:
            del self._of_owner[owner]


def quote_record(offer: Offer) -> Quote:
    """A quote as the payload of both surfaces."""
    ask, found = offer.ask, offer.desk.listing.id
    return Quote(
        quote_id=offer.quote_id,
        dealer_account_id=DEALER_ID,
        base_asset=found.base,
        quote_asset=found.quote,
        order_side=ask.side,
        quantity=offer.quantity,
        quote_quantity=offer.quote_quantity,
        price=offer.desk.listing.ticks.format(offer.price),
        status=QuoteStatus.CREATED,
        created_at=offer.created_at,
        expire_at=offer.expire_at,
        quote_request_id=ask.request_id or UNSET,
        venue=found.venue,
        instrument_id=offer.desk.instrument_id,
        trader_account_id=ask.account_id or UNSET,
        quantity_type=QuantityType.BASE if ask.quantity else QuantityType.QUOTE,
        updated_at=offer.created_at,
        pricing_profile_id=ask.profile_id or UNSET,
    )


def _is_for(ask: QuoteAsk, account: Account) -> bool:
    return ask.owner == account.owner and ask.account_id in {"", account.account_id}


def _check_same(offer: Offer, request: OrderRequest) -> None:
    """The order's terms are the quote's, or left out; numbers may be written differently."""
    ask, listing = offer.ask, offer.desk.listing
    for field, asked, offered in (
        ("instrumentId", request.instrument_id or offer.desk.instrument_id, str(listing.id)),
        ("orderSide", request.side.value, ask.side.value),
    ):
        if asked != offered:
            raise QuoteMismatchError(offer.quote_id, field, asked, offered)
    if request.limit_price and offer.desk.filters.price(request.limit_price) != offer.price:
        price = listing.ticks.format(offer.price)
        raise QuoteMismatchError(offer.quote_id, "limitPrice", request.limit_price, price)
    if request.quantity_type is QuantityType.QUOTE:
        scales, asset = offer.desk.units.scales, listing.id.quote
        cost = offer.desk.units.cost(offer.price, offer.lots)
        is_same = scales.parse(asset, request.quantity) == cost
        offered = offer.quote_quantity
    else:
        is_base = request.quantity_type is QuantityType.BASE
        is_same = is_base and offer.desk.filters.quantity(request.quantity) == offer.lots
        offered = offer.quantity
    if not is_same:
        raise QuoteMismatchError(offer.quote_id, "quantity", request.quantity, offered)


def _cost(levels: Iterable[Level], lots: int) -> tuple[int, int]:
    """What lots cost in a book, in lots times ticks, and how many of them it shows."""
    cost, left = 0, lots
    for level in levels:
        taken = min(left, level.lots)
        cost += taken * level.ticks
        left -= taken
        if not left:
            break
    return cost, lots - left


def _too_thin(desk: Desk, lots: int) -> NoQuoteError:
    nearest = desk.listing.lots.format(lots) if lots >= desk.filters.min_lots else ""
    return NoQuoteError(desk.instrument_id, "the book does not show that much", nearest)


DEALER: Final = "@dealer"
"""The owner on the other side; it is no customer and has no account in the ledger."""

_AT_ONCE: Final = (None, TimeInForce.IOC, TimeInForce.FOK)
_FILL_OR_KILL: Final = SHAPES[OrderType.LIMIT, TimeInForce.FOK]


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
    """What an engine would say, had the order met the dealer in its book."""
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
