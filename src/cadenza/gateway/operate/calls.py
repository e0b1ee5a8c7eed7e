"""The calls: ``operate.overview``, ``.connections`` and ``.channels`` of the server API's ``rpc``.

Whoever has the API's key may call them. They change nothing and show no token. The message of an
error says what is wrong with a call: 107 for its parameters, 104 for a method there is not.
"""

from __future__ import annotations

from typing import Final

import msgspec

from cadenza.gateway.faults.errors import nearest, shortened
from cadenza.gateway.operate.listing import channels, connections
from cadenza.gateway.operate.messages import (
    ChannelsRequest,
    ConnectionsRequest,
    OverviewRequest,
    ParamsError,
    View,
    read,
)
from cadenza.gateway.operate.overview import Parts, overview
from cadenza.protocol import codes
from cadenza.protocol.codes import ErrorCode
from cadenza.realtime import CommandError
from cadenza.server.api.methods import NOT_FOUND

PREFIX: Final = "operate."
METHODS: Final = ("operate.overview", "operate.connections", "operate.channels")

_encode: Final = msgspec.json.Encoder().encode


class OperateCalls:
    """Answers the calls.

    Args:
        parts: The parts of the gateway.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def rpc(self, method: str, params: bytes) -> bytes:
        """See ``Methods``: a JSON result.

        Raises:
            CommandError: The call failed; the message says why.
        """
        if not method.startswith(PREFIX):
            raise CommandError(NOT_FOUND)
        try:
            return _encode(await self._call(method, params))
        except ParamsError as error:
            raise CommandError(ErrorCode(codes.BAD_REQUEST.code, str(error))) from error

    async def _call(self, method: str, params: bytes) -> View:
        node = self._parts.node
        time_ms = round(node.clock.time() * 1000)
        match method:
            case "operate.overview":
                read(OverviewRequest, params)
                return await overview(self._parts, time_ms)
            case "operate.connections":
                return connections(node, read(ConnectionsRequest, params), time_ms)
            case "operate.channels":
                return await channels(node, read(ChannelsRequest, params), time_ms)
        text = f"there is no method {shortened(method)}{nearest(method, METHODS)}"
        raise CommandError(ErrorCode(NOT_FOUND.code, text))
