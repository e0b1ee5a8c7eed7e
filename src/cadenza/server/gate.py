"""The door of every transport: it lets a request become a connection, as some user, or refuses.

Pure decisions about the HTTP side; the specification promises 101, 400 and 401. What is refused is
answered in the envelope of the documented API, which its generated clients read.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qs

from cadenza.realtime import ConnectClaims, TokenError, TokenUndecided
from cadenza.realtime.eager import settle
from cadenza.realtime.wire import Wire
from cadenza.server.deflate import Deflate
from cadenza.server.origin import Origins
from cadenza.server.wires import WEBSOCKET_JSON, WEBSOCKET_PROTOBUF, compressed_wires

if TYPE_CHECKING:
    from cadenza.config import Config, WebSocketConfig
    from cadenza.realtime import Node

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_HOST: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?", re.ASCII)
JSON_SUBPROTOCOL: Final = "centrifuge-json"
PROTOBUF_SUBPROTOCOL: Final = "centrifuge-protobuf"
_VERSION: Final = "13"
ROOT: Final = "/"
"""Where clients connect that know the host alone, as the READMEs of the API's clients do."""

_ERRORS: Final = {
    400: (10004, "INVALID_REQUEST"),
    401: (11002, "INVALID_TOKEN"),
    403: (11004, "ACCESS_DENIED"),
    404: (10005, "NOT_FOUND"),
    405: (10006, "METHOD_NOT_ALLOWED"),
    503: (10010, "UNAVAILABLE"),
}
"""The API's number and name of an error by HTTP status; see the gateway's catalogue."""
_NO_TOKEN: Final = (11001, "MISSING_TOKEN")


class Request(NamedTuple):
    """The head of an HTTP request; header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]


class Refusal(NamedTuple):
    """An HTTP answer instead of a connection."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class Upgrade(NamedTuple):
    """A request that may become a WebSocket."""

    accept_key: str
    subprotocol: str
    """The one to echo; empty: none was offered."""
    protobuf: bool
    frame_ping: bool
    extensions: str
    """What is agreed on (RFC 7692, 5.1); empty: nothing, and messages are not compressed."""


class Gate:
    """Decides about requests, by the configuration of a server.

    Args:
        node: The node of the connections.
        config: The server's configuration.
        own_scheme: ``http`` or ``https`` of a page that the server has itself; see ``Origins``.
            Empty: it has none.
    """

    def __init__(self, node: Node, config: Config, own_scheme: str = "") -> None:
        self.node = node
        self.config = config
        self.origins = Origins(config.client.allowed_origins, own_scheme)
        self.deflate = _deflate(config.websocket)
        plain = (WEBSOCKET_JSON, WEBSOCKET_PROTOBUF)
        self._wires = plain, plain if self.deflate is None else compressed_wires(self.deflate)
        self._second = 0
        self._opened_in_second = 0

    def opens_websockets(self, path: str) -> bool:
        """Whether WebSockets are opened at this path; elsewhere an upgrade is not asked of us."""
        section = self.config.websocket
        return not section.disabled and path in {section.handler_prefix, ROOT}

    def upgrade(self, request: Request) -> Upgrade | Refusal:
        """Check the handshake of a WebSocket (RFC 6455, section 4.2.1), then the policies."""
        headers = request.headers
        wants = _has(headers, "connection", "upgrade") and _has(headers, "upgrade", "websocket")
        host = headers.get("host", "")
        if not wants:
            why = "this is a WebSocket endpoint, and the request asks no upgrade"
            return self._explain(why, host)
        if request.method != "GET":
            refusal = self._explain("a WebSocket is opened with GET", host, 405)
            return refusal._replace(headers={**refusal.headers, "allow": "GET"})
        if headers.get("sec-websocket-version") != _VERSION:
            return self._explain("Sec-WebSocket-Version must be 13", host)
        key = headers.get("sec-websocket-key", "")
        if not _is_key(key):
            return self._explain("Sec-WebSocket-Key must be 16 bytes in base64", host)
        refusal_or_none = self.policy(headers)
        if refusal_or_none is not None:
            return refusal_or_none
        query = parse_qs(request.query)
        subprotocol = _subprotocol(headers.get("sec-websocket-protocol", ""))
        asked = query.get("format", []) + query.get("cf_protocol", [])
        return Upgrade(
            accept_key=_accept(key),
            subprotocol=subprotocol,
            protobuf=subprotocol == PROTOBUF_SUBPROTOCOL or "protobuf" in asked,
            frame_ping=query.get("cf_ws_frame_ping_pong") == ["true"],
            extensions=self.deflate.answer(headers.get("sec-websocket-extensions", ""))
            if self.deflate is not None
            else "",
        )

    def wire(self, upgrade: Upgrade) -> Wire:
        """The wire of an accepted upgrade on the server's own socket path."""
        return self._wires[bool(upgrade.extensions)][upgrade.protobuf]

    def policy(self, headers: Mapping[str, str]) -> Refusal | None:
        """Origin, limits and shutdown: what every transport checks before it opens."""
        if not self.origins.allows(headers.get("origin"), headers.get("host", "")):
            return refuse(403, "this origin is not in client.allowed_origins")
        if self.node.closing:
            return refuse(503, "the server is shutting down")
        options = self.node.client_options
        limit = options.connection_limit
        if limit and len(self.node.open_connections) >= limit:
            return refuse(503, "client.connection_limit is reached")
        if options.connection_rate_limit and not self._within_rate(options.connection_rate_limit):
            return refuse(503, "client.connection_rate_limit is reached")
        return None

    def _within_rate(self, limit: int) -> bool:
        second = int(self.node.clock.monotonic())
        if second != self._second:
            self._second, self._opened_in_second = second, 0
        self._opened_in_second += 1
        return self._opened_in_second <= limit

    async def explain(self, request: Request) -> Refusal:
        """The answer to what asks for no upgrade: how to, or what is wrong with its token."""
        if self.needs_authentication(request.headers):
            who = await self.authenticate(request.headers)
            if isinstance(who, Refusal):
                return who
        headers = {name: text for name, text in request.headers.items() if name != "upgrade"}
        decision = self.upgrade(request._replace(headers=headers))
        return decision if isinstance(decision, Refusal) else refuse(400, "it asks no upgrade")

    def needs_authentication(self, headers: Mapping[str, str]) -> bool:
        """Whether ``authenticate`` has something to say about the request."""
        return "authorization" in headers or self.config.websocket.require_authorization

    async def authenticate(self, headers: Mapping[str, str]) -> ConnectClaims | Refusal | None:
        """Verify an ``Authorization: Bearer`` header, where there is one or must be one.

        Other schemes are somebody else's (a proxy's, say) and mean nothing here.
        """
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            if self.config.websocket.require_authorization:
                return unauthorized("an Authorization: Bearer header is required", is_missing=True)
            return None
        verifier = self.node.access.verifier
        if verifier is None:
            return unauthorized("the server has no keys to verify tokens with")
        try:
            return await settle(verifier.connect(token.strip(), self.node.clock.time()))
        except TokenUndecided:
            refusal = refuse(503, "whether the bearer token is valid cannot be decided just now")
            return refusal._replace(headers={**refusal.headers, "retry-after": "1"})
        except TokenError:
            return unauthorized("the bearer token is not valid (any more)")

    def proxied_user(self, headers: Mapping[str, str]) -> ConnectClaims | None:
        """The user that a trusted proxy names in ``client.user_id_http_header``."""
        name = self.config.client.user_id_http_header.lower()
        user = meant(headers.get(name, "")) if name else ""
        return ConnectClaims(user=user) if user else None

    def _explain(self, why: str, host: str, status: int = 400) -> Refusal:
        """A refusal, and for the one who reads it, how to do it."""
        scheme = "wss" if self.config.http_server.tls.enabled else "ws"
        shown = host if _HOST.fullmatch(host) else "HOST:PORT"
        refusal = refuse(
            status,
            why,
            url=f"{scheme}://{shown}{self.config.websocket.handler_prefix}",
            subprotocols=[JSON_SUBPROTOCOL, PROTOBUF_SUBPROTOCOL],
            firstMessage={"id": 1, "connect": {"token": "YOUR_JWT"}},
        )
        return refusal._replace(headers={**refusal.headers, "sec-websocket-version": _VERSION})


def meant(value: str) -> str:
    """A header's value as what it means: UTF-8, where servers show bytes as Latin-1.

    Bytes that are no UTF-8 become U+FFFD, so that no two users are one by chance of a decoding.
    """
    return value if value.isascii() else value.encode("latin-1").decode(errors="replace")


def _deflate(config: WebSocketConfig) -> Deflate | None:
    if not config.compression:
        return None
    limit = config.decompressed_message_size_limit or 10 * config.message_size_limit
    return Deflate(config.compression_level, config.compression_min_size, limit)


def refuse(status: int, why: str, **facts: object) -> Refusal:
    """A refusal whose body says why, in the envelope of the API.

    Args:
        status: The HTTP status.
        why: A sentence.
        **facts: What a program may want to know, as ``details.metadata``.
    """
    return _refusal(status, why, _ERRORS[status], facts)


def unauthorized(why: str, *, is_missing: bool = False) -> Refusal:
    """401 with the challenge of RFC 6750, section 3, which names no error without a token."""
    refusal = _refusal(401, why, _NO_TOKEN if is_missing else _ERRORS[401], {})
    challenge = 'Bearer realm="cadenza"' + ("" if is_missing else ', error="invalid_token"')
    return refusal._replace(headers={**refusal.headers, "www-authenticate": challenge})


def _has(headers: Mapping[str, str], name: str, member: str) -> bool:
    """Whether a header that is a list has this member, in whichever case."""
    return member in [part.strip() for part in headers.get(name, "").lower().split(",")]


def _refusal(status: int, why: str, entry: tuple[int, str], facts: Mapping[str, object]) -> Refusal:
    errno, name = entry
    details: dict[str, object] = {"code": name}
    if facts:
        details["metadata"] = facts
    body = {"success": False, "errno": errno, "error": why, "details": details}
    return Refusal(status, json.dumps(body).encode() + b"\n", {"content-type": "application/json"})


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False


def _accept(key: str) -> str:
    digest = hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def _subprotocol(offered: str) -> str:
    """The first of the client's subprotocols that is ours."""
    for name in offered.split(","):
        if name.strip() in {JSON_SUBPROTOCOL, PROTOBUF_SUBPROTOCOL}:
            return name.strip()
    return ""
