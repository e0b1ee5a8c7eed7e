"""The commands of the protocol. Decisions only; the table of states is in ``states``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from cadenza.realtime.commands.connect import connect
from cadenza.realtime.commands.publish import publish
from cadenza.realtime.commands.queries import history, presence, presence_stats
from cadenza.realtime.commands.refresh import refresh, sub_refresh
from cadenza.realtime.commands.rpc import rpc, send
from cadenza.realtime.commands.subscribe import subscribe, unsubscribe

if TYPE_CHECKING:
    from cadenza.protocol.messages import Command
    from cadenza.realtime.connection import Connection

COMMANDS: Final[dict[str, Callable[[Connection, Command], Awaitable[None]]]] = {
    "connect": connect,
    "subscribe": subscribe,
    "unsubscribe": unsubscribe,
    "publish": publish,
    "presence": presence,
    "presence_stats": presence_stats,
    "history": history,
    "rpc": rpc,
    "send": send,
    "refresh": refresh,
    "sub_refresh": sub_refresh,
}
"""By the name of the request in a ``Command``."""
