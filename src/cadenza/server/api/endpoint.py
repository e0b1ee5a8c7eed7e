"""The HTTP side of the server API: keys, bodies, batches, and errors in the body or the status."""

from __future__ import annotations

import asyncio
import hmac
import logging
from typing import Any, Final

import msgspec
from msgspec import Raw
from starlette.requests import Request
from starlette.responses import Response

from cadenza.config import HttpApiConfig
from cadenza.protocol import codes
from cadenza.protocol.errors import DecodeError
from cadenza.protocol.json_reader import JsonReader
from cadenza.realtime import CommandError
from cadenza.server.api import requests as api
from cadenza.server.api.methods import NOT_FOUND, REQUESTS, Methods, shown_error
from cadenza.server.body import BodyTooLarge, query_bytes, read_body

logger: Final = logging.getLogger("cadenza.server.api")

BODY_LIMIT: Final = 64 * 1024 * 1024
"""Bytes; a broadcast to many channels is one body."""
_PARALLEL: Final = 1024

# Where errors show in the HTTP status (``error_mode: transport``).
_STATUS: Final = {102: 404, 104: 404, 107: 400, 108: 400, 112: 416, 113: 409}

_readers: Final[dict[str, JsonReader[Any]]] = {
    name: JsonReader(kind) for name, kind in REQUESTS.items()
}
_batch: Final[JsonReader[Any]] = JsonReader(api.BatchRequest)


class LegacyCommand(msgspec.Struct):
    """A line of the old form of the API: the method stands in the body."""

    method: str = ""
    params: Raw = Raw(b"{}")
    id: int = 0


_legacy: Final[JsonReader[Any]] = JsonReader(LegacyCommand)


class MalformedBody(Exception):  # noqa: N818 - the request's fault, shown as 400
    """The body is not what the method takes."""


class ApiEndpoint:
    """``POST /api/<method>``.

    Args:
        methods: The methods that are called.
        config: The ``http_api`` section.
    """

    def __init__(self, methods: Methods, config: HttpApiConfig) -> None:
        self._methods = methods
        self._key = config.key.reveal().encode()
        self._insecure = config.insecure
        self._transport_errors = config.error_mode == "transport"

    async def method(self, request: Request) -> Response:
        """One method, named by the path."""
        name = request.path_params["method"]
        if (refusal := self._refusal(request)) is not None:
            return refusal
        if name != "batch" and name not in REQUESTS:
            return Response("404 page not found\n", 404, media_type="text/plain")
        try:
            body = await read_body(request, BODY_LIMIT)
            if name == "batch":
                return _json(await self._run_batch(body))
            return self._answer(request, await self._run(name, body))
        except BodyTooLarge:
            return Response(status_code=413)
        except MalformedBody:
            return Response("Bad Request\n", 400, media_type="text/plain")

    async def legacy(self, request: Request) -> Response:
        """The old form: ``{"method": ..., "params": ...}``, one command a line."""
        if (refusal := self._refusal(request)) is not None:
            return refusal
        lines = []
        try:
            for line in (await read_body(request, BODY_LIMIT)).strip().split(b"\n"):
                command = _legacy_command(line)
                outcome = await self._run(command.method, bytes(command.params))
                if command.id:
                    outcome = {"id": command.id, **outcome}
                lines.append(msgspec.json.encode(outcome))
        except BodyTooLarge:
            return Response(status_code=413)
        except MalformedBody:
            return Response("Bad Request\n", 400, media_type="text/plain")
        return Response(b"\n".join(lines), media_type="application/json")

    def _refusal(self, request: Request) -> Response | None:
        if request.method != "POST":
            return Response(status_code=405, headers={"allow": "POST"})
        if self._has_key(request):
            return None
        if not self._insecure:
            return Response(status_code=401)
        # Who needs no key must not be a page of somebody else in a browser that can reach us.
        is_foreign = request.headers.get("sec-fetch-site") == "cross-site"
        return Response(status_code=403) if is_foreign else None

    def _has_key(self, request: Request) -> bool:
        """Whether one of the three places holds the key; each is compared in constant time."""
        if not self._key:
            return False
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        given = [  # as bytes: a key need not be ASCII, whose bytes a header shows as Latin-1
            request.headers.get("x-api-key", "").encode("latin-1"),
            value.strip().encode("latin-1") if scheme.lower() == "apikey" else b"",
            query_bytes(request, "api_key"),
        ]
        fits = [hmac.compare_digest(key, self._key) for key in given]
        return any(fits)

    async def _run(self, name: str, body: bytes) -> dict[str, Any]:
        """Call a method: ``{"result": ...}`` or ``{"error": ...}``.

        Raises:
            MalformedBody: The body is no such request.
        """
        asked = _decode(_readers[name], body)
        try:
            return {"result": await getattr(self._methods, name)(asked)}
        except CommandError as error:
            return {"error": shown_error(error.error)}
        except Exception:
            logger.exception("API method %s failed", name)
            return {"error": shown_error(codes.INTERNAL)}

    async def _run_batch(self, body: bytes) -> dict[str, Any]:
        batch = _decode(_batch, body)
        if not batch.commands:
            return {}
        if not batch.parallel:
            return {"replies": [await self._run_one(command) for command in batch.commands]}
        gate = asyncio.Semaphore(_PARALLEL)

        async def guarded(command: dict[str, Raw] | None) -> dict[str, Any]:
            async with gate:
                return await self._run_one(command)

        return {"replies": await asyncio.gather(*map(guarded, batch.commands))}

    async def _run_one(self, command: dict[str, Raw] | None) -> dict[str, Any]:
        """One command of a batch; its result stands under the method's name."""
        if command is None:
            return {"error": shown_error(codes.BAD_REQUEST)}
        # Serializers write every command that a batch can have, and null for all but one.
        given = {name for name, request in command.items() if bytes(request).strip() != b"null"}
        name = next((name for name in command if name in REQUESTS and name in given), None)
        if name is None:
            return {"error": shown_error(NOT_FOUND)}
        outcome = await self._run(name, bytes(command[name]))
        return {name: outcome["result"]} if "result" in outcome else outcome

    def _answer(self, request: Request, outcome: dict[str, Any]) -> Response:
        mode = request.headers.get("x-centrifugo-error-mode", "")
        error = outcome.get("error")
        if error is not None and (self._transport_errors or mode == "transport"):
            return _json(error, _STATUS.get(error["code"], 500))
        return _json(outcome)


def _json(content: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")


def _decode(reader: JsonReader[Any], body: bytes) -> Any:
    try:
        return reader.read(body)
    except DecodeError as error:
        raise MalformedBody from error


def _legacy_command(line: bytes) -> LegacyCommand:
    command: LegacyCommand = _decode(_legacy, line)
    if command.method not in REQUESTS:
        raise MalformedBody
    return command
