"""centrifuge-python, unchanged from its registry, against a real server, in both encodings."""

from __future__ import annotations

import asyncio
import json
import time
from itertools import count

import pytest
from centrifuge import (
    CentrifugeError,
    Client,
    ClientState,
    DeltaType,
    StreamPosition,
    SubscriptionState,
)

CONFIG = {
    "channel": {
        "namespaces": [
            {
                "name": "room",
                "allow_subscribe_for_client": True,
                "allow_publish_for_client": True,
                "allow_presence_for_subscriber": True,
                "presence": True,
                "join_leave": True,
            },
            {
                "name": "kept",
                "allow_subscribe_for_client": True,
                "allow_history_for_subscriber": True,
                "force_recovery": True,
                "history_size": 10,
                "history_ttl": "60s",
                "allowed_delta_types": ["fossil"],
                "delta_publish": True,
            },
            {"name": "closed"},
        ]
    },
    "rpc": {"ping": {"enabled": True}},
    "client": {"expired_close_delay": "1s"},
}
PATIENCE = 15.0


class Events:
    """What a client or a subscription was told: one queue for each kind of event."""

    def __init__(self) -> None:
        self._queues = {}

    def __getattr__(self, name):
        if not name.startswith("on_"):
            raise AttributeError(name)

        async def put(context) -> None:
            self.queue(name.removeprefix("on_")).put_nowait(context)

        return put

    def queue(self, kind):
        """The events of a kind that nobody has taken yet."""
        return self._queues.setdefault(kind, asyncio.Queue())

    async def next(self, kind):
        """Take the next event of a kind, now or when it comes."""
        async with asyncio.timeout(PATIENCE):
            return await self.queue(kind).get()


@pytest.fixture(params=["json", "protobuf"])
def encoding(request):
    """Both of them."""
    return request.param


class Python:
    """A client, its events, and payloads in the form that its encoding wants."""

    def __init__(self, address, encoding, **options) -> None:
        self._is_protobuf = encoding == "protobuf"
        self.events = Events()
        self.client = Client(
            address,
            events=self.events,
            use_protobuf=self._is_protobuf,
            min_reconnect_delay=0.02,
            max_reconnect_delay=0.2,
            proxy=None,
            **options,
        )

    def out(self, value):
        """A payload to send."""
        return json.dumps(value).encode() if self._is_protobuf else value

    def read(self, data):
        """A payload that came."""
        return json.loads(data) if self._is_protobuf else data

    async def subscribe(self, channel, **options):
        """A subscription and its events, once it has been answered."""
        events = Events()
        subscription = self.client.new_subscription(channel, events=events, **options)
        await subscription.subscribe()
        return subscription, events

    async def publications(self, events, number):
        """The payloads of the next publications."""
        return [self.read((await events.next("publication")).pub.data) for _ in range(number)]


@pytest.fixture
async def python(server, encoding):
    """Makes connected clients of a token, to another port if need be; disconnects them after."""
    made = []

    async def connect(token="", *, port=server.port, **options):
        address = f"ws://127.0.0.1:{port}/connection/websocket"
        one = Python(address, encoding, token=token, **options)
        made.append(one)
        await one.client.connect()
        await one.events.next("connected")
        return one

    yield connect
    for one in made:
        await one.client.disconnect()
    # The library closes its sockets in tasks of its own.
    if tasks := asyncio.all_tasks() - {asyncio.current_task()}:
        _, pending = await asyncio.wait(tasks, timeout=PATIENCE)
        assert not pending


async def test_publications_presence_and_joins_between_two_clients(python, token, channel):
    """Two clients of one channel see each other and what is published."""
    name = channel("room")
    ada = await python(token("ada", info={"desk": 7}))
    bob = await python(token("bob"))
    to_ada, ada_hears = await ada.subscribe(name, join_leave=True)
    await to_ada.ready()
    assert (await ada_hears.next("join")).info.user == "ada"
    to_bob, bob_hears = await bob.subscribe(name)
    await to_bob.ready()
    assert (await ada_hears.next("join")).info.user == "bob"
    await to_bob.publish(bob.out({"said": "naïve 📈"}))
    for one, hears in ((ada, ada_hears), (bob, bob_hears)):
        publication = (await hears.next("publication")).pub
        assert one.read(publication.data) == {"said": "naïve 📈"}
        assert publication.info.user == "bob"
    clients = (await to_ada.presence()).clients.values()
    desks = {info.user: info.conn_info and ada.read(info.conn_info) for info in clients}
    assert desks["ada"] == {"desk": 7}
    assert not desks["bob"]
    stats = await to_ada.presence_stats()
    assert (stats.num_clients, stats.num_users) == (2, 2)
    await to_bob.unsubscribe()
    assert (await ada_hears.next("leave")).info.user == "bob"


async def test_history_is_read_from_a_position(python, server, token, channel):
    """The stream's top, and what comes after an offset."""
    name = channel("kept")
    one = await python(token())
    subscription, _ = await one.subscribe(name)
    for number in range(1, 4):
        await server.api("publish", channel=name, data={"n": number})
    top = await subscription.history()
    assert (top.offset, top.publications) == (3, [])
    since = StreamPosition(offset=1, epoch=top.epoch)
    page = await subscription.history(limit=10, since=since)
    assert [one.read(entry.data) for entry in page.publications] == [{"n": 2}, {"n": 3}]


@pytest.mark.parametrize("delta", [None, DeltaType.FOSSIL])
async def test_what_was_missed_is_recovered(  # noqa: PLR0917 - pytest fills them in by name
    python, server, proxy, token, channel, delta
):
    """Publications made while the line is down arrive after it, as deltas too."""
    name = channel("kept")
    one = await python(token(), port=proxy.port)
    _, events = await one.subscribe(name, delta=delta)
    await events.next("subscribed")
    made = [{"n": number, "text": "hardly changed è " * 40} for number in range(7)]
    for data in made[:2]:
        await server.api("publish", channel=name, data=data)
    assert await one.publications(events, 2) == made[:2]
    async with proxy.broken():
        assert (await events.next("subscribing")).code == 0
        assert (await events.next("subscribing")).code == 1
        for data in made[2:5]:
            await server.api("publish", channel=name, data=data)
    again = await events.next("subscribed")
    assert (again.was_recovering, again.recovered) == (True, True)
    for data in made[5:]:
        await server.api("publish", channel=name, data=data)
    assert await one.publications(events, 5) == made[2:]
    assert events.queue("publication").empty()


async def test_the_token_subscribes_on_the_server_side(python, server, token, channel):
    """Channels of the token are there with the connection."""
    name = channel("kept")
    one = await python(token(channels=[name]))
    assert (await one.events.next("subscribed")).channel == name
    await server.api("publish", channel=name, data={"for": "you"})
    publication = await one.events.next("publication")
    assert (publication.channel, one.read(publication.pub.data)) == (name, {"for": "you"})


async def test_an_expiring_connection_is_refreshed_and_stays(python, token, channel):
    """The client renews its token before each end, and the server goes by the new one."""
    numbers, enough = count(1), asyncio.Event()

    async def issue():
        number = next(numbers)
        if number == 4:
            enough.set()
        return token("ada", exp=time.time() + 3, info={"token": number})

    name = channel("room")
    one = await python(get_token=issue)
    subscription, events = await one.subscribe(name)
    await one.events.next("connecting")
    async with asyncio.timeout(PATIENCE):
        await enough.wait()
    await subscription.publish(one.out(1))
    info = (await events.next("publication")).pub.info
    assert one.read(info.conn_info)["token"] >= 3
    assert one.events.queue("connecting").empty()


async def test_refusals_have_their_codes(python, server, token, channel):
    """A forbidden channel, an unknown method, a final disconnect."""
    user = channel("user")
    one = await python(token(user))
    subscription, events = await one.subscribe(channel("closed"))
    assert (await events.next("unsubscribed")).code == 103
    assert subscription.state == SubscriptionState.UNSUBSCRIBED
    assert (await one.client.rpc("ping", one.out({}))) is not None
    with pytest.raises(CentrifugeError) as refused:
        await one.client.rpc("no such method", one.out({}))
    assert refused.value.code == 104
    await server.api("disconnect", user=user)
    assert (await one.events.next("disconnected")).code == 3503
    assert one.client.state == ClientState.DISCONNECTED
