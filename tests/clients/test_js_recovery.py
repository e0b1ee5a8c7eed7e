"""centrifuge-js when its connection breaks: what was missed comes, or it is told that it cannot."""

from __future__ import annotations

import pytest

CONFIG = {
    "channel": {
        "namespaces": [
            {
                "name": "kept",
                "allow_subscribe_for_client": True,
                "force_recovery": True,
                "history_size": 10,
                "history_ttl": "60s",
            },
            {
                "name": "cache",
                "allow_subscribe_for_client": True,
                "force_recovery": True,
                "force_recovery_mode": "cache",
                "history_size": 1,
                "history_ttl": "60s",
            },
            {
                "name": "delta",
                "allow_subscribe_for_client": True,
                "force_recovery": True,
                "history_size": 100,
                "history_ttl": "60s",
                "allowed_delta_types": ["fossil"],
                "delta_publish": True,
            },
        ]
    },
    "sse": {"enabled": True},
    "http_stream": {"enabled": True},
}
EVERY_WIRE = pytest.mark.parametrize(
    "wire", ["json", "protobuf", "sse", "http_stream", "http_stream-protobuf"]
)


async def publish(server, channel, *numbers):
    """Publish ``{"n": number}`` for each."""
    for number in numbers:
        await server.api("publish", channel=channel, data={"n": number})


async def numbers(client, channel, count):
    """The numbers of the next publications."""
    return [(await client.event("publication", channel))["data"]["n"] for _ in range(count)]


@EVERY_WIRE
async def test_what_was_missed_is_recovered_in_order(js, server, proxy, token, channel):
    """Publications made while the line is down arrive after it, each once."""
    name = channel("kept")
    client = await js.connect(token=token(), port=proxy.port)
    first = await client.subscribe(name)
    assert first["recoverable"]
    await publish(server, name, 1, 2)
    assert await numbers(client, name, 2) == [1, 2]
    async with proxy.broken():
        await client.event("subscribing", name, code=1)
        await publish(server, name, 3, 4, 5)
    again = await client.event("subscribed", name)
    assert (again["wasRecovering"], again["recovered"]) == (True, True)
    await publish(server, name, 6)
    assert await numbers(client, name, 4) == [3, 4, 5, 6]
    assert client.unseen("publication") == []


@EVERY_WIRE
async def test_a_server_side_subscription_recovers_too(js, server, proxy, token, channel):
    """Channels of the token are recovered within the connect."""
    name = channel("kept")
    client = await js.connect(token=token(channels=[name]), port=proxy.port)
    await client.event("subscribed", name)
    await publish(server, name, 1)
    assert await numbers(client, name, 1) == [1]
    async with proxy.broken():
        await client.event("subscribing", name)
        await publish(server, name, 2, 3)
    again = await client.event("subscribed", name)
    assert (again["wasRecovering"], again["recovered"]) == (True, True)
    assert await numbers(client, name, 2) == [2, 3]


async def test_a_stream_that_forgot_says_so(js, server, proxy, token, channel):
    """More than the history keeps was missed: not recovered, and nothing is made up."""
    name = channel("kept")
    client = await js.connect(token=token(), port=proxy.port)
    await client.subscribe(name)
    await publish(server, name, 0)
    assert await numbers(client, name, 1) == [0]
    async with proxy.broken():
        await client.event("subscribing", name)
        await publish(server, name, *range(1, 12))
    again = await client.event("subscribed", name)
    assert (again["wasRecovering"], again["recovered"]) == (True, False)
    await publish(server, name, 12)
    assert await numbers(client, name, 1) == [12]
    assert client.unseen("publication") == []


async def test_a_cache_gives_the_latest_only(js, server, proxy, token, channel):
    """In cache mode the newest publication makes up for all."""
    name = channel("cache")
    client = await js.connect(token=token(), port=proxy.port)
    await client.subscribe(name)
    async with proxy.broken():
        await client.event("subscribing", name)
        await publish(server, name, 1, 2, 3)
    assert (await client.event("subscribed", name))["recovered"]
    assert await numbers(client, name, 1) == [3]
    assert client.unseen("publication") == []


async def test_a_reconnect_ordered_by_the_api_recovers(js, server, token, channel):
    """A disconnect with a code that says so brings the client back to where it was."""
    name, user = channel("kept"), channel("user")
    client = await js.connect(token=token(user))
    await client.subscribe(name)
    await publish(server, name, 1)
    assert await numbers(client, name, 1) == [1]
    order = {"code": 4001, "reason": "move on"}
    await server.api("disconnect", user=user, disconnect=order)
    left = await client.event("connecting", code=4001)
    assert left["reason"] == "move on"
    await publish(server, name, 2)
    assert (await client.event("subscribed", name))["recovered"]
    assert await numbers(client, name, 1) == [2]


async def test_a_disconnect_by_the_api_is_final(js, server, token, channel):
    """The API's own code, 3503, ends the client."""
    user = channel("user")
    client = await js.connect(token=token(user))
    await client.event("connected")
    await server.api("disconnect", user=user)
    assert (await client.event("disconnected"))["code"] == 3503


@EVERY_WIRE
async def test_deltas_are_decoded_over_a_break(js, server, proxy, token, channel):
    """Patches are negotiated, decoded by the client, and go on after a recovery."""
    name = channel("delta")
    client = await js.connect(token=token(), port=proxy.port)
    await client.subscribe(name, delta="fossil")
    texts = [f"{'é→è ' * 40}{number} 📈 {'unchanged ' * 20}" for number in range(12)]
    for text in texts[:5]:
        await server.api("publish", channel=name, data={"text": text})
    for text in texts[:5]:
        assert (await client.event("publication", name))["data"] == {"text": text}
    async with proxy.broken():
        await client.event("subscribing", name)
        for text in texts[5:9]:
            await server.api("publish", channel=name, data={"text": text})
    assert (await client.event("subscribed", name))["recovered"]
    for text in texts[9:]:
        await server.api("publish", channel=name, data={"text": text})
    for text in texts[5:]:
        assert (await client.event("publication", name))["data"] == {"text": text}


async def test_deltas_save_most_of_the_bytes(js, server, proxy, token, channel):
    """A large payload with a small change crosses the line as a patch."""
    name = channel("delta")
    client = await js.connect(token=token(), port=proxy.port)
    await client.subscribe(name, delta="fossil")
    before = proxy.received
    for number in range(20):
        data = {"n": number, "text": "the same thing over and over " * 300}
        await server.api("publish", channel=name, data=data)
        assert (await client.event("publication", name))["data"] == data
    # One whole payload of 8.7 kB and nineteen patches; twenty whole ones are 174 kB.
    assert proxy.received - before < 20_000
