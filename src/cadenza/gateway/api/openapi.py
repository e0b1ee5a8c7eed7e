"""The OpenAPI 3.1 document of everything under ``/api/v3``, made from the registry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from cadenza import __version__
from cadenza.gateway.api.contract import DOCUMENTED, PUBLISHED, TAGS, Documented, documented
from cadenza.gateway.api.errors import CATALOGUE, MODULES
from cadenza.gateway.api.operation import PREFIX, NoParams, Operation, RestForm, Unserved
from cadenza.gateway.api.registry import Registry
from cadenza.gateway.api.schemas import REF, Schema, Schemas
from cadenza.models import ErrorDetails, Pagination

SOCKET: Final = "/connection/websocket"
"""The path of the WebSocket, unless the configuration names another."""

_SENTENCES: Final = {
    400: "The request is not valid, or cannot be fulfilled as it is.",
    401: "There is no token, or it is not accepted.",
    403: "The token does not allow this.",
    404: "There is no such thing, or it is not the caller's.",
    409: "It contradicts what is there already.",
    500: "The gateway failed.",
}


def openapi(registry: Registry) -> dict[str, Any]:
    """The document, as plain values."""
    forms = [(one, one.rest) for one in registry if one.rest is not None]
    types = [form.result for _, form in forms]
    bodies = [form.params for _, form in forms if form.http != "GET"]
    queries = [form.params for _, form in forms if form.http == "GET"]
    schemas = Schemas([*types, *bodies, Pagination, ErrorDetails], answers=types)
    asked = Schemas(queries)
    names = set(schemas.components) | (set(asked.components) - {kind.__name__ for kind in queries})
    paths: dict[str, Any] = {}
    for operation, form in forms:
        for path in (form.path, *form.aliases):
            place = paths.setdefault(f"{PREFIX}/{path}".rstrip("/"), {})
            place[form.http.lower()] = _operation(operation, form, path, schemas, asked)
    for entry in registry.unserved:
        for http, path in _left_out(entry):
            place = paths.setdefault(f"{PREFIX}/{path}".rstrip("/"), {})
            place[http.lower()] = _not_served(http, path, entry.why)
    paths[SOCKET] = {"post": _socket()}
    used = {place["tags"][0] for path in paths.values() for place in path.values()}
    components = {**asked.components, **schemas.components}
    return {
        "openapi": "3.1.0",
        "info": _info(),
        "servers": [{"url": "/", "description": "The gateway that serves this document."}],
        "security": [{"bearer": []}],
        "tags": [{"name": tag} for tag in TAGS if tag in used],
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The token of the connect command; its `sub` is the user.",
                }
            },
            "responses": {f"Error{status}": _error_response(status) for status in _SENTENCES},
            "schemas": {
                "BaseResponse": _base_response(),
                **{name: components[name] for name in sorted(names)},
            },
        },
    }


def _info() -> dict[str, Any]:
    modules = ", ".join(f"{number} {about}" for number, about in MODULES.items())
    return {
        "title": "Cadenza REST API",
        "version": __version__,
        "description": (
            "Market data and a paper venue. Answers are wrapped: `errno` 0 is success, any other"
            f" is `AABBB` with the module first: {modules}. Decimals are texts in plain notation;"
            " times are milliseconds since the Unix epoch, UTC. Unknown fields are refused."
        ),
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    }


def _operation(
    operation: Operation, form: RestForm, path: str, schemas: Schemas, asked: Schemas
) -> dict[str, Any]:
    known = documented(form.http, path)
    made: dict[str, Any] = {
        "operationId": known.operation_id,
        "summary": operation.doc,
        "tags": [known.tag],
        "responses": _responses(form, known, schemas),
    }
    if (form.http, path) not in PUBLISHED:
        made["x-extension"] = True
    if form.public:
        made["security"] = []
    if form.http == "GET":
        parameters = list(_parameters(form, asked))
        if parameters:
            made["parameters"] = parameters
    elif form.params is not NoParams:
        made["requestBody"] = {"required": True, "content": _json(schemas.of(form.params))}
    return made


def _left_out(entry: Unserved) -> Iterable[tuple[str, str]]:
    """The calls of the API that an entry stands for."""
    for http, path in DOCUMENTED:
        if any(
            path.startswith(one) if one.endswith("/") else (http, path) == (method, one)
            for method, one in entry.paths
        ):
            yield http, path


def _not_served(http: str, path: str, why: str) -> dict[str, Any]:
    known = documented(http, path)
    return {
        "operationId": known.operation_id,
        "summary": f"Not served: {why}.",
        "tags": [known.tag],
        "security": [],
        "responses": {"404": {"$ref": "#/components/responses/Error404"}},
        "x-not-served": why,
    }


def _socket() -> dict[str, Any]:
    """The WebSocket, which the API has among its calls; AsyncAPI says more."""
    return {
        "operationId": "websocketConnect",
        "summary": "Open a WebSocket of the Centrifugo protocol: with GET and an upgrade.",
        "tags": ["WebSocket"],
        "security": [],
        "responses": {
            "101": {"description": "The connection is a WebSocket."},
            "400": {"$ref": "#/components/responses/Error400"},
            "401": {"$ref": "#/components/responses/Error401"},
        },
    }


def _parameters(form: RestForm, asked: Schemas) -> Iterable[dict[str, Any]]:
    """The fields of a struct, each as a parameter of the query."""
    schema = asked.components.get(form.params.__name__, {})
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        made = {"name": name, "in": "query", "required": name in required, "schema": field}
        if field.get("type") == "array":
            made |= {"style": "form", "explode": True}
        yield made


def _responses(form: RestForm, known: Documented, schemas: Schemas) -> dict[str, Any]:
    data = schemas.of(form.result)
    body = _envelope(data, paginated=form.paginated) if form.enveloped else data
    made: dict[str, Any] = {"200": {"description": "Done.", "content": _json(body)}}
    for status in known.errors:
        made[str(status)] = {"$ref": f"#/components/responses/Error{status}"}
    if form.status is not None:
        made["503"] = {"description": "The same, and bad news.", "content": _json(body)}
    return made


def _envelope(data: Schema, *, paginated: bool) -> Schema:
    properties = {"data": data}
    if paginated:
        properties["pagination"] = {"$ref": f"{REF}Pagination"}
    more = {"type": "object", "properties": properties, "required": list(properties)}
    return {"allOf": [{"$ref": f"{REF}BaseResponse"}, more]}


def _error_response(status: int) -> dict[str, Any]:
    names = ", ".join(f"`{one.name}`" for one in CATALOGUE if one.status == status)
    return {
        "description": f"{_SENTENCES[status]} `details.code` is one of {names}.",
        "content": _json({"$ref": f"{REF}BaseResponse"}),
    }


def _base_response() -> Schema:
    return {
        "type": "object",
        "description": "What every answer has; of a call that failed it is all.",
        "properties": {
            "success": {"type": "boolean"},
            "errno": {"type": "integer", "description": "0: it has worked."},
            "error": {
                "type": ["string", "null"],
                "description": "A sentence for people; null: it has worked.",
            },
            "details": {"$ref": f"{REF}ErrorDetails"},
        },
        "required": ["success", "errno", "error"],
        "x-errors": {str(one.code): one.name for one in CATALOGUE},
    }


def _json(schema: Schema) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
