"""cent, the Python library for the server API, unchanged from its registry."""

from __future__ import annotations

import asyncio

import cent
import pytest

CONFIG = {
    "channel": {
        "namespaces": [
            {"name": "open", "allow_subscribe_for_client": True},
            {
                "name": "kept",
                "allow_subscribe_for_client": True,
                "history_size": 10,
                "history_ttl": "60s",
                "presence": True,
            },
        ]
    },
}


@pytest.fixture(params=["async", "sync"])
async def call(request, server):
    """Sends a request by cent's asynchronous client, or by its other one."""
    where = {"api_url": f"{server.url}/api", "api_key": server.api_key}
    if request.param == "async":
        async with cent.AsyncClient(**where) as client:
            yield client._send
        return
    client = cent.Client(**where)

    async def send(request):
        return await asyncio.to_thread(client._send, request)

    yield send
    client._session._session.close()


async def test_publish_and_history(call, channel):
    """Publications are numbered, read back, and removed."""
    name = channel("kept")
    first = await call(cent.PublishRequest(channel=name, data={"n": 1}, tags={"kind": "odd"}))
    second = await call(cent.PublishRequest(channel=name, data={"n": 2}))
    assert (first.offset, second.offset) == (1, 2)
    assert first.epoch == second.epoch
    history = await call(cent.HistoryRequest(channel=name, limit=10))
    assert [entry.data for entry in history.publications] == [{"n": 1}, {"n": 2}]
    assert history.publications[0].tags == {"kind": "odd"}
    assert (history.offset, history.epoch) == (2, first.epoch)
    since = cent.StreamPosition(offset=1, epoch=first.epoch)
    rest = await call(cent.HistoryRequest(channel=name, limit=10, since=since))
    assert [entry.offset for entry in rest.publications] == [2]
    await call(cent.HistoryRemoveRequest(channel=name))
    empty = await call(cent.HistoryRequest(channel=name, limit=10))
    assert (empty.publications, empty.offset) == ([], 2)


async def test_an_idempotency_key_publishes_once(call, channel):
    """The same key gives the first answer again."""
    name = channel("kept")
    request = cent.PublishRequest(channel=name, data=1, idempotency_key="once")
    assert (await call(request)).offset == (await call(request)).offset == 1


async def test_broadcast_answers_for_each_channel(call, channel):
    """One answer a channel, errors among them."""
    name = channel("kept")
    answer = await call(cent.BroadcastRequest(channels=[name, "nowhere:1"], data={"to": "all"}))
    assert answer.responses[0].result.offset == 1
    assert answer.responses[1].error.code == 102


async def test_batch_does_several_things(call, channel):
    """Replies come in the order of the commands."""
    name = channel("kept")
    requests = [
        cent.PublishRequest(channel=name, data={"n": 1}),
        cent.PublishRequest(channel=name, data={"n": 2}),
        cent.HistoryRequest(channel=name, limit=5),
    ]
    published, again, history = (await call(cent.BatchRequest(requests=requests))).replies
    assert (published.offset, again.offset) == (1, 2)
    assert [entry.data for entry in history.publications] == [{"n": 1}, {"n": 2}]


async def test_what_it_says_of_clients_is_so(call, js, token, channel):
    """Presence, channels and info count a connected client; disconnect removes it."""
    name, user = channel("kept"), channel("user")
    client = await js.connect(token=token(user, info={"desk": 7}))
    await client.subscribe(name)
    presence = (await call(cent.PresenceRequest(channel=name))).presence
    assert [(info.user, info.conn_info) for info in presence.values()] == [(user, {"desk": 7})]
    stats = await call(cent.PresenceStatsRequest(channel=name))
    assert (stats.num_clients, stats.num_users) == (1, 1)
    channels = (await call(cent.ChannelsRequest(pattern="kept:*"))).channels
    assert channels[name].num_clients == 1
    node = (await call(cent.InfoRequest())).nodes[0]
    assert (node.num_clients, node.num_users) == (1, 1)
    assert "Cadenza" in node.version
    await call(cent.UnsubscribeRequest(user=user, channel=name))
    assert (await client.event("unsubscribed", name))["code"] == 2000
    await call(cent.SubscribeRequest(user=user, channel=channel("open")))
    await client.event("subscribed", channel("open"))
    order = cent.Disconnect(code=4500, reason="enough")
    await call(cent.DisconnectRequest(user=user, disconnect=order))
    ended = await client.event("disconnected")
    assert (ended["code"], ended["reason"]) == (4500, "enough")


async def test_errors_are_raised_with_their_codes(call, server):
    """An unknown namespace is 102; a wrong key is unauthorized."""
    with pytest.raises(cent.CentApiResponseError) as refused:
        await call(cent.PublishRequest(channel="nowhere:1", data=1))
    assert refused.value.code == 102
    async with cent.AsyncClient(f"{server.url}/api", "wrong") as stranger:
        with pytest.raises(cent.CentUnauthorizedError):
            await stranger.info(cent.InfoRequest())
