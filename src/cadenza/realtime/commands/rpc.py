"""``rpc`` and ``send``: calls that the application answers, and messages that it only hears."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec import Raw

from cadenza.protocol import codes
from cadenza.protocol.messages import ABSENT, Command, Reply, RPCResult, payload
from cadenza.realtime.eager import settle
from cadenza.realtime.errors import CommandError, Disconnected
from cadenza.realtime.handlers import RPCEvent

if TYPE_CHECKING:
    from cadenza.realtime.connection import Connection

logger: Final = logging.getLogger("cadenza.realtime")


async def rpc(connection: Connection, command: Command) -> None:
    """Call a method: the built-in ping, or the application's.

    A handler that returns a future has decided already and only waits, for example for a disk:
    the commands after it go on meanwhile.
    """
    request, node = command.rpc, connection.node
    method = request.method if request else ""
    if node.ping_method and method == node.ping_method:
        connection.reply(Reply(id=command.id, rpc=RPCResult()))
        return
    if node.handlers.rpc is None:
        raise CommandError(codes.METHOD_NOT_FOUND if node.ping_method else codes.NOT_AVAILABLE)
    data = bytes(request.data) if request else b""
    answer = node.handlers.rpc(RPCEvent(connection=connection, method=method, data=data))
    is_free = connection.calls < node.client_options.concurrency
    if is_free and isinstance(answer, asyncio.Future) and not answer.done():
        connection.calls += 1
        answer.add_done_callback(partial(_answered, connection, command.id))
        return
    _answer(connection, command.id, await settle(answer))


def _answer(connection: Connection, command_id: int, answer: bytes | None) -> None:
    shown: Raw = connection.wire.codec.payload(payload(answer)) if answer else ABSENT
    connection.reply(Reply(id=command_id, rpc=RPCResult(data=shown)))


def _answered(
    connection: Connection, command_id: int, answer: asyncio.Future[bytes | None]
) -> None:
    """Answer a call whose handler took its time; later commands may have been answered before."""
    connection.calls -= 1
    if answer.cancelled():
        error: BaseException | None = asyncio.CancelledError()
    else:
        error = answer.exception()
    if error is None:
        _answer(connection, command_id, answer.result())
    elif isinstance(error, CommandError):
        connection.refuse(command_id, error.error)
    elif isinstance(error, Disconnected):
        connection.disconnect(error.disconnect)
    else:
        logger.error("rpc of client %s failed", connection.client, exc_info=error)
        connection.refuse(command_id, codes.INTERNAL)


async def send(connection: Connection, command: Command) -> None:
    """Hear a message that wants no answer."""
    handler = connection.node.handlers.message
    if handler is None:
        raise Disconnected(codes.NOT_AVAILABLE_CLOSE)
    await settle(handler(connection, bytes(command.send.data) if command.send else b""))
