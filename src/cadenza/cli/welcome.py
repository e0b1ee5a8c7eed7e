"""What a sandbox says once it listens: where, with which tokens, and how to try it."""

from __future__ import annotations

from collections.abc import Sequence

from cadenza.server.config import Config
from cadenza.server.tokens import connection_token

_TEXT = """
Cadenza is listening on {host}:{port}, for this machine only.

  WebSocket    ws://{host}:{port}{websocket}
  HTTP API     http://{host}:{port}{api}   (X-API-Key: {key})
  Health       http://{host}:{port}{health}
  Metrics      http://{host}:{port}{metrics}
  Instruments  {instruments}

A token for the user "trader", good for {days} days:

  {token}

Try it in a browser's console or in Node (npm install centrifuge):

  import {{ Centrifuge }} from 'centrifuge';
  const client = new Centrifuge('ws://{host}:{port}{websocket}', {{ token: '{token}' }});
  client.newSubscription('market:orderBook:{instrument}')
    .on('publication', (event) => console.log(event.data)).subscribe();
  client.connect();

Or on the command line:

  curl -s -X POST http://{host}:{port}{api}/channels -H 'X-API-Key: {key}' -d '{{}}'

Keys and tokens are made anew at every start; `cadenza config default` shows how to keep them.
"""


def welcome(config: Config, port: int, instruments: Sequence[str], now: float, ttl: float) -> str:
    """The text; it holds a token and the API key, which are good for this sandbox alone."""
    token = connection_token(config.client.token, "trader", now=now, ttl=ttl)
    return _TEXT.format(
        host=config.http_server.address or "127.0.0.1",
        port=port,
        websocket=config.websocket.handler_prefix,
        api=config.http_api.handler_prefix,
        health=config.health.handler_prefix,
        metrics=config.prometheus.handler_prefix,
        key=config.http_api.key.reveal(),
        instruments=", ".join(instruments) or "none (--feed none)",
        instrument=instruments[0] if instruments else "BINANCE:BTC/USDT",
        token=token,
        days=int(ttl // 86400),
    )
