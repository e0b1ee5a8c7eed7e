"""Operations about stored subscriptions to market data.

In the API these tell a backend which instruments to feed. Here the operator chose the feed, and
every instrument is always fed: so every subscription that can exist has been ACTIVE since the
start, subscribing is answered with it each time, and ending one is refused. Nothing is stored; an
id is made of what it names, the same after every restart. Listening to a channel needs none of
this.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import UNSET

from cadenza.gateway.api import errors
from cadenza.gateway.api.errors import OperationError
from cadenza.gateway.api.operation import Caller, Operation, Reply, RestForm, RpcForm
from cadenza.gateway.operations.instruments import instrument_of, instruments_of
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
        since_ms: When they began to be fed, milliseconds UTC.
    """

    def __init__(self, market: Market, since_ms: int) -> None:
        self._market = market
        self._since_ms = since_ms

    def books(self, _: Caller, wanted: InstrumentFilter) -> Reply:
        """The subscriptions to order books of the instruments asked for."""
        found = instruments_of(self._market, wanted)
        return Reply(self._all(found, (SubscriptionType.ORDERBOOK,)))

    def book(self, _: Caller, wanted: SubscribeOrderBookRequest) -> Reply:
        """The subscription to one order book."""
        instrument = instrument_of(self._market, wanted.instrument_id)
        return Reply(self._one(instrument, SubscriptionType.ORDERBOOK))

    def end_book(self, _: Caller, wanted: UnsubscribeRequest) -> Reply:
        """Refuse; an unknown subscription is told apart from one that cannot be ended.

        Raises:
            OperationError: Always.
        """
        if wanted.instrument_id is not UNSET:
            name = instrument_of(self._market, wanted.instrument_id).instrument_id
        elif wanted.subscription_id is not UNSET:
            name = self._about(wanted.subscription_id.lower())
        else:
            raise OperationError(
                errors.MISSING_FIELD,
                "subscriptionId or instrumentId is missing",
                field="subscriptionId",
                required=("subscriptionId", "instrumentId"),
            )
        raise OperationError(
            errors.ALWAYS_ON, f"{name} is always fed; its subscription cannot be ended"
        )

    def create(self, _: Caller, wanted: RpcCreateSubscriptionParams) -> Reply:
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
        return Reply(self._all(mine, (kind,)))

    def find(self, _: Caller, wanted: RpcListSubscriptionsParams) -> Reply:
        """Every subscription to market data that fits."""
        asked = wanted.subscription_type
        kinds = MARKET_TYPES if asked is UNSET else (asked,)
        chosen = InstrumentFilter(instrument_ids=wanted.instrument_id, venue=wanted.venue)
        found = instruments_of(self._market, chosen)
        return Reply(self._all(found, [kind for kind in kinds if kind in MARKET_TYPES]))

    def _all(
        self, instruments: Iterable[Instrument], kinds: Iterable[SubscriptionType]
    ) -> tuple[Subscription, ...]:
        return tuple(self._one(one, kind) for one in instruments for kind in kinds)

    def _one(self, instrument: Instrument, kind: SubscriptionType) -> Subscription:
        return Subscription(
            subscription_id=subscription_id(kind, instrument.instrument_id),
            venue=instrument.venue,
            instrument_id=instrument.instrument_id,
            subscription_type=kind,
            status=SubscriptionStatus.ACTIVE,
            created_at=self._since_ms,
            updated_at=self._since_ms,
        )

    def _about(self, wanted: str) -> str:
        """The instrument whose book has a subscription of this id."""
        for one in self._market.instruments():
            if subscription_id(SubscriptionType.ORDERBOOK, one.instrument_id) == wanted:
                return one.instrument_id
        message = f"there is no subscription {wanted}"
        raise OperationError(errors.UNKNOWN_SUBSCRIPTION, message, field="subscriptionId")


def _filter_of_one(query: msgspec.Struct) -> InstrumentFilter:
    one = getattr(query, "instrument_id", UNSET)
    return InstrumentFilter(instrument_ids=UNSET if one is UNSET else (one,))


def market_subscription_operations(market: Market, since_ms: int) -> tuple[Operation, ...]:
    """Stored subscriptions to market data."""
    subscriptions = MarketSubscriptions(market, since_ms)
    books = "market/subscription/orderBook"
    return (
        Operation(
            name="query.market.subscription.orderbook.list",
            doc="Subscriptions to order books: one of every instrument, always ACTIVE.",
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
            run=subscriptions.books,
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
            doc="End a subscription to a book: always refused, as the feed is the operator's.",
            run=subscriptions.end_book,
            request=UnsubscribeRequest,
            rpc=RpcForm(
                method="command.market.subscription.orderbook.unsubscribe",
                params=UnsubscribeRequest,
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
