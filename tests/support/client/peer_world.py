"""A client and a scripted peer brought to where a test begins."""

from __future__ import annotations

import asyncio

RECOVERABLE = {"recoverable": True, "positioned": True, "epoch": "e", "offset": 3}


def pub(channel, data, **fields):
    return {"push": {"channel": channel, "pub": {"data": data, **fields}}}


def quick(**options):
    """Options of a client that does not pause."""
    pauses = dict.fromkeys(
        (f"{end}_{kind}_delay" for end in ("min", "max") for kind in ("reconnect", "resubscribe")),
        0.0,
    )
    return {"random": lambda: 0.0, **pauses, **options}


async def connected(client, peer, **result):
    """The client has connected; gives the peer's side."""
    connecting = asyncio.ensure_future(client.connect())
    line = await peer.accept()
    await line.welcome(**result)
    await connecting
    return line


async def subscribed(client, line, channel="news", result=None, **given):
    """The client has subscribed."""
    subscribing = asyncio.ensure_future(client.subscribe(channel, **given))
    await line.answer("subscribe", result)
    return await subscribing
