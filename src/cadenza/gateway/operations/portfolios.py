"""Operations about portfolios: balances, positions and their worth."""

from __future__ import annotations

import difflib
from typing import Final

import msgspec
from msgspec import UNSET

from cadenza.gateway.api import errors
from cadenza.gateway.api.errors import OperationError, cut
from cadenza.gateway.api.fields import text_of
from cadenza.gateway.api.operation import Caller, Operation, Reply, RestForm, RpcForm
from cadenza.gateway.api.results import after, page
from cadenza.gateway.operations.account_access import AccountsAccess
from cadenza.gateway.trading.account_payloads import account_record, portfolio_record
from cadenza.models import (
    ListPortfoliosQuery,
    Portfolio,
    PortfolioRecord,
    RpcListPortfoliosParams,
    RpcPortfolio,
    TradingAccountIdRequest,
    Venue,
)
from cadenza.trading.accounts.account import Account
from cadenza.trading.accounts.valuation import Holdings, Valuation
from cadenza.trading.venue import PaperVenue

LONGEST_CURRENCY: Final = 40
"""Characters; longer texts are not searched for a name that is near."""


class ListPortfolios(msgspec.Struct, frozen=True, kw_only=True):
    """A question for portfolios; empty and ``None``: any, or the gateway's own currency."""

    account_id: str = ""
    venue: Venue | None = None
    currency: str = ""
    limit: int = 50
    offset: int = 0
    cursor: str = ""


class Portfolios:
    """Answers about portfolios, as they are at the moment of the call, and shown when durable.

    Args:
        venue: Where the money is.
        accounts: Knows who owns which account.
        currency: The asset in which portfolios are summed up, unless a call names another.
    """

    def __init__(self, venue: PaperVenue, accounts: AccountsAccess, currency: str) -> None:
        self._venue = venue
        self._accounts = accounts
        self._currency = currency

    async def get(self, caller: Caller, wanted: TradingAccountIdRequest) -> Reply:
        """The portfolio of one account."""
        account = self._accounts.readable(caller, wanted.trading_account_id)
        record = self._record(account, self._valuation(""))
        await self._venue.journal.committed()
        return Reply(record)

    async def list(self, caller: Caller, wanted: ListPortfolios) -> Reply:
        """Portfolios of the accounts that fit; a caller who has none yet gets one, funded."""
        valuation = self._valuation(wanted.currency)
        if wanted.account_id:
            found = [self._accounts.readable(caller, wanted.account_id)]
        else:
            self._accounts.first_look(caller)
            found = list(self._accounts.of_caller(caller))
        found = [one for one in found if wanted.venue in {None, *one.venues}]
        names = [one.account_id for one in found]
        offset = after(names, wanted.cursor or UNSET, wanted.offset)
        part, pagination = page(found, wanted.limit, offset)
        if pagination.has_next:
            pagination = msgspec.structs.replace(pagination, cursor=part[-1].account_id)
        if wanted.currency not in {"", self._currency}:
            self._check_priced(part, valuation)
        records = tuple(self._record(one, valuation) for one in part)
        await self._venue.journal.committed()
        return Reply(records, pagination)

    def _valuation(self, currency: str) -> Valuation:
        scales = self._venue.scales
        if currency and currency not in scales:
            near: list[str] = []
            if len(currency) <= LONGEST_CURRENCY:
                near = difflib.get_close_matches(currency.upper(), list(scales), n=1, cutoff=0.5)
            hint = f'; did you mean "{near[0]}"?' if near else ""
            raise OperationError(
                errors.UNKNOWN_CURRENCY,
                f'currency "{cut(currency)}" is not known here{hint}',
                field="currency",
                required=tuple(near),
                provided=(currency,),
            )
        return self._venue.valuation(currency or self._currency)

    def _check_priced(self, accounts: tuple[Account, ...], valuation: Valuation) -> None:
        """Refuse a currency in which something that is there has no price.

        In the gateway's own it counts as nothing, so that a portfolio can always be seen.
        """
        for account in accounts:
            holdings = self._holdings(account)
            worth = valuation.worth(holdings.balances, (), self._venue.scales)
            if worth.unpriced:
                names = ", ".join(worth.unpriced)
                verb = "has" if len(worth.unpriced) == 1 else "have"
                message = f"{names} {verb} no price in {valuation.currency} just now"
                raise OperationError(errors.NO_PRICE, message, field="currency")

    def _holdings(self, account: Account) -> Holdings:
        """Balances and positions; those in instruments that are not listed now are left out."""
        account_id, venue = account.account_id, self._venue
        return Holdings(
            account_id,
            account.venue,
            venue.ledger.balances(account_id),
            tuple(
                position
                for position in venue.positions.of_account(account_id)
                if position.instrument_id in venue.exchange.instruments
            ),
        )

    def _record(self, account: Account, valuation: Valuation) -> PortfolioRecord:
        venue = self._venue
        record = portfolio_record(
            self._holdings(account),
            valuation,
            venue.scales,
            updated_at=venue.now(),
            security_types=venue.security_types,
        )
        return msgspec.structs.replace(record, account_info=account_record(account))


def _list_of_rpc(params: RpcListPortfoliosParams) -> ListPortfolios:
    pages = params.pagination
    return ListPortfolios(
        account_id=text_of(params.trading_account_id),
        venue=None if params.venue is UNSET else params.venue,
        currency=text_of(params.currency),
        limit=pages.limit,
        offset=pages.offset,
        cursor=text_of(pages.cursor),
    )


def _list_of_rest(params: ListPortfoliosQuery) -> ListPortfolios:
    return ListPortfolios(
        account_id=text_of(params.trading_account_id),
        venue=None if params.venue is UNSET else params.venue,
        currency=text_of(params.currency),
        limit=params.limit,
        offset=params.offset,
    )


def portfolio_operations(
    venue: PaperVenue, accounts: AccountsAccess, currency: str
) -> tuple[Operation, ...]:
    """Portfolios."""
    portfolios = Portfolios(venue, accounts, currency)
    return (
        Operation(
            name="query.portfolio.get",
            doc="Balances, positions and summary of one account.",
            run=portfolios.get,
            request=TradingAccountIdRequest,
            rpc=RpcForm(
                method="query.portfolio.get",
                params=TradingAccountIdRequest,
                result=RpcPortfolio,
            ),
        ),
        Operation(
            name="query.portfolio.list",
            doc="Balances, positions and summary of accounts, in a currency of choice.",
            run=portfolios.list,
            request=ListPortfolios,
            rpc=RpcForm(
                method="query.portfolio.list",
                params=RpcListPortfoliosParams,
                read=_list_of_rpc,
                result=tuple[RpcPortfolio, ...],
                paginated=True,
            ),
            rest=RestForm(
                http="GET",
                path="tradingAccount/portfolio/list",
                params=ListPortfoliosQuery,
                read=_list_of_rest,
                result=tuple[Portfolio, ...],
                paginated=True,
            ),
        ),
    )
