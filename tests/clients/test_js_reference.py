"""centrifuge-js against a gateway that is nothing but the reference server: no market, no trading.

Cases of its own suite, and those that its users reported.
"""

from __future__ import annotations

import pytest

CONFIG = {
    "client": {"allow_anonymous_connect_without_token": True},
    "channel": {
        "namespaces": [
            {
                "name": "delta",
                "allow_subscribe_for_client": True,
                "allow_publish_for_client": True,
                "force_recovery": True,
                "history_size": 10,
                "history_ttl": "60s",
                "allowed_delta_types": ["fossil"],
                "delta_publish": True,
            }
        ]
    },
    "rpc": {"ping": {"enabled": False}},
    "sse": {"enabled": True},
    "http_stream": {"enabled": True},
    "market": {"enabled": False},
    "trading": {"enabled": False},
}
OPTIONS = ()


@pytest.fixture(params=["json", "protobuf", "sse", "http_stream", "http_stream-protobuf"])
def wire(request):
    """All of them."""
    return request.param


async def test_rpc_buffered_till_connected(js):
    """A call that waits for the connection is answered with 108, as by the reference server."""
    client = await js.connect()
    with pytest.raises(Exception, match="108: not available"):
        await client.call("rpc", "method", {"$data": {"my": "data"}})


async def test_a_position_from_elsewhere_at_the_top_of_a_delta_channel(js, server, token, channel):
    """From a rendered page or a storage: nothing was missed, and the next ones can be read."""
    name = channel("delta")
    texts = [{"text": "x" * 300, "n": n} for n in range(3)]
    top = await server.api("publish", channel=name, data=texts[0])
    client = await js.connect(token=token("ada"))
    await client.event("connected")
    since = {"offset": top["offset"], "epoch": top["epoch"]}
    subscribed = await client.subscribe(name, since=since, delta="fossil")
    assert subscribed["recovered"] is True
    for text in texts[1:]:
        await server.api("publish", channel=name, data=text)
    for text in texts[1:]:
        assert (await client.event("publication", name))["data"] == text
    assert client.unseen("disconnected") == []
