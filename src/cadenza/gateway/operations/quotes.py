"""Operations about quotes: a dealer's price for a quantity."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import UNSET

from cadenza.gateway.api import errors
from cadenza.gateway.api.errors import OperationError, cut
from cadenza.gateway.api.fields import invalid, moment, short_name, text_of
from cadenza.gateway.api.operation import Caller, Operation, Reply, RestForm, RpcForm
from cadenza.gateway.operations.account_access import AccountsAccess
from cadenza.gateway.operations.instruments import LONGEST_ID
from cadenza.gateway.operations.switches import Switches
from cadenza.gateway.trading.order_payloads import quote_record
from cadenza.models import Quote, QuoteRfqRequest
from cadenza.trading.accounts.errors import UnknownAccountError
from cadenza.trading.errors import DealerError
from cadenza.trading.exchange.dealer import (
    DEALER_ID,
    LONGEST_TTL_MS,
    Offer,
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
        switches: Whether the dealer is paused, and which instruments are off.
    """

    def __init__(self, venue: PaperVenue, accounts: AccountsAccess, switches: Switches) -> None:
        self._venue = venue
        self._accounts = accounts
        self._switches = switches

    def rfq(self, caller: Caller, wanted: QuoteRfqRequest) -> Reply:
        """Make a quote; it holds nothing and locks nothing."""
        self._venue.exchange.check_running()
        if wanted.dealer_account_id.lower() != DEALER_ID:
            raise DealerError(wanted.dealer_account_id, DEALER_ID)
        if self._switches.dealer_paused_at:
            raise OperationError(errors.NO_QUOTE, "the dealer is paused by the operator")
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
        asked = QuoteRequest(
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
        return Reply(quote_record(self._known(asked) or self._quoted(asked)))

    def _known(self, asked: QuoteRequest) -> Offer | None:
        """The good quote that the same request has got already.

        Raises:
            OperationError: Its name was used for another request.
        """
        if not asked.request_id:
            return None
        dealer = self._venue.exchange.dealer
        found = dealer.named(asked.owner, asked.request_id)
        if found is None:
            return None
        # The time of ``expireAt`` that is left is another at each call.
        if msgspec.structs.replace(found.request, ttl_ms=asked.ttl_ms) != asked:
            message = "the quoteRequestId was used for a different request"
            raise OperationError(errors.KEY_REUSED, message, field="quoteRequestId")
        return found

    def _quoted(self, asked: QuoteRequest) -> Offer:
        instruments = self._venue.exchange.instruments
        if asked.instrument_id:
            self._switches.check(asked.instrument_id)
        else:
            for name, one in instruments.items():
                if (one.listing.id.base, one.listing.id.quote) == (asked.base, asked.quote):
                    self._switches.check(name)
        return self._venue.exchange.dealer.quote(asked)

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


def quote_operations(
    venue: PaperVenue, accounts: AccountsAccess, switches: Switches
) -> tuple[Operation, ...]:
    """Quotes."""
    quotes = Quotes(venue, accounts, switches)
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
