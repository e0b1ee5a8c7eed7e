"""Routes of the page: ``/``, its files under ``/page/``, and its settings."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cadenza import __version__
from cadenza.config import Config
from cadenza.dashboard.assets import INDEX, Asset, Assets, is_known
from cadenza.dashboard.vendor import missing
from cadenza.gateway.api.operation import PREFIX
from cadenza.server.origin import Origins

SETTINGS: Final = "settings.json"
_METHODS: Final = ("GET", "HEAD")
_HTTP: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

_FIXED: Final[Mapping[str, str]] = {
    "cache-control": "no-cache",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": (
        "camera=(), clipboard-read=(), display-capture=(), geolocation=(), microphone=(), "
        "payment=(), usb=()"
    ),
    "referrer-policy": "no-referrer",
    "vary": "Host",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'{sockets}; font-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_WHOLE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Cadenza</title>
<h1>Cadenza</h1>
{paragraphs}
</html>
"""
_NO_BUILDS: Final = """\
<p>The gateway runs. Its page needs two libraries of other people, centrifuge and
lightweight-charts, and these of their files are not here: {names}.</p>
<p>They come from npm once; after that the page needs no internet. In a checkout of Cadenza:</p>
<pre>make page</pre>
<p>Anywhere else, with Node.js 18 or newer, npm, and the Python that runs the gateway:</p>
<pre>python -m cadenza.dashboard.vendor</pre>
<p>Then load this page again. The gateway need not be restarted.</p>"""
_UNKNOWN_HOST: Final = """\
<p>This page was asked for under the name {host}, which the gateway does not know as its own.</p>
<p>Under an IP address or localhost it needs no configuration. For any other name, add its origin,
for example https://trade.example.com, to client.allowed_origins in the configuration of the
gateway, and restart it.</p>"""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about the server that the page needs, without any secret.

    Attributes:
        version: The version of Cadenza.
        websocket: Path of the WebSocket endpoint; ``None``: there is none.
        rest: Path of the REST API.
        api: Path of the server API; ``None``: it is not on this port.
        trading: Whether there is a venue.
        faults: Whether faults can be switched on.
    """

    version: str
    websocket: str | None
    rest: str
    api: str | None
    trading: bool
    faults: bool


def settings_of(config: Config) -> Settings:
    """The settings that follow from a configuration."""
    api = config.http_api
    is_elsewhere = config.http_server.internal_port != 0 and not api.external
    return Settings(
        version=__version__,
        websocket=None if config.websocket.disabled else config.websocket.handler_prefix,
        rest=PREFIX,
        api=None if api.disabled or is_elsewhere else api.handler_prefix,
        trading=config.trading.enabled,
        faults=config.faults.enabled,
    )


def page_routes(
    config: Config, origins: Origins, *, assets: Assets | None = None
) -> list[BaseRoute]:
    """Routes for an application; none, unless ``dashboard.enabled``.

    Args:
        config: The server's configuration.
        origins: The names of this server; the page is served under these alone.
        assets: The files; by default those of the package.
    """
    if not config.dashboard.enabled:
        return []
    page = Page(assets or Assets(), origins, msgspec.json.encode(settings_of(config)))
    prefix = config.dashboard.handler_prefix.rstrip("/")
    routes: list[BaseRoute] = [
        Route(prefix + "/", page.index, methods=_HTTP),
        Route(prefix + "/page/{name:path}", page.file, methods=_HTTP),
    ]
    if prefix:

        async def onward(request: Request) -> Response:
            """The page's own addresses are relative, so its address ends with a slash."""
            return page.refusal(request) or Response(
                status_code=308, headers={**headers(), "location": prefix + "/"}
            )

        routes.append(Route(prefix, onward, methods=_HTTP))
    return routes


class Page:
    """The page: answers the requests of browsers.

    Args:
        assets: The files.
        origins: The names of this server.
        settings: The body of ``settings.json``.
    """

    def __init__(self, assets: Assets, origins: Origins, settings: bytes) -> None:
        self._assets = assets
        self._origins = origins
        self._settings = settings

    async def index(self, request: Request) -> Response:
        """Answer with the page, or with how to get the files that it lacks."""
        if (refusal := self.refusal(request)) is not None:
            return refusal
        if names := missing(self._assets.vendor):
            return Response(no_builds(names), 503, headers(), media_type="text/html")
        return self._answer(request, self._assets.find(INDEX))

    async def file(self, request: Request) -> Response:
        """Answer with a file of the page."""
        if (refusal := self.refusal(request)) is not None:
            return refusal
        name = request.path_params["name"]
        if name == SETTINGS:
            fresh = {**headers(_host(request)), "cache-control": "no-store"}
            return Response(self._settings, headers=fresh, media_type="application/json")
        return self._answer(request, self._assets.find(name))

    def refusal(self, request: Request) -> Response | None:
        """The answer that refuses a request; ``None``: it is fine.

        405 for other methods; 421 under a name that anybody could have pointed here.
        """
        if request.method not in _METHODS:
            return Response(status_code=405, headers={**headers(), "allow": ", ".join(_METHODS)})
        host = _host(request)
        if not self._origins.knows(host):
            return Response(unknown_host(host), 421, headers(), media_type="text/html")
        return None

    def _answer(self, request: Request, asset: Asset | None) -> Response:
        common = headers(_host(request))
        if asset is None:
            text = "404 page not found\n"
            return Response(text, 404, headers=common, media_type="text/plain")
        common["etag"] = asset.etag
        if is_known(asset.etag, request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=common)
        return Response(asset.body, headers={**common, "content-type": asset.content_type})


def headers(host: str = "") -> dict[str, str]:
    """The headers that every answer has.

    Args:
        host: The name under which the page was asked for, if it is known. Not every browser takes
            ``'self'`` for WebSockets too, so they are named.
    """
    sockets = f" ws://{host} wss://{host}" if host else ""
    return {**_FIXED, "content-security-policy": _POLICY.format(sockets=sockets)}


def no_builds(names: Sequence[str]) -> str:
    """The page that says which files are missing, and how to get them."""
    return _WHOLE.format(paragraphs=_NO_BUILDS.format(names=html.escape(", ".join(names))))


def unknown_host(host: str) -> str:
    """The page that is shown under a name that may be anybody's."""
    shown = html.escape(host[:100]) or "(none)"
    return _WHOLE.format(paragraphs=_UNKNOWN_HOST.format(host=shown))


def _host(request: Request) -> str:
    return request.headers.get("host", "")
