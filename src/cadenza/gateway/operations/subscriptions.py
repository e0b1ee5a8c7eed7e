"""Operations about stored subscriptions to market data.

In the API these tell a backend which instruments to feed. Here the operator chose the feed, and
every instrument is always fed: so every subscription that can exist has been ACTIVE since the
start, and subscribing is answered with it each time. One that a user ends is TERMINATED for that
user until subscribing again, and the feed and the channels go on. An id is made of what it names,
the same after every restart. Listening to a channel needs none of this.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Final

import msgspec
from msgspec import UNSET

from cadenza.gateway.api import errors
from cadenza.gateway.api.errors import OperationError
from cadenza.gateway.api.operation import Caller, Operation, Reply, RestForm, RpcForm
from cadenza.gateway.api.views import view
from cadenza.gateway.operations.instruments import instrument_of, instruments_of
from cadenza.gateway.operations.switches import EndedSubscriptions
from cadenza.market.market import Market
from cadenza.models import (
    Instrument,
    InstrumentFilter,
    ListOrderBookSubscriptionsQuery,
    RpcCreateSubscriptionParams,
    RpcListSubscriptionsParams,
    RpcSubscription,
    SubscribeOrderBookRequest,
    Subscription,
    SubscriptionStatus,
    SubscriptionType,
    UnsubscribeRequest,
)

SPACE: Final = uuid.UUID("6f6ad1f9-1f5c-5d7b-9d9a-0c1a4f0c6f55")
"""The namespace of subscription ids, which are UUIDs of version 5."""

MARKET_TYPES: Final = (
    SubscriptionType.ORDERBOOK,
    SubscriptionType.TRADE,
    SubscriptionType.TICKER,
    SubscriptionType.KLINE,
)


def subscription_id(kind: SubscriptionType, about: str) -> str:
    """The id of the one subscription of a kind to an instrument or an account."""
    return str(uuid.uuid5(SPACE, f"{kind} {about}"))


class MarketSubscriptions:
    """Answers about subscriptions to instruments.

    Args:
        market: The instruments.
        time_ms: Milliseconds UTC; they have been fed since now.
    """

    def __init__(self, market: Market, time_ms: Callable[[], int]) -> None:
        self._market = market
        self._time_ms = time_ms
        self._since_ms = time_ms()
        self._ended = EndedSubscriptions()

    def books(self, caller: Caller, wanted: InstrumentFilter) -> Reply:
        """The subscriptions to order books of the instruments asked for."""
        found = instruments_of(self._market, wanted)
        return Reply(self._all(caller, found, (SubscriptionType.ORDERBOOK,)))

    def begin_books(self, caller: Caller, wanted: InstrumentFilter) -> Reply:
        """The same, ACTIVE from now on."""
        for one in instruments_of(self._market, wanted):
            self._begin(caller, one.instrument_id, SubscriptionType.ORDERBOOK)
        return self.books(caller, wanted)

    def book(self, caller: Caller, wanted: SubscribeOrderBookRequest) -> Reply:
        """The subscription to one order book, ACTIVE from now on."""
        instrument = instrument_of(self._market, wanted.instrument_id)
        self._begin(caller, instrument.instrument_id, SubscriptionType.ORDERBOOK)
        return Reply(self._one(caller, instrument, SubscriptionType.ORDERBOOK))

    def end_book(self, caller: Caller, wanted: UnsubscribeRequest) -> Reply:
        """The subscription that a user ends; again if it has ended already.

        Raises:
            OperationError: There is no such subscription.
        """
        if wanted.instrument_id is not UNSET and wanted.instrument_id:
            instrument = instrument_of(self._market, wanted.instrument_id)
        elif wanted.subscription_id is not UNSET:
            instrument = self._about(wanted.subscription_id.lower())
        else:
            raise OperationError(
                errors.MISSING_FIELD,
                "subscriptionId or instrumentId is missing",
                field="subscriptionId",
                required=("subscriptionId", "instrumentId"),
            )
        name = subscription_id(SubscriptionType.ORDERBOOK, instrument.instrument_id)
        self._ended.end(caller.user, name, self._time_ms())
        return Reply(self._one(caller, instrument, SubscriptionType.ORDERBOOK))

    def create(self, caller: Caller, wanted: RpcCreateSubscriptionParams) -> Reply:
        """The subscriptions of a kind to instruments of one venue."""
        kind = wanted.subscription_type
        if kind not in MARKET_TYPES:
            raise OperationError(
                errors.INVALID_FIELD,
                f"subscriptionType is {kind}, which is an account's: use"
                " command.trading_account.subscribe",
                field="subscriptionType",
                required=MARKET_TYPES,
                provided=(kind,),
            )
        if wanted.instruments is UNSET:
            found: Iterable[Instrument] = self._market.instruments()
        else:
            prefix = f"{wanted.venue}:"
            names = [n if n.startswith(prefix) else prefix + n for n in wanted.instruments]
            found = [instrument_of(self._market, name) for name in dict.fromkeys(names)]
        mine = [one for one in found if one.venue is wanted.venue]
        for one in mine:
            self._begin(caller, one.instrument_id, kind)
        return Reply(self._all(caller, mine, (kind,)))

    def find(self, caller: Caller, wanted: RpcListSubscriptionsParams) -> Reply:
        """Every subscription to market data that fits."""
        asked = wanted.subscription_type
        kinds = MARKET_TYPES if asked is UNSET else (asked,)
        chosen = InstrumentFilter(instrument_ids=wanted.instrument_id, venue=wanted.venue)
        found = instruments_of(self._market, chosen)
        return Reply(self._all(caller, found, [kind for kind in kinds if kind in MARKET_TYPES]))

    def _begin(self, caller: Caller, instrument_id: str, kind: SubscriptionType) -> None:
        self._ended.begin(caller.user, subscription_id(kind, instrument_id))

    def _all(
        self, caller: Caller, instruments: Iterable[Instrument], kinds: Iterable[SubscriptionType]
    ) -> tuple[Subscription, ...]:
        return tuple(self._one(caller, one, kind) for one in instruments for kind in kinds)

    def _one(self, caller: Caller, instrument: Instrument, kind: SubscriptionType) -> Subscription:
        found = Subscription(
            subscription_id=subscription_id(kind, instrument.instrument_id),
            venue=instrument.venue,
            instrument_id=instrument.instrument_id,
            subscription_type=kind,
            status=SubscriptionStatus.ACTIVE,
            created_at=self._since_ms,
            updated_at=self._since_ms,
        )
        return self._ended.shown(caller.user, found)

    def _about(self, wanted: str) -> Instrument:
        """The instrument whose book has a subscription of this id."""
        for one in self._market.instruments():
            if subscription_id(SubscriptionType.ORDERBOOK, one.instrument_id) == wanted:
                return one
        message = f"there is no subscription {wanted}"
        raise OperationError(errors.UNKNOWN_SUBSCRIPTION, message, field="subscriptionId")


def _filter_of_one(query: msgspec.Struct) -> InstrumentFilter:
    one = getattr(query, "instrument_id", UNSET)
    return InstrumentFilter(instrument_ids=UNSET if one is UNSET else (one,))


def market_subscription_operations(
    market: Market, time_ms: Callable[[], int]
) -> tuple[Operation, ...]:
    """Stored subscriptions to market data."""
    subscriptions = MarketSubscriptions(market, time_ms)
    books = "market/subscription/orderBook"
    return (
        Operation(
            name="query.market.subscription.orderbook.list",
            doc="Subscriptions to order books: one of every instrument, ACTIVE unless ended.",
            run=subscriptions.books,
            request=InstrumentFilter,
            rpc=RpcForm(
                method="query.market.subscription.orderbook.list",
                params=InstrumentFilter,
                result=tuple[RpcSubscription, ...],
            ),
            rest=RestForm(
                http="GET",
                path=f"{books}/list",
                params=ListOrderBookSubscriptionsQuery,
                read=_filter_of_one,
                result=tuple[Subscription, ...],
            ),
        ),
        Operation(
            name="command.market.subscription.orderbook.subscribe",
            doc="Subscribe to order books: answered with the subscriptions there always are.",
            run=subscriptions.begin_books,
            request=InstrumentFilter,
            rpc=RpcForm(
                method="command.market.subscription.orderbook.subscribe",
                params=InstrumentFilter,
                result=tuple[RpcSubscription, ...],
            ),
        ),
        Operation(
            name="market.subscription.orderBook.subscribe",
            doc="Subscribe to one order book: answered with the subscription there always is.",
            run=subscriptions.book,
            request=SubscribeOrderBookRequest,
            rest=RestForm(
                http="POST",
                path=f"{books}/subscribe",
                params=SubscribeOrderBookRequest,
                result=Subscription,
            ),
        ),
        Operation(
            name="command.market.subscription.orderbook.unsubscribe",
            doc="End one's subscription to a book; the feed and the channels go on.",
            run=subscriptions.end_book,
            request=UnsubscribeRequest,
            rpc=RpcForm(
                method="command.market.subscription.orderbook.unsubscribe",
                params=UnsubscribeRequest,
                show=lambda found: (view(found, RpcSubscription),),
                result=tuple[RpcSubscription, ...],
            ),
            rest=RestForm(
                http="POST",
                path=f"{books}/unsubscribe",
                params=UnsubscribeRequest,
                result=Subscription,
            ),
        ),
        Operation(
            name="command.subscription.create",
            doc="Subscribe to market data of a venue: answered with what there always is.",
            run=subscriptions.create,
            request=RpcCreateSubscriptionParams,
            rpc=RpcForm(
                method="command.subscription.create",
                params=RpcCreateSubscriptionParams,
                result=tuple[RpcSubscription, ...],
            ),
        ),
        Operation(
            name="query.subscription.list",
            doc="Subscriptions to market data.",
            run=subscriptions.find,
            request=RpcListSubscriptionsParams,
            rpc=RpcForm(
                method="query.subscription.list",
                params=RpcListSubscriptionsParams,
                result=tuple[RpcSubscription, ...],
            ),
        ),
    )
