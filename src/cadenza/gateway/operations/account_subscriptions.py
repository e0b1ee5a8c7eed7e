"""Operations about stored subscriptions to trading accounts.

As with market data, an account's events are always on their way to its channel: its subscriptions
are ACTIVE since the account was made, and cannot be ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.gateway.api import errors
from cadenza.gateway.api.errors import OperationError
from cadenza.gateway.api.operation import Caller, Operation, Reply, RestForm, RpcForm
from cadenza.gateway.api.results import after, page
from cadenza.gateway.operations.subscriptions import subscription_id
from cadenza.models import (
    ListAccountSubscriptionsQuery,
    Pagination,
    RpcListAccountSubscriptionsParams,
    RpcSubscribeAccountParams,
    RpcSubscription,
    RpcUnsubscribeAccountParams,
    SubscribeAccountRequest,
    Subscription,
    SubscriptionStatus,
    SubscriptionType,
    UnsubscribeRequest,
)
from cadenza.trading.accounts.account import Account

ACCOUNT_TYPES: Final = (
    SubscriptionType.USER_DATA,
    SubscriptionType.PORTFOLIO,
    SubscriptionType.EXECUTION_REPORT,
)
"""The kinds that an account has; the deprecated ``TRADING_ACCOUNT`` counts as ``USER_DATA``."""


class Accounts(Protocol):
    """Access to accounts; see ``account_access.AccountsAccess``."""

    def of_caller(self, caller: Caller) -> Sequence[Account]:
        """The accounts a caller may look at, in the order they were made."""

    def readable(self, caller: Caller, account_id: str) -> Account:
        """One account that the caller may look at.

        Raises:
            UnknownAccountError: There is none, or it is someone else's.
        """


class ListAccountSubscriptions(msgspec.Struct, frozen=True, kw_only=True):
    """A question for subscriptions to accounts, as both surfaces ask it."""

    trading_account_id: str | UnsetType = UNSET
    subscription_type: SubscriptionType | UnsetType = UNSET
    status: SubscriptionStatus | UnsetType = UNSET
    limit: int | UnsetType = UNSET
    offset: int = 0
    cursor: str | UnsetType = UNSET


class AccountSubscriptions:
    """Answers about subscriptions to accounts.

    Args:
        accounts: Finds the accounts of a caller.
    """

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def subscribe(self, caller: Caller, wanted: SubscribeAccountRequest) -> Reply:
        """The subscription of a kind to an account."""
        kind = wanted.subscription_type
        if kind is SubscriptionType.TRADING_ACCOUNT:
            kind = SubscriptionType.USER_DATA
        if kind not in ACCOUNT_TYPES:
            raise OperationError(
                errors.INVALID_FIELD,
                f"subscriptionType is {kind}, which is no account's",
                field="subscriptionType",
                required=ACCOUNT_TYPES,
                provided=(kind,),
            )
        account = self._accounts.readable(caller, wanted.trading_account_id)
        return Reply(_one(account, kind))

    def unsubscribe(self, caller: Caller, wanted: UnsubscribeRequest) -> Reply:
        """Refuse; accounts and subscriptions that do not exist are told apart.

        Raises:
            OperationError: Always.
        """
        if wanted.trading_account_id is not UNSET:
            accounts: Sequence[Account] = (
                self._accounts.readable(caller, wanted.trading_account_id),
            )
        elif wanted.subscription_id is not UNSET:
            accounts = self._accounts.of_caller(caller)
        else:
            raise OperationError(
                errors.MISSING_FIELD,
                "tradingAccountId or subscriptionId is missing",
                field="tradingAccountId",
                required=("tradingAccountId", "subscriptionId"),
            )
        known = {_one(one, kind).subscription_id for one in accounts for kind in ACCOUNT_TYPES}
        if wanted.subscription_id is not UNSET and wanted.subscription_id.lower() not in known:
            message = f"there is no subscription {wanted.subscription_id}"
            raise OperationError(errors.UNKNOWN_SUBSCRIPTION, message, field="subscriptionId")
        raise OperationError(
            errors.ALWAYS_ON,
            "the events of an account always reach its channel; leave the channel instead",
        )

    def list(self, caller: Caller, wanted: ListAccountSubscriptions) -> Reply:
        """Subscriptions to one account, or to all that the caller may look at."""
        if wanted.trading_account_id is UNSET:
            accounts = self._accounts.of_caller(caller)
        else:
            accounts = (self._accounts.readable(caller, wanted.trading_account_id),)
        found = [_one(one, kind) for one in accounts for kind in ACCOUNT_TYPES]
        if wanted.subscription_type is not UNSET:
            found = [one for one in found if one.subscription_type is wanted.subscription_type]
        if wanted.status is not UNSET:
            found = [one for one in found if one.status is wanted.status]
        names = [one.subscription_id for one in found]
        part, pagination = page(found, wanted.limit, after(names, wanted.cursor, wanted.offset))
        if pagination.has_next:
            pagination = msgspec.structs.replace(pagination, cursor=part[-1].subscription_id)
        return Reply(part, pagination)


def _one(account: Account, kind: SubscriptionType) -> Subscription:
    return Subscription(
        subscription_id=subscription_id(kind, account.account_id),
        venue=account.venue,
        trading_account_id=account.account_id,
        subscription_type=kind,
        status=SubscriptionStatus.ACTIVE,
        created_at=account.created_at,
        updated_at=account.created_at,
    )


def _named(params: RpcSubscribeAccountParams) -> SubscribeAccountRequest:
    account_id = params.trading_account.trading_account_id
    if account_id is UNSET:
        name = "tradingAccount.tradingAccountId"
        raise OperationError(
            errors.MISSING_FIELD, f"{name} is missing", field=name, required=(name,)
        )
    return SubscribeAccountRequest(
        trading_account_id=account_id, subscription_type=params.subscription_type
    )


def _paged(params: RpcListAccountSubscriptionsParams) -> ListAccountSubscriptions:
    pages = Pagination() if params.pagination is UNSET else params.pagination
    return ListAccountSubscriptions(
        trading_account_id=params.trading_account_id,
        subscription_type=params.subscription_type,
        status=params.status,
        limit=pages.limit,
        offset=0 if pages.offset is UNSET else pages.offset,
        cursor=pages.cursor,
    )


def account_subscription_operations(accounts: Accounts) -> tuple[Operation, ...]:
    """Stored subscriptions to trading accounts."""
    subscriptions = AccountSubscriptions(accounts)
    path = "tradingAccount/subscription"
    return (
        Operation(
            name="command.trading_account.subscribe",
            doc="Subscribe to an account: answered with the subscription there always is.",
            run=subscriptions.subscribe,
            request=SubscribeAccountRequest,
            needs_user=True,
            rpc=RpcForm(
                method="command.trading_account.subscribe",
                params=RpcSubscribeAccountParams,
                read=_named,
                result=RpcSubscription,
            ),
            rest=RestForm(
                http="POST",
                path=f"{path}/subscribe",
                params=SubscribeAccountRequest,
                result=Subscription,
            ),
        ),
        Operation(
            name="command.trading_account.unsubscribe",
            doc="End a subscription to an account: always refused, as its events always flow.",
            run=subscriptions.unsubscribe,
            request=UnsubscribeRequest,
            needs_user=True,
            rpc=RpcForm(
                method="command.trading_account.unsubscribe",
                params=RpcUnsubscribeAccountParams,
                result=RpcSubscription,
            ),
            rest=RestForm(
                http="POST",
                path=f"{path}/unsubscribe",
                params=UnsubscribeRequest,
                result=Subscription,
            ),
        ),
        Operation(
            name="query.trading_account.subscription.list",
            doc="Subscriptions to accounts: three of each, always ACTIVE.",
            run=subscriptions.list,
            request=ListAccountSubscriptions,
            needs_user=True,
            rpc=RpcForm(
                method="query.trading_account.subscription.list",
                params=RpcListAccountSubscriptionsParams,
                read=_paged,
                result=tuple[RpcSubscription, ...],
                paginated=True,
            ),
            rest=RestForm(
                http="GET",
                path=f"{path}/list",
                params=ListAccountSubscriptionsQuery,
                result=tuple[Subscription, ...],
                paginated=True,
            ),
        ),
    )
