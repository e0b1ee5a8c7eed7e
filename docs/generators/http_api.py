"""Fields of the server API's requests, and the list of metrics."""

from __future__ import annotations

import typing

import msgspec

from cadenza.gateway.trading.trading import TradingCollector
from cadenza.server.api.methods import REQUESTS
from cadenza.server.metrics import NodeCollector
from generators.idle import gateway
from generators.source import table

_TYPES = {
    "str": "text",
    "bool": "boolean",
    "int": "integer",
    "Raw": "any JSON",
    "StreamPosition": '`{"offset", "epoch"}`',
    "DisconnectWith": '`{"code", "reason"}`',
    "OverrideRequest": "object",
}


def methods() -> list[str]:
    """Every method of the API."""
    return [*REQUESTS, "batch"]


def request_fields(method: str) -> str:
    """The fields that a method takes."""
    infos = msgspec.structs.fields(REQUESTS[method])
    if not infos:
        return "No fields: send `{}`."
    return table(["Field", "Type"], [[f"`{info.name}`", _type(info.type)] for info in infos])


def _type(type_: typing.Any) -> str:
    origin, inner = typing.get_origin(type_), typing.get_args(type_)
    if origin is typing.Annotated:
        return _type(inner[0])
    if origin in {list, tuple}:
        return f"list of {_type(inner[0])}"
    if origin is dict:
        return "object of texts"
    real = [part for part in inner if part is not type(None)] or [type_]
    if origin is not None and real[0] is not type_:
        return _type(real[0])
    return _TYPES[type_.__name__]


def metrics() -> str:
    """Every metric with its kind and meaning."""
    rows = []
    trading = gateway().trading
    more = [] if trading is None else [TradingCollector(trading.venue)]
    collectors = [NodeCollector(gateway().node), *more]
    for metric in (metric for collector in collectors for metric in collector.collect()):
        name = metric.name + ("_total" if metric.type == "counter" else "")
        labels = ", ".join(f"`{label}`" for label in getattr(metric, "_labelnames", ()))
        rows.append([f"`{name}`", metric.type, labels, metric.documentation])
    return table(["Metric", "Type", "Labels", "Meaning"], rows)
