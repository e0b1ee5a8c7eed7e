"""Cadenza inside a FastAPI program: REST beside real-time, in one process and on one port.

Run ``uvicorn --app-dir examples fastapi_app:app``. ``POST /orders`` publishes to the channel
``orders:new``; clients connect to ``/realtime/connection/websocket`` and subscribe to it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from pydantic import BaseModel

from cadenza.config import Config, HttpApiConfig
from cadenza.realtime import ChannelRules, ClientOptions, Duration, Namespace, Node
from cadenza.server.app import create_app

node = Node(
    rules=ChannelRules(
        namespaces=(
            Namespace(
                name="orders",
                allow_subscribe_for_client=True,
                allow_subscribe_for_anonymous=True,
                history_size=100,
                history_ttl=Duration(300),
                force_recovery=True,
            ),
        )
    ),
    client=ClientOptions(allow_anonymous_connect_without_token=True),
)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """A mounted application has no lifespan of its own: start and stop the node here."""
    await node.start()
    try:
        yield
    finally:
        await node.shutdown()


class Order(BaseModel):
    """What a client of the REST API sends."""

    instrument: str
    side: str
    quantity: str


app = FastAPI(lifespan=lifespan)


@app.post("/orders")
async def place(order: Order) -> dict[str, int]:
    """Take an order, and tell everybody who listens."""
    result = await node.publish("orders:new", json.dumps(order.model_dump()).encode())
    return {"offset": result.position.offset}


config = Config(http_api=HttpApiConfig(disabled=True))
app.mount("/realtime", create_app(node, config, manage_node=False))
