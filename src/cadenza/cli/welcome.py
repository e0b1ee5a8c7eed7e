"""The text that a sandbox prints once it listens: addresses, a token, and how to try it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cadenza.config import Config
from cadenza.gateway.api.operation import PREFIX
from cadenza.server.tokens import connection_token

_TEXT: Final = """
Cadenza is listening on {host}:{port}, for this machine only.

{page}  WebSocket    ws://{host}:{port}{websocket}
  HTTP API     http://{host}:{inside}{api}   (X-API-Key: {key})
  Health       http://{host}:{inside}{health}
  Metrics      http://{host}:{inside}{metrics}
  Instruments  {instruments}
  Trading      {trading}

A token for the user "trader", good for {days} days:

  {token}

Try it in a browser, or in Node 22 or newer (npm install centrifuge; older ones need ws too):

  import {{ Centrifuge }} from 'centrifuge';
  const client = new Centrifuge('ws://{host}:{port}{websocket}', {{ token: '{token}' }});
  client.newSubscription('market:orderBook:{instrument}')
    .on('publication', (event) => console.log(event.data)).subscribe();
  client.connect();

Or on the command line:

  curl -s -X POST http://{host}:{inside}{api}/channels -H 'X-API-Key: {key}' -d '{{}}'

Keys and tokens are made anew at every start. To keep them, put client.token.hmac_secret_key and
http_api.key into a file for --config; `cadenza config default` prints one to begin with.
"""
_PAGE: Final = """  Page         http://{host}:{port}{path}
  Admin token  {key}
               (the API key; for Operate on the page)

"""
_TRADING: Final = """http://{host}:{port}{rest}  (Authorization: Bearer TOKEN)
               with paper money, {kept}"""
_KEPT: Final = "kept in {path}"
_FORGOTTEN: Final = "forgotten at the end; --data DIR keeps it"
_NO_TRADING: Final = "none (trading.enabled is false)"
_NO_FEED: Final = "none (--feed none)"
_LATE: Final = "those of the recording, each from its first order book on"


def welcome(config: Config, port: int, instruments: Sequence[str], now: float, ttl: float) -> str:
    """The text of a sandbox.

    It holds a token and the API key, which are good for this sandbox alone.

    Args:
        config: The configuration that the gateway runs with.
        port: The port it listens on.
        instruments: Ids of the instruments; none if they are not known yet.
        now: Unix seconds, from which the token is valid.
        ttl: Seconds for which it is valid.
    """
    unknown = _NO_FEED if config.market.feed == "none" else _LATE
    token = connection_token(config.client.token, "trader", now=now, ttl=ttl)
    return _TEXT.format(
        host=config.http_server.address or "127.0.0.1",
        port=port,
        page=_page(config, port),
        inside=config.http_server.internal_port or port,
        websocket=config.websocket.handler_prefix,
        api=config.http_api.handler_prefix,
        health=config.health.handler_prefix,
        metrics=config.prometheus.handler_prefix,
        key=config.http_api.key.reveal(),
        instruments=", ".join(instruments) or unknown,
        trading=_trading(config, port),
        instrument=instruments[0] if instruments else "BINANCE:BTC/USDT",
        token=token,
        days=int(ttl // 86400),
    )


def _page(config: Config, port: int) -> str:
    """The lines about the page, which come first; empty if it is not served."""
    if not config.dashboard.enabled:
        return ""
    host = config.http_server.address or "127.0.0.1"
    path, key = config.dashboard.handler_prefix, config.http_api.key.reveal()
    return _PAGE.format(host=host, port=port, path=path, key=key)


def _trading(config: Config, port: int) -> str:
    """The address of the trading API, and whether orders outlive the process."""
    if not config.trading.enabled:
        return _NO_TRADING
    path = config.trading.store.path
    return _TRADING.format(
        host=config.http_server.address or "127.0.0.1",
        port=port,
        rest=PREFIX,
        kept=_KEPT.format(path=path) if path else _FORGOTTEN,
    )
