"""``rpc`` and ``send``: what the application answers, or only hears."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Raw

from cadenza.protocol import codes
from cadenza.protocol.messages import ABSENT, Command, Reply, RPCResult, payload
from cadenza.realtime.eager import settle
from cadenza.realtime.errors import CommandError, Disconnected
from cadenza.realtime.handlers import RPCEvent

if TYPE_CHECKING:
    from cadenza.realtime.connection import Connection


async def rpc(connection: Connection, command: Command) -> None:
    """Call a method: the built-in ping, or the application's."""
    request, node = command.rpc, connection.node
    method = request.method if request else ""
    if node.ping_method and method == node.ping_method:
        connection.reply(Reply(id=command.id, rpc=RPCResult()))
        return
    if node.handlers.rpc is None:
        raise CommandError(codes.METHOD_NOT_FOUND if node.ping_method else codes.NOT_AVAILABLE)
    data = bytes(request.data) if request else b""
    answer = await settle(
        node.handlers.rpc(RPCEvent(connection=connection, method=method, data=data))
    )
    shown: Raw = connection.wire.codec.payload(payload(answer)) if answer else ABSENT
    connection.reply(Reply(id=command.id, rpc=RPCResult(data=shown)))


async def send(connection: Connection, command: Command) -> None:
    """Hear a message that wants no answer."""
    handler = connection.node.handlers.message
    if handler is None:
        raise Disconnected(codes.NOT_AVAILABLE_CLOSE)
    await settle(handler(connection, bytes(command.send.data) if command.send else b""))
