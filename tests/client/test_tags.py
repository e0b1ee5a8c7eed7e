"""Tags filters as the protocol writes them, judged by the server's own evaluation."""

from __future__ import annotations

import pytest

from cadenza.client import Overflow, UsageError
from cadenza.client.tags import tag
from cadenza.protocol import json_codec, protobuf_codec
from cadenza.protocol.messages import Command, SubscribeRequest
from cadenza.protocol.tags_filter import compile_filter
from support.client.peer_world import connected

TAGS = {"ticker": "BTC", "size": "0.50", "side": "BUY"}


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (tag("ticker").equals("BTC"), True),
        (tag("ticker").differs("BTC"), False),
        (tag("absent").differs("x"), True),
        (tag("ticker").among("ETH", "BTC"), True),
        (tag("ticker").not_among("ETH", "BTC"), False),
        (tag("absent").exists(), False),
        (tag("ticker").starts_with("B"), True),
        (tag("ticker").ends_with("B"), False),
        (tag("ticker").contains("T"), True),
        (tag("size").less("0.5"), False),
        (tag("size").at_most("0.5"), True),
        (tag("size").greater("0.4"), True),
        (tag("size").at_least("1"), False),
        (tag("ticker").equals("BTC") & ~tag("size").less("0.1"), True),
        (tag("side").equals("SELL") | tag("side").equals("BUY"), True),
    ],
)
@pytest.mark.parametrize("codec", [json_codec, protobuf_codec])
def test_filters(codec, wanted, fits):
    """A filter means on the server what its method says, in both forms of the protocol."""
    command = Command(id=1, subscribe=SubscribeRequest(channel="c", tf=wanted))
    (received,) = codec.decode_commands(codec.encode_frame([command]))
    assert compile_filter(received.subscribe.tf)(TAGS) is fits


async def test_a_subscription_sends_its_filter(client, peer):
    """The option is part of the subscribe command."""
    line = await connected(client, peer)
    subscription = client.subscription("news", tags_filter=tag("a").equals("b"))
    subscription.subscribe()
    command = await line.answer("subscribe")
    assert command["subscribe"]["tf"] == {"key": "a", "cmp": "eq", "val": "b"}
    subscription.unsubscribe()


async def test_a_key_needs_its_policy(client):
    """A key that would never be used is a mistake."""
    with pytest.raises(UsageError, match=r"Overflow\.CONFLATE"):
        client.subscription("news", conflate_key=lambda it: it, overflow=Overflow.BLOCK)
