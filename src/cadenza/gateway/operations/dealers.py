"""Operations about dealers and credentials: there is one dealer, and there are no credentials."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec
from msgspec import UNSET

from cadenza.gateway.api import errors
from cadenza.gateway.api.errors import OperationError
from cadenza.gateway.api.operation import Caller, Operation, Reply, RestForm, RpcForm
from cadenza.gateway.api.results import after, page
from cadenza.gateway.operations.switches import Switches, check_operator
from cadenza.models import (
    DealerIdRequest,
    DealerStatus,
    FermataDealer,
    ListCredentialsQuery,
    ListDealersQuery,
    Pagination,
    RpcListCredentialsParams,
    RpcTradingAccountCredential,
    TradingAccountCredential,
)
from cadenza.trading.exchange.dealer import DEALER_ID
from cadenza.trading.ledger.fees import MILLION
from cadenza.trading.venue import PaperVenue

NAME: Final = "Paper dealer"


class Dealers:
    """Answers about the venue's dealer, and lets the operator pause it.

    Args:
        venue: Its dealer quotes.
        switches: Whether the dealer is paused.
        since_ms: When the dealer began to quote, milliseconds UTC.
    """

    def __init__(self, venue: PaperVenue, switches: Switches, since_ms: int) -> None:
        self._venue = venue
        self._switches = switches
        self._since_ms = since_ms

    def list(self, _: Caller, wanted: ListDealersQuery) -> Reply:
        """The dealers in a status, or all."""
        found = [self._dealer()]
        if wanted.status is not UNSET:
            found = [one for one in found if one.status is wanted.status]
        names = [one.dealer_account_id for one in found]
        return Reply(*page(found, wanted.limit, after(names, wanted.cursor, wanted.offset)))

    def get(self, _: Caller, wanted: DealerIdRequest) -> Reply:
        """One dealer."""
        return Reply(self._found(wanted))

    def turn(self, *, on: bool) -> Callable[[Caller, DealerIdRequest], Reply]:
        """The handler of ``pause`` or ``resume``; either may be said twice."""

        def run(caller: Caller, wanted: DealerIdRequest) -> Reply:
            check_operator(caller)
            self._found(wanted)
            if on is bool(self._switches.dealer_paused_at):
                now = self._venue.now()
                self._switches.dealer_paused_at = 0 if on else now
                self._switches.dealer_changed_at = now
            return Reply(self._dealer())

        return run

    def _found(self, wanted: DealerIdRequest) -> FermataDealer:
        if wanted.dealer_account_id.lower() != DEALER_ID:
            message = f"there is no dealer {wanted.dealer_account_id}; there is {DEALER_ID}"
            raise OperationError(
                errors.UNKNOWN_DEALER,
                message,
                field="dealerAccountId",
                required=(DEALER_ID,),
                provided=(wanted.dealer_account_id,),
            )
        return self._dealer()

    def _dealer(self) -> FermataDealer:
        instruments = self._venue.exchange.instruments.values()
        assets = dict.fromkeys(one.listing.id.quote for one in instruments)
        is_paused = bool(self._switches.dealer_paused_at)
        return FermataDealer(
            dealer_account_id=DEALER_ID,
            name=NAME,
            status=DealerStatus.PAUSED if is_paused else DealerStatus.ACTIVE,
            base_currencies=tuple(assets),
            created_at=self._since_ms,
            updated_at=self._switches.dealer_changed_at or self._since_ms,
            config={"spread": f"{Decimal(self._venue.rules.quote_spread_ppm) / MILLION:f}"},
        )


def _no_credentials(_: Caller, __: msgspec.Struct) -> Reply:
    """Paper accounts need none, so there are none."""
    return Reply((), Pagination(offset=0, limit=0, total=0, has_next=False))


def dealer_operations(
    venue: PaperVenue, switches: Switches, since_ms: int
) -> tuple[Operation, ...]:
    """Dealers and credentials."""
    dealers = Dealers(venue, switches, since_ms)
    folder = "fermata/dealer"
    return (
        Operation(
            name="fermata.dealer.list",
            doc="Who quotes prices: the venue's one dealer, whose id quote/rfq wants.",
            run=dealers.list,
            request=ListDealersQuery,
            rest=RestForm(
                http="GET",
                path=f"{folder}/list",
                params=ListDealersQuery,
                result=tuple[FermataDealer, ...],
                paginated=True,
            ),
        ),
        Operation(
            name="fermata.dealer.get",
            doc="One dealer.",
            run=dealers.get,
            request=DealerIdRequest,
            rest=RestForm(
                http="GET", path=f"{folder}/get", params=DealerIdRequest, result=FermataDealer
            ),
        ),
        *(
            Operation(
                name=f"fermata.dealer.{verb}",
                doc=doc,
                run=dealers.turn(on=verb == "resume"),
                request=DealerIdRequest,
                rest=RestForm(
                    http="POST",
                    path=f"{folder}/{verb}",
                    params=DealerIdRequest,
                    result=FermataDealer,
                ),
            )
            for verb, doc in (
                ("pause", "Let the dealer quote nothing until it is resumed; for the operator."),
                ("resume", "Let the dealer quote again; for the operator."),
            )
        ),
        Operation(
            name="query.credential.list",
            doc="Credentials of other venues: none, as paper accounts need none.",
            run=_no_credentials,
            request=ListCredentialsQuery,
            rpc=RpcForm(
                method="query.credential.list",
                params=RpcListCredentialsParams,
                read=lambda params: params,
                result=tuple[RpcTradingAccountCredential, ...],
                paginated=True,
            ),
            rest=RestForm(
                http="GET",
                path="credential/list",
                params=ListCredentialsQuery,
                result=tuple[TradingAccountCredential, ...],
                paginated=True,
            ),
        ),
    )
