"""The AsyncAPI 3.0 document of the channels and of the calls over RPC."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from cadenza import __version__
from cadenza.gateway.api.errors import CATALOGUE, MODULES
from cadenza.gateway.api.registry import Registry
from cadenza.gateway.api.schemas import REF, Schema, Schemas, with_tuples_of_draft_7
from cadenza.models import (
    DATA_TYPES,
    AccountEvent,
    Kline,
    KlineInterval,
    OrderBook,
    Pagination,
    RpcError,
    Ticker,
    Trade,
)
from cadenza.models.channels import (
    account_channel,
    book_channels,
    kline_channel,
    ticker_channel,
    trade_channel,
)


class Stream(NamedTuple):
    """A kind of channel.

    Attributes:
        name: Its key in the document.
        address: The name of such a channel, with parameters in braces.
        payload: The type of its publications.
        doc: What it carries, in a sentence.
    """

    name: str
    address: str
    payload: type
    doc: str


_INSTRUMENT: Final = "{venue}:{symbol}"
_OLDER_BOOK: Final = book_channels("{instrumentId}")[0]
_NEWER_BOOK: Final = book_channels(_INSTRUMENT)[1]

STREAMS: Final = (
    Stream(
        "orderBook",
        _OLDER_BOOK,
        OrderBook,
        "An order book: a SNAPSHOT, then DIFFs whose `prevSequence` is the `sequence` before.",
    ),
    Stream(
        "orderbook",
        _NEWER_BOOK,
        OrderBook,
        "The same stream under its newer name.",
    ),
    Stream(
        "trade",
        trade_channel(_INSTRUMENT),
        Trade,
        "Public trades; `{venue}:{symbol}` is the instrument id.",
    ),
    Stream(
        "ticker",
        ticker_channel(_INSTRUMENT),
        Ticker,
        "The last trade and the best prices of an instrument.",
    ),
    Stream(
        "venueTicker",
        ticker_channel("{venue}"),
        Ticker,
        "The same for every instrument of a venue, one publication an instrument.",
    ),
    Stream(
        "kline",
        kline_channel(_INSTRUMENT, "{interval}"),
        Kline,
        "Candles as they form; `isClosed` is true once, at the end of each.",
    ),
    Stream(
        "tradingAccount",
        account_channel("{accountId}"),
        AccountEvent,
        "Orders, executions, portfolio and balances of an account, in order. Only its owner, or a"
        " token that grants the channel, may listen.",
    ),
)
"""The channels of the API."""

_PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "instrumentId": {"description": "`VENUE:BASE/QUOTE`.", "examples": ["BINANCE:BTC/USDT"]},
    "venue": {"description": "A venue.", "examples": ["BINANCE"]},
    "symbol": {"description": "`BASE/QUOTE`.", "examples": ["BTC/USDT"]},
    "interval": {
        "description": "Length of a candle.",
        "enum": [interval.value for interval in KlineInterval],
    },
    "accountId": {"description": "The trading account, a UUID."},
}


def asyncapi(registry: Registry) -> dict[str, Any]:
    """The document, as plain values."""
    forms = [(one, one.rpc) for one in registry if one.rpc is not None]
    calls = [kind for _, form in forms for kind in (form.params, form.result)]
    streams = [stream.payload for stream in STREAMS]
    schemas = Schemas([*calls, *streams, *DATA_TYPES.values(), RpcError, Pagination])
    components = dict(schemas.components)
    components["AccountEvent"] = _account_event(components["AccountEvent"], schemas)
    channels: dict[str, Any] = {stream.name: _channel(stream) for stream in STREAMS}
    operations: dict[str, Any] = {stream.name: _publication(stream) for stream in STREAMS}
    for operation, form in forms:
        name = _identifier(form.method)
        result = _result(schemas.of(form.result), paginated=form.paginated)
        channels[name] = _call_channel(form.method, schemas.of(form.params), result)
        operations[name] = _call(name, operation.doc, extension=operation.extension)
    return {
        "asyncapi": "3.0.0",
        "info": _info(),
        "defaultContentType": "application/json",
        "servers": {"gateway": _server()},
        "channels": channels,
        "operations": operations,
        "components": {
            "schemas": with_tuples_of_draft_7(components),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "Not a header: sent as the `token` of the connect command.",
                }
            },
        },
    }


def _info() -> dict[str, Any]:
    modules = ", ".join(f"{number} {about}" for number, about in MODULES.items())
    codes = ", ".join(f"{one.code} {one.name}" for one in CATALOGUE)
    return {
        "title": "Cadenza WebSocket API",
        "version": __version__,
        "description": (
            "The Centrifugo client protocol. Publications of a channel are its messages; calls are"
            " sent with the `rpc` command, whose `method` is the channel's address here, and the"
            " answer is the `data` of the reply. An error inside it has a code `AABBB`, with the"
            f" module first: {modules}. The codes: {codes}."
        ),
        "license": {"name": "Apache-2.0"},
    }


def _server() -> dict[str, Any]:
    return {
        "host": "{host}",
        "pathname": "/connection/websocket",
        "protocol": "ws",
        "description": "WebSocket, JSON or Protobuf; `wss` behind TLS.",
        "variables": {"host": {"default": "127.0.0.1:8000"}},
        "security": [{"$ref": "#/components/securitySchemes/token"}],
    }


def _channel(stream: Stream) -> dict[str, Any]:
    names = re.findall(r"\{(\w+)\}", stream.address)
    payload = {"$ref": f"{REF}{stream.payload.__name__}"}
    return {
        "address": stream.address,
        "description": stream.doc,
        "messages": {"publication": {"name": stream.payload.__name__, "payload": payload}},
        "parameters": {name: _PARAMETERS[name] for name in names},
    }


def _publication(stream: Stream) -> dict[str, Any]:
    channel = f"#/channels/{stream.name}"
    return {
        "action": "send",
        "channel": {"$ref": channel},
        "summary": stream.doc,
        "messages": [{"$ref": f"{channel}/messages/publication"}],
    }


def _call_channel(method: str, params: Schema, result: Schema) -> dict[str, Any]:
    shown = with_tuples_of_draft_7
    return {
        "address": method,
        "description": "A call over `rpc`.",
        "messages": {
            "request": {"name": f"{method} request", "payload": shown(params)},
            "reply": {"name": f"{method} reply", "payload": shown(result)},
        },
    }


def _call(name: str, doc: str, *, extension: bool) -> dict[str, Any]:
    channel = f"#/channels/{name}"
    made: dict[str, Any] = {
        "action": "receive",
        "channel": {"$ref": channel},
        "summary": doc,
        "messages": [{"$ref": f"{channel}/messages/request"}],
        "reply": {
            "channel": {"$ref": channel},
            "messages": [{"$ref": f"{channel}/messages/reply"}],
        },
    }
    return {**made, "x-extension": True} if extension else made


def _result(data: Schema, *, paginated: bool) -> Schema:
    """``data`` or ``error``, and for lists a page."""
    properties = {"data": data, "error": {"$ref": f"{REF}RpcError"}}
    if paginated:
        properties["pagination"] = {"$ref": f"{REF}Pagination"}
    either = [{"required": ["data"]}, {"required": ["error"]}]
    return {"type": "object", "properties": properties, "oneOf": either}


def _account_event(schema: Schema, schemas: Schemas) -> Schema:
    """The envelope of account events, with the ``data`` that each kind of event carries."""
    kinds = [
        {
            "properties": {"eventType": {"const": event.value}, "data": schemas.of(kind)},
            "required": ["eventType", "data"],
        }
        for event, kind in DATA_TYPES.items()
    ]
    return {**schema, "oneOf": kinds}


def _identifier(method: str) -> str:
    """``query.venue.list`` is ``queryVenueList``."""
    head, *rest = re.split(r"[._]", method)
    return head + "".join(word[:1].upper() + word[1:] for word in rest)
