"""Who may listen to an account, and what a new listener gets first."""

from __future__ import annotations

from functools import partial
from typing import Final

import msgspec

from cadenza.gateway.trading.account_channel import CHANNEL, AccountEvents
from cadenza.protocol import codes
from cadenza.realtime import CommandError, SubscribeEvent, SubscribeReply


class SubscribeData(msgspec.Struct, frozen=True, rename="camel"):
    """The ``data`` of a subscribe command: other fields are the application's own.

    Attributes:
        state: The subscribe result shall carry the account's state as of its offset.
    """

    state: bool = False


_read: Final = msgspec.json.Decoder(SubscribeData).decode


class AccountAccess:
    """Decides about subscriptions to account channels.

    Args:
        events: What the channels have shown so far.
    """

    def __init__(self, events: AccountEvents) -> None:
        self._events = events

    def on_subscribe(self, event: SubscribeEvent) -> SubscribeReply:
        """Let the owner in; whoever brings a token gets what that grants.

        Raises:
            CommandError: 103, for accounts of others as for those that do not exist; 107, the data
                is no JSON object.
        """
        account_id = event.channel.removeprefix(CHANNEL)
        account = self._events.venue.registry.any(account_id)
        user = event.connection.user
        if not event.token and (account is None or not user or account.owner != user):
            raise CommandError(codes.PERMISSION_DENIED)
        state = None
        if account is not None and _wants_state(event.data):
            state = partial(self._events.state, account)
        return SubscribeReply(by_rules=bool(event.token), state=state)


def _wants_state(data: bytes) -> bool:
    if not data:
        return False
    try:
        return _read(data).state
    except msgspec.DecodeError as error:
        raise CommandError(codes.BAD_REQUEST) from error
