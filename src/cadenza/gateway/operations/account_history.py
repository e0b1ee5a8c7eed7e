"""Operations that look at trading accounts and their histories."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec
from msgspec import UNSET

from cadenza.gateway.api.fields import cursor_of, number_of, text_of
from cadenza.gateway.api.operation import Caller, Operation, Reply, RestForm, RpcForm
from cadenza.gateway.api.results import after, page
from cadenza.gateway.operations.account_access import AccountsAccess
from cadenza.gateway.trading.account_payloads import account_record
from cadenza.models import (
    AccountOperation,
    ListAccountOperationsQuery,
    ListTradingAccountsQuery,
    OperationStatus,
    OperationType,
    Pagination,
    RpcListAccountOperationsParams,
    RpcListTradingAccountsParams,
    RpcTradingAccount,
    RpcTradingAccountOperationHistory,
    TradingAccount,
    TradingAccountOperationType,
    TradingAccountStatus,
    Venue,
    iso_of,
)
from cadenza.trading.accounts.account import Account
from cadenza.trading.orders.state import OperationDone
from cadenza.trading.store.store import MOST_A_PAGE
from cadenza.trading.venue import PaperVenue

_RPC_WORDS: Final = {
    OperationType.CONNECT: TradingAccountOperationType.CONNECTED,
    OperationType.DISCONNECT: TradingAccountOperationType.DISCONNECTED,
    OperationType.ENABLE: TradingAccountOperationType.ENABLED,
    OperationType.DISABLE: TradingAccountOperationType.DISABLED,
}
"""RPC's words for operations on accounts; it has none for the others."""


class ListAccounts(msgspec.Struct, frozen=True, kw_only=True):
    """A question for accounts, as both surfaces ask it; empty and ``None``: any."""

    account_id: str = ""
    venue: Venue | None = None
    status: TradingAccountStatus | None = None
    owner: str = ""
    tenant: str = ""
    limit: int = 50
    offset: int = 0
    cursor: str = ""


class ListAccountOperations(msgspec.Struct, frozen=True, kw_only=True):
    """A question for operations on accounts, as both surfaces ask it; empty and ``None``: any."""

    account_id: str = ""
    kind: OperationType | None = None
    start_ms: int = 0
    end_ms: int | None = None
    limit: int = 50
    offset: int = 0


class Done(msgspec.Struct, frozen=True):
    """An operation on an account, and the owner of the account."""

    done: OperationDone
    owner: str


class AccountQueries:
    """Answers about accounts and their histories.

    Args:
        venue: Where they are.
        accounts: Knows who owns which account.
    """

    def __init__(self, venue: PaperVenue, accounts: AccountsAccess) -> None:
        self._venue = venue
        self._accounts = accounts

    async def list(self, caller: Caller, wanted: ListAccounts) -> Reply:
        """Accounts that fit; a caller who has none yet gets one, funded."""
        found = self._found(caller, wanted)
        names = [account.account_id for account in found]
        offset = after(names, wanted.cursor or UNSET, wanted.offset)
        part, pagination = page(found, wanted.limit, offset)
        if pagination.has_next:
            pagination = msgspec.structs.replace(pagination, cursor=part[-1].account_id)
        await self._venue.journal.committed()
        return Reply(tuple(map(account_record, part)), pagination)

    async def operations(self, caller: Caller, wanted: ListAccountOperations) -> Reply:
        """What was done with accounts, the newest first."""
        if wanted.account_id:
            accounts: tuple[Account, ...] = (self._accounts.readable(caller, wanted.account_id),)
        else:
            accounts = self._accounts.of_caller(caller)
        await self._venue.journal.committed()
        needed = wanted.offset + wanted.limit + 1
        found = [done for one in accounts for done in await self._history(one, wanted, needed)]
        found.sort(key=lambda one: (one.done.at, one.done.operation_id), reverse=True)
        part = tuple(found[wanted.offset : wanted.offset + wanted.limit])
        has_next = len(found) > wanted.offset + len(part) and bool(part)
        following = cursor_of(wanted.offset + len(part)) if has_next else UNSET
        pagination = Pagination(
            offset=wanted.offset, limit=wanted.limit, cursor=following, has_next=has_next
        )
        return Reply(part, pagination)

    def _found(self, caller: Caller, wanted: ListAccounts) -> Sequence[Account]:
        if wanted.account_id:
            accounts: Iterable[Account] = (self._accounts.readable(caller, wanted.account_id),)
        else:
            self._accounts.first_look(caller)
            accounts = self._accounts.of_caller(caller)
        return [
            one
            for one in accounts
            if wanted.venue in {None, *one.venues}
            and wanted.status in {None, one.status}
            and wanted.owner in {"", one.owner}
            and not wanted.tenant  # accounts have none
        ]

    async def _history(
        self, account: Account, wanted: ListAccountOperations, needed: int
    ) -> Sequence[Done]:
        """The newest operations on an account that fit, at most ``needed``."""
        found: list[Done] = []
        offset = 0
        while len(found) < needed:
            some = await self._venue.store.operations(
                account.account_id, limit=MOST_A_PAGE, offset=offset
            )
            fitting = (one for one in some if _fits(one, wanted))
            found += [Done(one, account.owner) for one in fitting]
            if len(some) < MOST_A_PAGE or some[-1].at < wanted.start_ms:
                break
            offset += MOST_A_PAGE
        return found[:needed]


def _fits(done: OperationDone, wanted: ListAccountOperations) -> bool:
    return (
        wanted.kind in {None, done.operation}
        and done.at >= wanted.start_ms
        and (wanted.end_ms is None or done.at <= wanted.end_ms)
    )


def _operation(one: Done) -> AccountOperation:
    done = one.done
    return AccountOperation(
        operation_id=done.operation_id,
        trading_account_id=done.account_id,
        operation_type=done.operation,
        status=OperationStatus.SUCCESS,
        created_at=done.at,
        created_at_date_time=iso_of(done.at),
    )


def _history(one: Done) -> RpcTradingAccountOperationHistory:
    done = one.done
    word = _RPC_WORDS.get(done.operation)
    return RpcTradingAccountOperationHistory(
        trading_account_history_id=done.operation_id,
        trading_account_id=done.account_id,
        timestamp=iso_of(done.at),
        operation_type=UNSET if word is None else word,
        operate_by=one.owner,
        tags=(done.operation.value,),
    )


def _each(show: Callable[[Done], object]) -> Callable[[tuple[Done, ...]], tuple[object, ...]]:
    return lambda found: tuple(map(show, found))


def _accounts_of_rpc(params: RpcListTradingAccountsParams) -> ListAccounts:
    pages = params.pagination
    return ListAccounts(
        account_id=text_of(params.trading_account_id),
        venue=None if params.venue is UNSET else params.venue,
        status=None if params.status is UNSET else params.status,
        limit=pages.limit,
        offset=pages.offset,
        cursor=text_of(pages.cursor),
    )


def _accounts_of_rest(params: ListTradingAccountsQuery) -> ListAccounts:
    return ListAccounts(
        account_id=text_of(params.trading_account_id),
        venue=None if params.venue is UNSET else params.venue,
        status=None if params.account_status is UNSET else params.account_status,
        owner=text_of(params.user_id),
        tenant=text_of(params.tenant_id),
        limit=params.limit,
        offset=params.offset,
    )


def _operations_of_rpc(params: RpcListAccountOperationsParams) -> ListAccountOperations:
    pages = params.pagination
    at = pages.offset if pages.cursor is UNSET else number_of(pages.cursor, "pagination.cursor")
    return ListAccountOperations(account_id=params.trading_account_id, limit=pages.limit, offset=at)


def _operations_of_rest(params: ListAccountOperationsQuery) -> ListAccountOperations:
    return ListAccountOperations(
        account_id=text_of(params.trading_account_id),
        kind=None if params.operation_type is UNSET else params.operation_type,
        start_ms=0 if params.start_time is UNSET else params.start_time,
        end_ms=None if params.end_time is UNSET else params.end_time,
        limit=params.limit,
        offset=params.offset if params.cursor is UNSET else number_of(params.cursor),
    )


def account_query_operations(venue: PaperVenue, accounts: AccountsAccess) -> tuple[Operation, ...]:
    """Everything that looks at accounts."""
    queries = AccountQueries(venue, accounts)
    return (
        Operation(
            name="query.trading_account.list",
            doc="The caller's accounts; the first look makes one, funded.",
            run=queries.list,
            request=ListAccounts,
            rpc=RpcForm(
                method="query.trading_account.list",
                params=RpcListTradingAccountsParams,
                read=_accounts_of_rpc,
                result=tuple[RpcTradingAccount, ...],
                paginated=True,
            ),
            rest=RestForm(
                http="GET",
                path="tradingAccount/list",
                params=ListTradingAccountsQuery,
                read=_accounts_of_rest,
                result=tuple[TradingAccount, ...],
                paginated=True,
            ),
        ),
        Operation(
            name="query.trading_account.operation.list",
            doc="What was done with accounts, the newest first.",
            run=queries.operations,
            request=ListAccountOperations,
            rpc=RpcForm(
                method="query.trading_account.operation.list",
                params=RpcListAccountOperationsParams,
                read=_operations_of_rpc,
                show=_each(_history),
                result=tuple[RpcTradingAccountOperationHistory, ...],
                paginated=True,
            ),
            rest=RestForm(
                http="GET",
                path="tradingAccount/operation/list",
                params=ListAccountOperationsQuery,
                read=_operations_of_rest,
                show=_each(_operation),
                result=tuple[AccountOperation, ...],
                paginated=True,
            ),
        ),
    )
