"""Operations about quotes: a dealer's price for a quantity."""

from __future__ import annotations

from typing import Final

from msgspec import UNSET

from cadenza.gateway.api import errors
from cadenza.gateway.api.errors import OperationError, cut
from cadenza.gateway.api.fields import invalid, moment, short_name, text_of
from cadenza.gateway.api.operation import Caller, Operation, Reply, RestForm, RpcForm
from cadenza.gateway.operations.account_access import AccountsAccess
from cadenza.gateway.operations.instruments import LONGEST_ID
from cadenza.gateway.trading.order_payloads import quote_record
from cadenza.models import Quote, QuoteRfqRequest
from cadenza.trading.accounts.errors import UnknownAccountError
from cadenza.trading.errors import DealerError
from cadenza.trading.exchange.dealer import (
    DEALER_ID,
    LONGEST_TTL_MS,
    QuoteRequest,
)
from cadenza.trading.venue import PaperVenue

DEFAULT_TTL_MS: Final = 10_000
"""How long a quote is good unless the request says otherwise, in milliseconds."""


class Quotes:
    """Asks the venue's dealer for quotes.

    Args:
        venue: Its dealer quotes.
        accounts: Whose are whose.
    """

    def __init__(self, venue: PaperVenue, accounts: AccountsAccess) -> None:
        self._venue = venue
        self._accounts = accounts

    def rfq(self, caller: Caller, wanted: QuoteRfqRequest) -> Reply:
        """Make a quote; it holds nothing and locks nothing."""
        self._venue.exchange.check_running()
        if wanted.dealer_account_id.lower() != DEALER_ID:
            raise DealerError(wanted.dealer_account_id, DEALER_ID)
        account_id = ""
        if wanted.trader_account_id is not UNSET:
            account_id = self._trader(caller, wanted.trader_account_id)
        for field, text in (
            ("instrumentId", wanted.instrument_id),
            ("baseAsset", wanted.base_asset),
            ("quoteAsset", wanted.quote_asset),
        ):
            if text is not UNSET and len(text) > LONGEST_ID:
                message = f'{field} "{cut(text)}" is too long'
                raise OperationError(errors.INVALID_INSTRUMENT, message, field=field)
        offer = self._venue.exchange.dealer.quote(
            QuoteRequest(
                owner=caller.user,
                account_id=account_id,
                instrument_id=text_of(wanted.instrument_id),
                base=text_of(wanted.base_asset),
                quote=text_of(wanted.quote_asset),
                side=wanted.order_side,
                quantity=text_of(wanted.quantity),
                quote_quantity=text_of(wanted.quote_quantity),
                request_id=short_name(text_of(wanted.quote_request_id), "quoteRequestId"),
                ttl_ms=self._ttl(wanted),
                profile_id=text_of(wanted.pricing_profile_id),
            )
        )
        return Reply(quote_record(offer))

    def _trader(self, caller: Caller, account_id: str) -> str:
        try:
            return self._accounts.owned(caller, account_id).account_id
        except UnknownAccountError as error:
            raise OperationError(
                errors.UNKNOWN_ACCOUNT, str(error), field="traderAccountId"
            ) from None

    def _ttl(self, wanted: QuoteRfqRequest) -> int:
        if wanted.expire_at is UNSET:
            return DEFAULT_TTL_MS if wanted.ttl is UNSET else wanted.ttl * 1000
        left = moment(wanted.expire_at, "expireAt") - self._venue.now()
        if not 0 < left <= LONGEST_TTL_MS:
            problem = f"not within the next {LONGEST_TTL_MS // 1000} seconds"
            raise invalid("expireAt", wanted.expire_at, problem)
        return left


def quote_operations(venue: PaperVenue, accounts: AccountsAccess) -> tuple[Operation, ...]:
    """Quotes."""
    quotes = Quotes(venue, accounts)
    return (
        Operation(
            name="command.quote.rfq",
            doc="A price for a quantity, good for a while: taken by an order of type QUOTED.",
            run=quotes.rfq,
            request=QuoteRfqRequest,
            needs_user=True,
            rpc=RpcForm(method="command.quote.rfq", params=QuoteRfqRequest, result=Quote),
            rest=RestForm(http="POST", path="quote/rfq", params=QuoteRfqRequest, result=Quote),
        ),
    )
