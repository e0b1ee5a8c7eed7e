"""What an operator has switched off: instruments that take no new orders, and the dealer.

Which instruments are off outlives a restart where the gateway has a folder; a paused dealer does
not, as its quotes do not either.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path
from typing import Final

import msgspec

from cadenza.gateway.api import errors
from cadenza.gateway.api.errors import OperationError
from cadenza.gateway.api.operation import Caller
from cadenza.models import Instrument, InstrumentStatus, Subscription, SubscriptionStatus

FILE: Final = "disabled-instruments.json"
"""The name of the file in the folder of the store: a list of instrument ids."""


class Switches:
    """What is off.

    Args:
        path: The file that keeps the instruments; ``None``: nothing is kept.

    Attributes:
        dealer_paused_at: When the dealer was paused, milliseconds UTC; 0: it quotes.
        dealer_changed_at: When it was paused or resumed for the last time; 0: never.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._off: set[str] = set()
        self.dealer_paused_at = 0
        self.dealer_changed_at = 0
        if path is not None and path.exists():
            self._off.update(msgspec.json.decode(path.read_bytes(), type=list[str]))

    def is_off(self, instrument_id: str) -> bool:
        """Whether an instrument takes no new orders."""
        return instrument_id in self._off

    def turn(self, instrument_id: str, *, on: bool) -> None:
        """Let an instrument take orders, or no new ones."""
        before = set(self._off)
        if on:
            self._off.discard(instrument_id)
        else:
            self._off.add(instrument_id)
        try:
            if before != self._off:
                self._keep()
        except OSError:
            self._off = before
            raise OperationError(errors.STORE_FAILED) from None

    def shown(self, instrument: Instrument) -> Instrument:
        """An instrument with the status that it has here."""
        if not self._off or instrument.instrument_id not in self._off:
            return instrument
        return msgspec.structs.replace(instrument, status=InstrumentStatus.DISABLED)

    def check(self, instrument_id: str) -> None:
        """Refuse what is new in an instrument that is off.

        Raises:
            OperationError: It is.
        """
        if instrument_id in self._off:
            raise OperationError(
                errors.FILTER_STATUS,
                f"{instrument_id}, filter STATUS: it is DISABLED by the operator",
                field="instrumentId",
                provided=(instrument_id,),
                filter="STATUS",
                instrumentId=instrument_id,
            )

    def _keep(self) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        with new.open("wb") as file:
            file.write(msgspec.json.encode(sorted(self._off)))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)


MOST_ENDED: Final = 10_000
"""Subscriptions that are remembered as ended, in all; the oldest are ACTIVE again."""


class EndedSubscriptions:
    """The stored subscriptions that users have ended.

    It is a record and no more: what a channel delivers is the channel's matter. It lives as long as
    the process.
    """

    def __init__(self) -> None:
        self._ended: OrderedDict[tuple[str, str], int] = OrderedDict()

    def end(self, user: str, subscription_id: str, now_ms: int) -> None:
        """A user has ended a subscription, perhaps not for the first time."""
        self._ended.setdefault((user, subscription_id), now_ms)
        if len(self._ended) > MOST_ENDED:
            self._ended.popitem(last=False)

    def begin(self, user: str, subscription_id: str) -> None:
        """A user has subscribed again."""
        self._ended.pop((user, subscription_id), None)

    def shown(self, user: str, found: Subscription) -> Subscription:
        """A subscription as a user has it."""
        ended = self._ended.get((user, found.subscription_id)) if self._ended else None
        if ended is None:
            return found
        status = SubscriptionStatus.TERMINATED
        return msgspec.structs.replace(found, status=status, updated_at=ended)


def check_operator(caller: Caller) -> None:
    """Refuse everybody but the operator.

    Raises:
        OperationError: The caller is somebody else.
    """
    if not caller.is_operator:
        message = (
            "only the operator may do this: a token whose meta has operator true, or over REST"
            " the key of the server API as X-API-Key"
        )
        raise OperationError(errors.ACCESS_DENIED, message)
