"""The door of every transport: who may come in, as a table."""

from __future__ import annotations

import json

import pytest

from cadenza.gateway.gateway import Gateway
from cadenza.realtime import ConnectClaims
from cadenza.server.gate import Refusal, Request, Upgrade

PATH = "/connection/websocket"
ERRNO = {400: 10004, 403: 11004, 405: 10006}
HEADERS = {
    "host": "localhost",
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture
def gate_of(config_of):
    def make(**sections):
        return Gateway(config_of(**sections)).gate

    return make


def ask(gate, method="GET", query="", **changes):
    changes = {name.replace("_", "-"): value for name, value in changes.items()}
    headers = {name: value for name, value in {**HEADERS, **changes}.items() if value is not None}
    return gate.upgrade(Request(method, PATH, query, headers))


async def test_the_key_is_answered_as_the_rfc_says(gate_of):
    """The example of RFC 6455, section 1.3."""
    decision = ask(gate_of())
    assert isinstance(decision, Upgrade)
    assert decision.accept_key == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert (decision.subprotocol, decision.protobuf, decision.frame_ping) == ("", False, False)


@pytest.mark.parametrize("connection", ["upgrade", "UPGRADE", "keep-alive, Upgrade"])
@pytest.mark.parametrize("upgrade", ["websocket", "WebSocket"])
async def test_header_values_have_no_case(gate_of, connection, upgrade):
    """Names of protocols and options are compared without case."""
    assert isinstance(ask(gate_of(), connection=connection, upgrade=upgrade), Upgrade)


@pytest.mark.parametrize(
    ("method", "changes", "status"),
    [
        ("GET", {"upgrade": None}, 400),
        ("GET", {"connection": None}, 400),
        ("GET", {"connection": "keep-alive"}, 400),
        ("GET", {"upgrade": "h2c"}, 400),
        ("POST", {"upgrade": None}, 400),
        ("POST", {}, 405),
        ("PUT", {}, 405),
        ("HEAD", {}, 405),
        ("GET", {"sec_websocket_version": None}, 400),
        ("GET", {"sec_websocket_version": "8"}, 400),
        ("GET", {"sec_websocket_version": "13, 8"}, 400),
        ("GET", {"sec_websocket_key": None}, 400),
        ("GET", {"sec_websocket_key": ""}, 400),
        ("GET", {"sec_websocket_key": "dGhlIHNhbXBsZQ=="}, 400),
        ("GET", {"sec_websocket_key": "not base64 at all!!!"}, 400),
        ("GET", {"sec_websocket_key": "ü" * 24}, 400),
        ("GET", {"origin": "https://evil.example"}, 403),
    ],
)
async def test_refusals(gate_of, method, changes, status):
    """Each broken rule of the handshake has its status, and a body that says which."""
    refusal = ask(gate_of(), method, **changes)
    assert isinstance(refusal, Refusal)
    assert refusal.status == status
    body = json.loads(refusal.body)
    assert (body["success"], body["errno"]) == (False, ERRNO[status])
    assert body["error"]
    assert body["details"]["code"]
    assert refusal.headers["content-type"] == "application/json"
    assert (refusal.headers.get("allow") == "GET") == (status == 405)
    if status == 400:
        assert refusal.headers["sec-websocket-version"] == "13"


async def test_a_refusal_shows_how_to_connect(gate_of):
    """The body of 400 is an example: address, subprotocols, first message."""
    gate = gate_of(websocket={"handler_prefix": "/ws"})
    connect = json.loads(ask(gate, upgrade=None).body)["details"]["metadata"]
    assert connect["url"] == "ws://localhost/ws"
    odd = json.loads(ask(gate, upgrade=None, host="a b").body)["details"]["metadata"]
    assert odd["url"] == "ws://HOST:PORT/ws"
    assert connect["subprotocols"] == ["centrifuge-json", "centrifuge-protobuf"]
    assert connect["firstMessage"] == {"id": 1, "connect": {"token": "YOUR_JWT"}}


@pytest.mark.parametrize(
    ("offered", "query", "subprotocol", "protobuf"),
    [
        ("", "", "", False),
        ("centrifuge-json", "", "centrifuge-json", False),
        ("centrifuge-protobuf", "", "centrifuge-protobuf", True),
        ("centrifuge-protobuf,centrifuge-json", "", "centrifuge-protobuf", True),
        ("centrifuge-json, centrifuge-protobuf", "", "centrifuge-json", False),
        ("graphql-ws", "", "", False),
        ("graphql-ws , centrifuge-json", "", "centrifuge-json", False),
        ("", "format=protobuf", "", True),
        ("", "cf_protocol=protobuf", "", True),
        ("", "format=json&cf_protocol=protobuf", "", True),
        ("", "format=PROTOBUF", "", False),
        ("", "format=", "", False),
        ("centrifuge-json", "format=protobuf", "centrifuge-json", True),
        ("", "a=1&format=protobuf&b=%zz", "", True),
    ],
)
async def test_formats(gate_of, offered, query, subprotocol, protobuf):
    """JSON unless the subprotocol or the query asks for Protobuf."""
    decision = ask(gate_of(), query=query, sec_websocket_protocol=offered)
    assert (decision.subprotocol, decision.protobuf) == (subprotocol, protobuf)


async def test_frame_ping_mode(gate_of):
    """Only the literal ``true`` turns it on."""
    gate = gate_of()
    assert ask(gate, query="cf_ws_frame_ping_pong=true").frame_ping
    assert not ask(gate, query="cf_ws_frame_ping_pong=1").frame_ping


async def test_a_closing_server_takes_nobody(gate_of):
    """503 while it shuts down."""
    gate = gate_of()
    await gate.node.shutdown()
    assert ask(gate).status == 503


async def test_connection_limit(gate_of):
    """``client.connection_limit`` counts what is open."""
    gate = gate_of(client={"connection_limit": 2})
    gate.node.open_connections.update({object()})
    assert isinstance(ask(gate), Upgrade)
    gate.node.open_connections.update({object()})
    assert ask(gate).status == 503
    assert "connection_limit" in json.loads(ask(gate).body)["error"]


async def test_connection_rate_limit(gate_of):
    """``client.connection_rate_limit`` counts by the second, refused ones included."""
    gate = gate_of(client={"connection_rate_limit": 2})
    now = [100.0]
    gate.node.clock.monotonic = lambda: now[0]
    statuses = [getattr(ask(gate), "status", 101) for _ in range(4)]
    assert statuses == [101, 101, 503, 503]
    now[0] = 101.0
    assert isinstance(ask(gate), Upgrade)


@pytest.mark.parametrize(
    ("required", "header", "expected"),
    [
        (False, None, "nobody"),
        (False, "Basic dXNlcjpwYXNz", "nobody"),
        (False, "Bearer GOOD", "ann"),
        (False, "bearer GOOD", "ann"),
        (False, "Bearer   GOOD", "ann"),
        (False, "Bearer BAD", 401),
        (False, "Bearer", 401),
        (False, "Bearer EXPIRED", 401),
        (True, None, 401),
        (True, "Basic dXNlcjpwYXNz", 401),
        (True, "Bearer GOOD", "ann"),
        (True, "Bearer BAD", 401),
    ],
)
async def test_authorization(gate_of, token, required, header, expected):
    """A bearer token is verified where there is one, or must be one; other schemes are ignored."""
    gate = gate_of(websocket={"require_authorization": required})
    headers = {}
    if header is not None:
        header = header.replace("GOOD", token("ann")).replace("BAD", "a.b.c")
        headers["authorization"] = header.replace("EXPIRED", token("ann", exp=1))
    assert gate.needs_authentication(headers) == (required or header is not None)
    who = await gate.authenticate(headers)
    if expected == 401:
        assert isinstance(who, Refusal)
        assert who.status == 401
        assert who.headers["www-authenticate"].startswith("Bearer ")
        assert token("ann").encode() not in who.body
    elif expected == "nobody":
        assert who is None
    else:
        assert isinstance(who, ConnectClaims)
        assert who.user == expected


async def test_user_header_of_a_proxy(gate_of):
    """It counts only when it is configured, and its case does not matter."""
    assert gate_of().proxied_user({"x-user": "42"}) is None
    gate = gate_of(client={"user_id_http_header": "X-User"})
    assert gate.proxied_user({"x-user": "42"}) == ConnectClaims(user="42")
    assert gate.proxied_user({"x-user": ""}) is None
    assert gate.proxied_user({}) is None
