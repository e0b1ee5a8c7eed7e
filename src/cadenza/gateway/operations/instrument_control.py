"""Operations of the operator about instruments: on, off, and what the feed declares now."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import UNSET

from cadenza.gateway.api.operation import Caller, Operation, Reply, RestForm, RpcForm
from cadenza.gateway.operations.instruments import Listings, ListSecurities, instrument_of
from cadenza.gateway.operations.switches import Switches, check_operator
from cadenza.market.market import Market
from cadenza.models import (
    Instrument,
    InstrumentIdRequest,
    RpcInstrument,
    RpcSecurity,
    SecurityRecord,
    SyncInstrumentsRequest,
    SyncInstrumentsResult,
    SyncSecuritiesRequest,
)


class InstrumentControl:
    """Switches instruments on and off, and counts what there is.

    Args:
        market: The instruments; what the feed declares is in it at once.
        switches: Which of them are off.
    """

    def __init__(self, market: Market, switches: Switches) -> None:
        self._market = market
        self._switches = switches
        self._listings = Listings(market, switches)

    def turn(self, *, on: bool) -> Callable[[Caller, InstrumentIdRequest], Reply]:
        """The handler of ``enable`` or ``disable``; either may be said twice."""

        def run(caller: Caller, wanted: InstrumentIdRequest) -> Reply:
            check_operator(caller)
            found = instrument_of(self._market, wanted.instrument_id)
            self._switches.turn(found.instrument_id, on=on)
            return Reply(self._switches.shown(found))

        return run

    def sync(self, caller: Caller, wanted: SyncInstrumentsRequest) -> Reply:
        """How many instruments the venue has, of those asked for."""
        check_operator(caller)
        found = [
            one
            for one in self._market.instruments()
            if one.venue is wanted.venue and (not wanted.symbols or one.symbol in wanted.symbols)
        ]
        return Reply(SyncInstrumentsResult(total=len(found)))

    def sync_securities(self, caller: Caller, wanted: SyncSecuritiesRequest) -> Reply:
        """The securities of a venue."""
        check_operator(caller)
        asked = ListSecurities(venue=wanted.venue, securities=wanted.securities, limit=UNSET)
        return Reply(self._listings.securities(caller, asked).data)


def _count(found: tuple[SecurityRecord, ...]) -> str:
    return f"{len(found)} securities"


def instrument_control_operations(market: Market, switches: Switches) -> tuple[Operation, ...]:
    """What only the operator may do with instruments."""
    control = InstrumentControl(market, switches)
    docs = {
        "enable": "Let an instrument take orders again; for the operator.",
        "disable": "Refuse new orders in an instrument; open ones stay. For the operator.",
    }
    return (
        *(
            Operation(
                name=f"command.instrument.{verb}",
                doc=doc,
                run=control.turn(on=verb == "enable"),
                request=InstrumentIdRequest,
                rpc=RpcForm(
                    method=f"command.instrument.{verb}",
                    params=InstrumentIdRequest,
                    result=RpcInstrument,
                ),
                rest=RestForm(
                    http="POST",
                    path=f"market/instrument/{verb}",
                    params=InstrumentIdRequest,
                    result=Instrument,
                ),
            )
            for verb, doc in docs.items()
        ),
        Operation(
            name="command.instrument.sync",
            doc="How many instruments the feed has declared for a venue; for the operator.",
            run=control.sync,
            request=SyncInstrumentsRequest,
            rpc=RpcForm(
                method="command.instrument.sync",
                params=SyncInstrumentsRequest,
                result=SyncInstrumentsResult,
            ),
            rest=RestForm(
                http="POST",
                path="market/instrument/sync",
                params=SyncInstrumentsRequest,
                result=SyncInstrumentsResult,
            ),
        ),
        Operation(
            name="command.security.sync",
            doc="What the feed's instruments trade at a venue; for the operator.",
            run=control.sync_securities,
            request=SyncSecuritiesRequest,
            rpc=RpcForm(
                method="command.security.sync",
                params=SyncSecuritiesRequest,
                result=tuple[RpcSecurity, ...],
            ),
            rest=RestForm(
                http="POST",
                path="market/security/sync",
                params=SyncSecuritiesRequest,
                show=_count,
                result=str,
            ),
        ),
    )
