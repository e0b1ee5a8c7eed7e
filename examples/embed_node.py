"""A real-time server of your own: a ``Node`` with handlers, under uvicorn.

Run ``python examples/embed_node.py`` and connect a client of the Centrifugo protocol to
``ws://127.0.0.1:8000/connection/websocket`` with the token ``ann``. Here the application decides
everything itself: who a token stands for, who may subscribe and publish, and what an RPC answers.
"""

from __future__ import annotations

import asyncio
import json
import os

import uvicorn

from cadenza.config import Config, HttpApiConfig
from cadenza.protocol.codes import INVALID_TOKEN, METHOD_NOT_FOUND, PERMISSION_DENIED
from cadenza.realtime import (
    ChannelOptions,
    ChannelRules,
    CommandError,
    ConnectEvent,
    ConnectReply,
    Disconnected,
    Duration,
    Handlers,
    Node,
    PublishEvent,
    PublishReply,
    RPCEvent,
    SubscribeEvent,
    SubscribeReply,
)
from cadenza.server.app import create_app

USERS = {"ann": "1", "bob": "2"}


def who_is_it(event: ConnectEvent) -> ConnectReply:
    """The token is a name; in earnest, look up a session here."""
    if event.token not in USERS:
        raise Disconnected(INVALID_TOKEN)
    info = json.dumps({"name": event.token}).encode()
    return ConnectReply(user=USERS[event.token], info=info, data=b'{"hello":"there"}')


async def may_subscribe(event: SubscribeEvent) -> SubscribeReply:
    """A handler may wait, for a database say; only this client waits with it."""
    await asyncio.sleep(0)
    if event.channel.startswith("secret"):
        raise CommandError(PERMISSION_DENIED)
    return SubscribeReply()


def may_publish(event: PublishEvent) -> PublishReply:
    """What the client sent may be replaced on its way."""
    text = json.loads(event.data)
    return PublishReply(data=json.dumps({"text": str(text)[:200]}).encode())


def answer(event: RPCEvent) -> bytes:
    """One method: how many connections there are."""
    if event.method != "count":
        raise CommandError(METHOD_NOT_FOUND)
    return json.dumps({"connections": len(event.connection.node.open_connections)}).encode()


node = Node(
    # Every channel keeps its last 100 messages for a minute, and clients recover what they missed.
    rules=ChannelRules(
        without_namespace=ChannelOptions(
            history_size=100, history_ttl=Duration(60), force_recovery=True, presence=True
        )
    ),
    handlers=Handlers(connect=who_is_it, subscribe=may_subscribe, publish=may_publish, rpc=answer),
)
app = create_app(node, Config(http_api=HttpApiConfig(disabled=True)))


async def tick() -> None:
    """Publish from inside the program: no HTTP, no queue."""
    number = 0
    while True:
        number += 1
        await node.publish("ticks", json.dumps({"number": number}).encode())
        await asyncio.sleep(0.2)


async def main() -> None:
    """Serve until Ctrl+C."""
    port = int(os.environ.get("PORT", "8000"))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    ticking = asyncio.create_task(tick())
    try:
        await server.serve()
    finally:
        ticking.cancel()


if __name__ == "__main__":
    asyncio.run(main())
