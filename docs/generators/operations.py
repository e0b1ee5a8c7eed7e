"""The operations over RPC and REST: their tables, and the OpenAPI and AsyncAPI documents."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from typing import Any

from cadenza.gateway.api import CATALOGUE, MODULES, Operation, Registry, asyncapi, openapi
from cadenza.gateway.api.operation import PREFIX
from cadenza.gateway.operations.unserved import UNSERVED
from generators.idle import gateway
from generators.source import table


@cache
def registry() -> Registry:
    """Every operation of a gateway with the defaults."""
    return gateway().registry


def served() -> str:
    """Every operation with its forms."""
    rows = [
        [_rpc(one), _rest(one), one.doc + (" *Extension.*" if one.extension else "")]
        for one in registry()
    ]
    return table(["RPC method", "REST", "Meaning"], rows)


def _rpc(operation: Operation) -> str:
    form = operation.rpc
    return "" if form is None else f"`{form.method}`"


def _rest(operation: Operation) -> str:
    form = operation.rest
    if form is None:
        return ""
    paths = [f"`{form.http} {PREFIX}/{path}`" for path in (form.path, *form.aliases)]
    return ", ".join(paths).replace("/`", "`")


def not_served() -> str:
    """What the API has and the gateway has not."""
    rows = [
        [_names(entry.methods), _names(map(_path, entry.paths)), entry.why] for entry in UNSERVED
    ]
    return table(["RPC methods", "REST, under `/api/v3`", "Because"], rows)


def _path(call: tuple[str, str]) -> str:
    http, path = call
    return f"{path}*" if path.endswith("/") else f"{http} {path}"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def errors() -> str:
    """Every error, a table a module."""
    parts = []
    for number, about in MODULES.items():
        rows = [
            [
                str(one.code),
                f"`{one.name}`",
                str(one.status),
                "yes" if one.temporary else "",
                one.sentence,
            ]
            for one in CATALOGUE
            if one.code // 1000 == number
        ]
        head = ["Code", "Name", "HTTP", "Temporary", "Meaning"]
        parts.append(f"### {number}: {about}\n\n{table(head, rows)}")
    return "\n\n".join(parts)


def openapi_text() -> str:
    """The OpenAPI document as a file."""
    return _text(openapi(registry()))


def asyncapi_text() -> str:
    """The AsyncAPI document as a file."""
    return _text(asyncapi(registry()))


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
