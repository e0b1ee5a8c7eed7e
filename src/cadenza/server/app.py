"""The ASGI application: every HTTP endpoint of the server, composed from its parts.

``create_app`` is what a FastAPI or Starlette program mounts; the server runs the same application
behind its own socket path for WebSockets.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from cadenza.server.api.endpoint import ApiEndpoint
from cadenza.server.api.methods import RPC, Methods
from cadenza.server.asgi_websocket import serve_websocket
from cadenza.server.gate import Gate, Refusal
from cadenza.server.gate import Request as Head
from cadenza.server.metrics import CONTENT_TYPE, Metrics
from cadenza.server.streams import Streams

if TYPE_CHECKING:
    from prometheus_client.registry import Collector
    from starlette.websockets import WebSocket

    from cadenza.config import Config
    from cadenza.realtime import Node

Endpoint = Callable[[Request], Awaitable[Response]]
ALL_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create_app(
    node: Node,
    config: Config,
    *,
    gate: Gate | None = None,
    routes: Iterable[BaseRoute] = (),
    api_rpc: RPC | None = None,
    collectors: Iterable[Collector] = (),
    manage_node: bool = True,
) -> Starlette:
    """Compose the application.

    Args:
        node: The engine.
        config: The endpoints that there are, and their paths.
        gate: The door of the transports; made from the other two by default.
        routes: Further routes of the program; they come first.
        api_rpc: Answers the server API's ``rpc``: method and parameters in, a JSON result out.
        collectors: Further metrics of the program.
        manage_node: Start and shut down the node with the application. A program that mounts the
            application does that itself, as mounted applications have no lifespan.
    """
    gate = gate or Gate(node, config)
    listed = [*routes, *client_routes(gate)]
    has_internal_port = config.http_server.internal_port != 0
    if not has_internal_port or config.http_api.external:
        listed += api_routes(node, config, api_rpc)
    if not has_internal_port:
        listed += report_routes(node, config, collectors)
    app = _starlette(listed)
    if manage_node:
        app.router.lifespan_context = _lifespan(node)
    return app


def create_internal_app(
    node: Node,
    config: Config,
    api_rpc: RPC | None = None,
    collectors: Iterable[Collector] = (),
) -> Starlette:
    """The application of ``http_server.internal_port``: the server API, health and metrics."""
    return _starlette(
        [*api_routes(node, config, api_rpc), *report_routes(node, config, collectors)]
    )


def _starlette(routes: list[BaseRoute]) -> Starlette:
    handlers = {404: _not_found, 405: _not_allowed, ClientDisconnect: _gone}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return app


def client_routes(gate: Gate) -> list[BaseRoute]:
    """Where clients connect."""
    config, streams = gate.config, Streams(gate)
    routes: list[BaseRoute] = []
    if not config.websocket.disabled:
        path = config.websocket.handler_prefix

        async def upgrade_needed(request: Request) -> Response:
            """Answer what asks for no upgrade; who asks for one never comes here."""
            headers = {name: value for name, value in request.headers.items() if name != "upgrade"}
            head = Head(request.method, request.url.path, request.url.query, headers)
            refusal = gate.upgrade(head)
            if not isinstance(refusal, Refusal):
                return Response(status_code=400)
            return Response(refusal.body, refusal.status, dict(refusal.headers))

        async def websocket(socket: WebSocket) -> None:
            await serve_websocket(gate, socket)

        routes += [
            Route(path, upgrade_needed, methods=ALL_METHODS),
            WebSocketRoute(path, websocket),
        ]
    if config.http_stream.enabled:
        path = config.http_stream.handler_prefix
        routes += _with_preflight(path, streams.http_stream, streams, ["POST"])
    if config.sse.enabled:
        routes.append(_route(config.sse.handler_prefix, streams.sse, ["GET", "POST"]))
    if config.http_stream.enabled or config.sse.enabled:
        path = config.emulation.handler_prefix
        routes += _with_preflight(path, streams.emulation, streams, ["POST"])
    if config.uni_http_stream.enabled:
        path = config.uni_http_stream.handler_prefix
        routes += _with_preflight(path, streams.uni_http_stream, streams, ["POST"])
    if config.uni_sse.enabled:
        path = config.uni_sse.handler_prefix
        routes.append(_route(path, streams.uni_sse, ["GET", "POST"]))
    return routes


def api_routes(node: Node, config: Config, rpc: RPC | None = None) -> list[BaseRoute]:
    """What a backend calls."""
    if config.http_api.disabled:
        return []
    endpoint = ApiEndpoint(Methods(node, rpc), config.http_api)
    prefix = config.http_api.handler_prefix.rstrip("/")
    return [
        Route(prefix or "/", endpoint.legacy, methods=ALL_METHODS),
        Route(prefix + "/{method}", endpoint.method, methods=ALL_METHODS),
    ]


def report_routes(
    node: Node, config: Config, collectors: Iterable[Collector] = ()
) -> list[BaseRoute]:
    """What an operator's programs read."""
    routes: list[BaseRoute] = []
    if config.health.enabled:

        async def health(_: Request) -> Response:
            status = 503 if node.closing or node.unhealthy else 200
            return Response(b"{}", status, media_type="application/json")

        # Balancers ask with GET, HEAD or OPTIONS, and some with more; each gets the same answer.
        routes.append(Route(config.health.handler_prefix, health, methods=ALL_METHODS))
    if config.prometheus.enabled:
        metrics = Metrics(node, collectors)

        async def render(_: Request) -> Response:
            return Response(metrics.render(), headers={"content-type": CONTENT_TYPE})

        routes.append(Route(config.prometheus.handler_prefix, render))
    return routes


def _with_preflight(
    path: str, endpoint: Endpoint, streams: Streams, methods: list[str]
) -> list[BaseRoute]:
    """An endpoint that browsers may post to from an allowed origin."""

    async def route(request: Request) -> Response:
        return await streams.preflight(request)

    return [Route(path, route, methods=["OPTIONS"]), _route(path, endpoint, methods)]


def _route(path: str, endpoint: Endpoint, methods: list[str]) -> BaseRoute:
    async def route(request: Request) -> Response:
        if request.method not in methods:
            return Response(status_code=405, headers={"allow": ", ".join(methods)})
        return await endpoint(request)

    return Route(path, route, methods=ALL_METHODS)


async def _not_found(request: Request, _: Exception) -> Response:
    if request.method == "OPTIONS" and request.url.path.endswith("*"):
        # About the server as a whole (RFC 9110, 9.3.7): a ping that balancers send.
        return Response(status_code=204, headers={"allow": ", ".join(ALL_METHODS)})
    return Response("404 page not found\n", 404, media_type="text/plain")


async def _not_allowed(_: Request, error: Exception) -> Response:
    headers = error.headers if isinstance(error, HTTPException) else None
    return Response(status_code=405, headers=headers)


async def _gone(_: Request, __: Exception) -> Response:
    """The client left in the middle of its body; nobody reads the answer."""
    return Response(status_code=400)


def _lifespan(node: Node) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await node.start()
        try:
            yield
        finally:
            await node.shutdown()

    return lifespan
