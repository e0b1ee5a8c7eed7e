"""The operations over REST, under ``/api/v3``.

Answers are wrapped in ``{success, errno, error, details, data, pagination}``. Every call but those
marked public needs ``Authorization: Bearer`` and the same token as the connect command. The type
of a body is not asked: it must be JSON whatever its name.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cadenza.gateway.api import errors
from cadenza.gateway.api.asyncapi import asyncapi
from cadenza.gateway.api.error_map import explain
from cadenza.gateway.api.errors import OperationError, cut
from cadenza.gateway.api.openapi import openapi
from cadenza.gateway.api.operation import (
    PREFIX,
    Caller,
    Operation,
    Reply,
    RestForm,
    granted_accounts,
)
from cadenza.gateway.api.params import query_reader, reader
from cadenza.gateway.api.registry import Registry
from cadenza.gateway.api.results import request_reader, requested, result_shower
from cadenza.models import RestEnvelope
from cadenza.realtime.claims import TokenExpired, TokenInvalid, TokenUndecided, TokenVerifier
from cadenza.realtime.eager import settle, waits
from cadenza.server.body import BodyTooLarge, read_body
from cadenza.server.origin import Origins

BODY_LIMIT: Final = 256 * 1024
"""Bytes; the largest request of the API, a list of orders, is far below."""

HEADERS: Final[Mapping[str, str]] = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""Of every answer: no cache keeps it, and no browser makes a page of it."""

_HTTP: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_PREFLIGHT: Final = {"access-control-max-age": "600"}
_encode: Final = msgspec.json.Encoder().encode


def rest_routes(
    registry: Registry,
    verifier: TokenVerifier,
    *,
    origins: Origins | None = None,
    body_limit: int = BODY_LIMIT,
    now: Callable[[], float] = time.time,
) -> list[BaseRoute]:
    """Make the routes for an application; they must come before those of the server API.

    Args:
        registry: The operations, and the calls that are not served.
        verifier: Verifies tokens.
        origins: Web pages that may call; by default none.
        body_limit: The most bytes that a body may have; longer ones are refused.
        now: The time, in seconds since the Unix epoch.
    """
    surface = RestSurface(registry, Bearer(verifier, now), origins or Origins(()), body_limit)

    async def endpoint(request: Request) -> Response:
        return await surface.answer(request)

    return [
        Route(PREFIX, endpoint, methods=_HTTP),
        Route(PREFIX + "/{path:path}", endpoint, methods=_HTTP),
    ]


class RestSurface:
    """Everything under ``/api/v3``.

    Args:
        registry: The operations, and the calls that are not served.
        bearer: Makes callers of tokens.
        origins: Web pages that may call.
        body_limit: The most bytes that a body may have; longer ones are refused.
    """

    def __init__(
        self, registry: Registry, bearer: Bearer, origins: Origins, body_limit: int
    ) -> None:
        self._registry = registry
        self._bearer = bearer
        self._origins = origins
        self._body_limit = body_limit
        self._calls = {
            (http, path): RestCall(operation, operation.rest)
            for path, by_http in registry.paths.items()
            for http, operation in by_http.items()
            if operation.rest is not None
        }
        self._makers: Final[dict[str, Callable[[Registry], bytes]]] = {
            "openapi.json": lambda found: _encode(openapi(found)),
            "asyncapi.json": lambda found: _encode(asyncapi(found)),
        }
        self._documents: dict[str, bytes] = {}

    async def answer(self, request: Request) -> Response:
        """Answer one request, whatever it is."""
        path = request.path_params.get("path", "")
        http = "GET" if request.method == "HEAD" else request.method
        headers = {**HEADERS, **self._origins.cors(request.headers)}
        if http == "OPTIONS" and "access-control-request-method" in request.headers:
            return self._preflight(path, headers)
        try:
            status, body = await self._answer(request, http, path)
        except OperationError as error:
            status, body = error.entry.status, _encode(_envelope(error, self._action(http, path)))
            headers |= self._error_headers(error, path)
        return Response(body, status, headers, media_type="application/json")

    async def _answer(self, request: Request, http: str, path: str) -> tuple[int, bytes]:
        if path in self._makers and http == "GET":
            return 200, self._document(path)
        call = self._calls.get((http, path))
        if call is None and self._registry.why_unserved(http, path) is None:
            raise self._unknown(http, path)
        if call is not None and call.public:
            caller = self._bearer.nobody
        else:
            caller = await self._bearer.caller(request.headers.get("authorization"))
        if call is None:
            why = self._registry.why_unserved(http, path)
            message = f"{http} {PREFIX}/{path} is not served here: {why}"
            raise OperationError(errors.NOT_SERVED, message)
        try:
            given = b"" if http == "GET" else await read_body(request, self._body_limit)
        except BodyTooLarge:
            message = f"the body has more than {self._body_limit} bytes"
            raise OperationError(errors.TOO_LARGE, message) from None
        try:
            return await call(caller, request.url.query, given)
        except Exception as error:
            raise explain(error, call.name) from error

    def _document(self, name: str) -> bytes:
        """One of the two descriptions, made when it is first asked for."""
        if name not in self._documents:
            self._documents[name] = self._makers[name](self._registry)
        return self._documents[name]

    def _allowed(self, path: str) -> tuple[str, ...]:
        return ("GET",) if path in self._makers else self._registry.http_methods(path)

    def _unknown(self, http: str, path: str) -> OperationError:
        allowed = self._allowed(path)
        shown = cut(f"{PREFIX}/{path}".rstrip("/"), 100)
        if allowed:
            message = f"{shown} takes {' or '.join(allowed)}, not {http}"
            return OperationError(errors.WRONG_METHOD, message, required=allowed, provided=(http,))
        near = difflib.get_close_matches(path[:100], list(self._registry.paths), n=1, cutoff=0.7)
        hint = f'; did you mean "{PREFIX}/{near[0]}"?' if near else ""
        return OperationError(errors.UNKNOWN_PATH, f'there is nothing at "{shown}"{hint}')

    def _action(self, http: str, path: str) -> str:
        call = self._calls.get((http, path))
        return call.name if call is not None else cut(f"{http} {PREFIX}/{path}", 100)

    def _error_headers(self, error: OperationError, path: str) -> dict[str, str]:
        if error.entry is errors.WRONG_METHOD:
            return {"allow": ", ".join(self._allowed(path))}
        if error.entry.status == 401:
            return {"www-authenticate": "Bearer"}
        retry_ms = (error.problem.facts or {}).get("retryMs")
        if retry_ms is not None:
            return {"retry-after": str(-(-retry_ms // 1000))}
        return {}

    def _preflight(self, path: str, headers: dict[str, str]) -> Response:
        """The answer to a browser that asks before it lets a page of another origin call."""
        if "access-control-allow-origin" in headers:
            headers |= _PREFLIGHT
            headers["access-control-allow-methods"] = ", ".join(self._allowed(path))
        return Response(status_code=204, headers=headers)


def _envelope(error: OperationError, action: str) -> RestEnvelope:
    return RestEnvelope(
        success=False, errno=error.entry.code, error=error.message, details=error.details(action)
    )


class RestCall:
    """One operation, ready to be called over REST.

    Args:
        operation: The operation.
        form: Its form over REST.
    """

    def __init__(self, operation: Operation, form: RestForm) -> None:
        self.name: Final = operation.name
        self.public: Final = form.public
        self._form = form
        self._read_query = query_reader(form.params) if form.http == "GET" else None
        self._read_body = reader(form.params)
        self._make = request_reader(form, operation.request)
        self._run = operation.run
        self._show = result_shower(form)
        self._needs_user = operation.needs_user

    async def __call__(self, caller: Caller, query: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of an answer.

        Raises:
            Exception: Whatever the handler raises; see ``error_map.explain``.
        """
        request = self._read_body(body) if self._read_query is None else self._read_query(query)
        if self._make is not None:
            request = requested(self._make, request)
        if self._needs_user and not caller.user:
            raise OperationError(errors.NO_USER)
        reply = self._run(caller, request)
        if not isinstance(reply, Reply):
            reply = await reply
        data = reply.data
        if self._show is not None:
            data = self._show(data)
            if waits(data):
                data = await data
        status = 200 if self._form.status is None else self._form.status(data)
        if not self._form.enveloped:
            return status, _encode(data)
        pagination = reply.pagination if self._form.paginated else UNSET
        return status, _encode(
            RestEnvelope(success=True, errno=0, data=data, pagination=pagination)
        )


class Bearer:
    """Makes a caller of an ``Authorization`` header.

    Args:
        verifier: Verifies tokens.
        now: The time, in seconds since the Unix epoch.
    """

    nobody: Final = Caller("")
    """The caller of what is public."""

    def __init__(self, verifier: TokenVerifier, now: Callable[[], float]) -> None:
        self._verifier = verifier
        self._now = now

    async def caller(self, header: str | None) -> Caller:
        """The bearer of a token.

        Raises:
            OperationError: There is no token, or it is not accepted. The answer never says why a
                token is not accepted, and never repeats it.
        """
        scheme, _, token = (header or "").strip().partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise OperationError(errors.NO_TOKEN, field="Authorization")
        now = self._now()
        try:
            claims = await settle(self._verifier.connect(token, now))
        except TokenExpired:
            raise OperationError(errors.EXPIRED_TOKEN, field="Authorization") from None
        except TokenUndecided:
            message = "whether the token is valid cannot be decided just now"
            raise OperationError(errors.UNAVAILABLE, message, field="Authorization") from None
        except TokenInvalid:
            raise OperationError(errors.INVALID_TOKEN, field="Authorization") from None
        if claims.expire_at and claims.expire_at <= now:
            raise OperationError(errors.EXPIRED_TOKEN, field="Authorization")
        return Caller(claims.user, granted_accounts(claims.subs))
