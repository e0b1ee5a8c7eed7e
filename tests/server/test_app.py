"""The ASGI application in somebody else's program."""

from __future__ import annotations

import json

import httpx
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from cadenza.realtime import Node
from cadenza.server.app import create_app, create_internal_app

SCOPE = {
    "type": "websocket",
    "asgi": {"version": "3.0", "spec_version": "2.3"},
    "http_version": "1.1",
    "scheme": "ws",
    "path": "/connection/websocket",
    "raw_path": b"/connection/websocket",
    "root_path": "",
    "query_string": b"",
    "client": ("127.0.0.1", 1),
    "server": ("127.0.0.1", 2),
    "subprotocols": [],
    "headers": [(b"origin", b"https://evil.example")],
}


async def run(app, scope):
    """Call an application with a WebSocket that only asks to be accepted; what it sends."""
    sent = []

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    return sent


async def test_the_application_runs_the_node(config_of):
    """With its lifespan the node starts and is shut down."""
    node = Node()
    app = create_app(node, config_of())
    async with app.router.lifespan_context(app):
        assert not node.closing
    assert node.closing


async def test_a_program_may_run_the_node_itself(config_of):
    """Without ``manage_node`` the lifespan leaves it alone."""
    node = Node()
    app = create_app(node, config_of(), manage_node=False)
    async with app.router.lifespan_context(app):
        pass
    assert not node.closing


async def test_a_refusal_is_an_http_answer_where_the_server_can(config_of):
    """With the extension the status and the body of the refusal arrive."""
    app = create_app(Node(), config_of())
    scope = {**SCOPE, "extensions": {"websocket.http.response": {}}}
    start, body = await run(app, scope)
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 403)
    assert (b"content-type", b"application/json") in start["headers"]
    assert json.loads(body["body"])["errno"] == 11004


async def test_a_refusal_is_a_close_where_the_server_cannot(config_of):
    """Without it the socket is closed before it was accepted, which a server turns into 403."""
    (close,) = await run(create_app(Node(), config_of()), SCOPE)
    assert close["type"] == "websocket.close"


async def test_own_routes_come_first(config_of):
    """A program may answer a path of ours itself."""

    async def mine(_):
        return PlainTextResponse("mine")

    app = create_app(Node(), config_of(), routes=[Route("/health", mine)])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://a") as web:
        assert (await web.get("/health")).text == "mine"
        assert (await web.get("/metrics")).status_code == 200


async def test_prefixes_of_the_configuration(config_of):
    """Every endpoint stands where the configuration puts it."""
    config = config_of(
        websocket={"handler_prefix": "/ws"},
        http_api={"handler_prefix": "/backend"},
        health={"handler_prefix": "/ok"},
        prometheus={"handler_prefix": "/numbers"},
        sse={"handler_prefix": "/events"},
    )
    transport = httpx.ASGITransport(create_app(Node(), config))
    async with httpx.AsyncClient(transport=transport, base_url="http://a") as web:
        assert (await web.get("/ws")).status_code == 400
        assert (await web.post("/backend/info")).status_code == 401
        assert (await web.get("/ok")).status_code == 200
        assert (await web.get("/numbers")).status_code == 200
        assert (await web.get("/events")).status_code == 400
        for path in ("/connection/websocket", "/health", "/metrics", "/connection/sse"):
            assert (await web.get(path)).status_code == 404


async def test_a_disabled_websocket_is_not_there(config_of):
    """404, as for any unknown path."""
    app = create_app(Node(), config_of(websocket={"disabled": True}))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://a") as web:
        assert (await web.get("/connection/websocket")).status_code == 404


async def test_the_internal_application_has_no_clients(config_of):
    """Only what backends and operators use."""
    config = config_of()
    paths = {route.path for route in create_internal_app(Node(), config).routes}
    assert paths == {"/api", "/api/{method}", "/health", "/metrics"}
