"""The OpenAPI 3.1 document of everything under ``/api/v3``, made from the registry."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from cadenza import __version__
from cadenza.gateway.api.errors import CATALOGUE, MODULES
from cadenza.gateway.api.operation import PREFIX, NoParams, Operation, RestForm
from cadenza.gateway.api.registry import Registry
from cadenza.gateway.api.schemas import REF, Schema, Schemas
from cadenza.models import ErrorDetails, Pagination

_STATUSES: Final = (400, 401, 403, 404, 409, 413, 429, 500, 503)
_PUBLIC_STATUSES: Final = (500,)
_SENTENCES: Final = {
    400: "The request is not valid, or cannot be fulfilled as it is.",
    401: "There is no token, or it is not accepted.",
    403: "The token does not allow this.",
    404: "There is no such thing, or it is not the caller's.",
    409: "It contradicts what is there already.",
    413: "The body is too large.",
    429: "Too many requests.",
    500: "The gateway failed.",
    503: "Not at the moment; try again.",
}


def openapi(registry: Registry) -> dict[str, Any]:
    """The document, as plain values."""
    forms = [(one, one.rest) for one in registry if one.rest is not None]
    types = [form.result for _, form in forms]
    bodies = [form.params for _, form in forms if form.http != "GET"]
    queries = [form.params for _, form in forms if form.http == "GET"]
    schemas = Schemas([*types, *bodies, Pagination, ErrorDetails])
    asked = Schemas(queries)
    names = set(schemas.components) | (set(asked.components) - {kind.__name__ for kind in queries})
    paths: dict[str, Any] = {}
    for operation, form in forms:
        for path in (form.path, *form.aliases):
            place = paths.setdefault(f"{PREFIX}/{path}".rstrip("/"), {})
            place[form.http.lower()] = _operation(operation, form, path, schemas, asked)
    components = {**asked.components, **schemas.components}
    return {
        "openapi": "3.1.0",
        "info": _info(),
        "servers": [{"url": "/", "description": "The gateway that serves this document."}],
        "security": [{"bearer": []}],
        "tags": [{"name": tag} for tag in sorted({_tag(form.path) for _, form in forms})],
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
            "responses": {f"Error{status}": _error_response(status) for status in _STATUSES},
            "schemas": {
                "ErrorEnvelope": _error_envelope(),
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
    made: dict[str, Any] = {
        "operationId": operation_id(form.http, path),
        "summary": operation.doc,
        "tags": [_tag(form.path)],
        "responses": _responses(form, schemas),
    }
    if operation.extension:
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


def operation_id(http: str, path: str) -> str:
    """``GET market/venue/list`` is ``getMarketVenueList``."""
    words = re.findall(r"[A-Za-z0-9]+", path) or ["root"]
    return http.lower() + "".join(word[0].upper() + word[1:] for word in words)


def _tag(path: str) -> str:
    parts = path.split("/")
    return parts[0] if len(parts) > 1 else "system"


def _parameters(form: RestForm, asked: Schemas) -> Iterable[dict[str, Any]]:
    """The fields of a struct, each as a parameter of the query."""
    schema = asked.components.get(form.params.__name__, {})
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        made = {"name": name, "in": "query", "required": name in required, "schema": field}
        if field.get("type") == "array":
            made |= {"style": "form", "explode": True}
        yield made


def _responses(form: RestForm, schemas: Schemas) -> dict[str, Any]:
    data = schemas.of(form.result)
    body = _envelope(data, paginated=form.paginated) if form.enveloped else data
    made: dict[str, Any] = {"200": {"description": "Done.", "content": _json(body)}}
    if form.status is not None:
        made["503"] = {"description": "The same, and bad news.", "content": _json(body)}
    for status in _PUBLIC_STATUSES if form.public else _STATUSES:
        made[str(status)] = {"$ref": f"#/components/responses/Error{status}"}
    return made


def _envelope(data: Schema, *, paginated: bool) -> Schema:
    properties = {"success": {"const": True}, "errno": {"const": 0}, "data": data}
    if paginated:
        properties["pagination"] = {"$ref": f"{REF}Pagination"}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _error_response(status: int) -> dict[str, Any]:
    names = ", ".join(f"`{one.name}`" for one in CATALOGUE if one.status == status)
    return {
        "description": f"{_SENTENCES[status]} `details.code` is one of {names}.",
        "content": _json({"$ref": f"{REF}ErrorEnvelope"}),
    }


def _error_envelope() -> Schema:
    return {
        "type": "object",
        "description": "The answer of a call that did not work.",
        "properties": {
            "success": {"const": False},
            "errno": {"type": "integer", "enum": [one.code for one in CATALOGUE]},
            "error": {"type": "string", "description": "A sentence for people."},
            "details": {"$ref": f"{REF}ErrorDetails"},
        },
        "required": ["success", "errno", "error", "details"],
    }


def _json(schema: Schema) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
