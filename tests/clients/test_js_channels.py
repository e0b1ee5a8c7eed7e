"""centrifuge-js, on every wire that it speaks: channels, publications, presence, history, RPC."""

from __future__ import annotations

import pytest

CONFIG = {
    "channel": {
        "namespaces": [
            {"name": "open", "allow_subscribe_for_client": True, "allow_publish_for_client": True},
            {"name": "closed"},
            {
                "name": "kept",
                "allow_subscribe_for_client": True,
                "allow_publish_for_client": True,
                "allow_history_for_subscriber": True,
                "history_size": 10,
                "history_ttl": "60s",
            },
            {
                "name": "room",
                "allow_subscribe_for_client": True,
                "allow_presence_for_subscriber": True,
                "presence": True,
                "join_leave": True,
            },
        ]
    },
    "rpc": {"ping": {"enabled": True}},
    "sse": {"enabled": True},
    "http_stream": {"enabled": True},
}


@pytest.fixture(params=["json", "protobuf", "sse", "http_stream", "http_stream-protobuf"])
def wire(request):
    """All of them."""
    return request.param


async def test_a_token_opens_a_connection(js, token):
    """The connect result names the client and the transport that was asked for."""
    client = await js.connect(token=token("ada"))
    connected = await client.event("connected")
    assert len(connected["clientId"]) == 36
    assert connected["transport"] in {"websocket", "sse", "http_stream"}
    assert (connected["transport"] == "websocket") == (js.wire in {"json", "protobuf"})


async def test_a_forged_token_ends_the_connection_for_good(js):
    """Disconnect 3500 keeps centrifuge-js from connecting again."""
    client = await js.connect(token="a.forged.token")
    disconnected = await client.event("disconnected")
    assert (disconnected["code"], disconnected["reason"]) == (3500, "invalid token")
    assert client.unseen("connected") == []


async def test_a_publication_reaches_every_subscriber_with_its_publisher(js, token, channel):
    """Both subscribers get the payload unchanged, and who published it."""
    payload = {"text": "naïve 📈", "list": [1, 2.5, None, True], "big": 9007199254740991}
    name = channel("open")
    one = await js.connect("one", token=token("ada"))
    two = await js.connect("two", token=token("bob"))
    await one.subscribe(name)
    await two.subscribe(name)
    client_id = (await one.event("connected"))["clientId"]
    await one.publish(name, payload)
    for reader in (one, two):
        publication = await reader.event("publication", name)
        assert publication["data"] == payload
        assert publication["info"] == {"user": "ada", "client": client_id}


async def test_the_api_publishes_in_order_and_with_tags(js, server, token, channel):
    """Publications of the HTTP API arrive in their order, tags beside them."""
    name = channel("open")
    client = await js.connect(token=token())
    await client.subscribe(name)
    for number in range(20):
        await server.api("publish", channel=name, data={"n": number}, tags={"n": str(number)})
    for number in range(20):
        publication = await client.event("publication", name)
        assert (publication["data"], publication["tags"]) == ({"n": number}, {"n": str(number)})


async def test_a_forbidden_channel_unsubscribes_with_the_error(js, token, channel):
    """Error 103 is final: the subscription ends unsubscribed."""
    client = await js.connect(token=token())
    name = channel("closed")
    await client.want(name)
    unsubscribed = await client.event("unsubscribed", name)
    assert (unsubscribed["code"], unsubscribed["reason"]) == (103, "permission denied")


async def test_history_is_read_by_page_and_backwards(js, server, token, channel):
    """A subscriber reads the stream in both directions and from a position."""
    name = channel("kept")
    client = await js.connect(token=token())
    await client.subscribe(name)
    for number in range(1, 6):
        await server.api("publish", channel=name, data={"n": number})
    page = await client.call("history", {"limit": 2}, channel=name)
    assert [entry["offset"] for entry in page["publications"]] == [1, 2]
    assert page["offset"] == 5
    since = {"offset": 2, "epoch": page["epoch"]}
    rest = await client.call("history", {"limit": 10, "since": since}, channel=name)
    assert [entry["data"] for entry in rest["publications"]] == [{"n": 3}, {"n": 4}, {"n": 5}]
    newest = await client.call("history", {"limit": 1, "reverse": True}, channel=name)
    assert [entry["data"] for entry in newest["publications"]] == [{"n": 5}]


async def test_presence_shows_who_is_there(js, token, channel):
    """Presence and its numbers follow the subscribers, with the token's info beside them."""
    name = channel("room")
    one = await js.connect("one", token=token("ada", info={"desk": 7}))
    two = await js.connect("two", token=token("ada"))
    await one.subscribe(name)
    await two.subscribe(name)
    client_id = (await one.event("connected"))["clientId"]
    clients = (await one.call("presence", channel=name))["clients"]
    assert len(clients) == 2
    assert clients[client_id]["user"] == "ada"
    assert clients[client_id]["connInfo"] == {"desk": 7}
    stats = await one.call("presenceStats", channel=name)
    assert stats == {"numClients": 2, "numUsers": 1}


async def test_joins_and_leaves_are_told_to_those_who_ask(js, token, channel):
    """A newcomer's join and its leave reach the subscriber that asked for them."""
    name = channel("room")
    one = await js.connect("one", token=token("ada"))
    await one.subscribe(name, joinLeave=True)
    assert (await one.event("join", name))["info"]["user"] == "ada"
    two = await js.connect("two", token=token("bob"))
    await two.subscribe(name)
    assert (await one.event("join", name))["info"]["user"] == "bob"
    await two.call("unsubscribe", channel=name)
    assert (await one.event("leave", name))["info"]["user"] == "bob"


async def test_the_token_subscribes_on_the_server_side(js, server, token, channel):
    """Channels of the token are subscribed with the connection, and publish to the client."""
    name = channel("kept")
    client = await js.connect(token=token(channels=[name]))
    assert (await client.event("subscribed", name))["channel"] == name
    await server.api("publish", channel=name, data={"for": "you"})
    publication = await client.event("publication", name)
    assert (publication["data"], publication["offset"]) == ({"for": "you"}, 1)


async def test_the_api_subscribes_and_unsubscribes(js, server, token, channel):
    """A server-side subscription can be added and taken away while connected."""
    name, user = channel("open"), channel("user")
    client = await js.connect(token=token(user))
    await client.event("connected")
    await server.api("subscribe", user=user, channel=name)
    await client.event("subscribed", name)
    await server.api("publish", channel=name, data=1)
    assert (await client.event("publication", name))["data"] == 1
    await server.api("unsubscribe", user=user, channel=name)
    await client.event("unsubscribed", name)


async def test_rpc_answers_and_refuses(js, token):
    """The built-in method answers; an unknown one is rejected with 104."""
    client = await js.connect(token=token())
    await client.event("connected")
    assert await client.call("rpc", "ping", {"$data": {}}) is not None
    with pytest.raises(Exception, match="104: method not found"):
        await client.call("rpc", "no such method", {"$data": {}})
