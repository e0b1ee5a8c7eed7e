"""Clients that read slowly: what waits, what is left out, and who is ended for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cadenza.protocol import codes
from cadenza.realtime import ClientOptions, Handlers, Override, SubscriptionGrant
from cadenza.realtime.controller import DisconnectUser, SubscribeUser, Target
from cadenza.realtime.duration import Duration
from support.realtime.engine_world import Client, MakeWorld, World, namespace, open_rules

LIMIT = 4000
FILL = "x" * 100
OPTIONS = ClientOptions(queue_max_size=LIMIT, ping_interval=Duration(0))


class Book:
    """A channel's state: the number of its newest publication."""

    def __init__(self) -> None:
        self.number = 0

    def handlers(self) -> Handlers:
        return Handlers(snapshot=lambda channel: self.read if "book" in channel else None)

    def read(self) -> bytes:
        return json.dumps({"state": self.number}).encode()

    async def move(self, world: World, *, times: int = 1, **how: Any) -> None:
        for _ in range(times):
            self.number += 1
            await world.publish("book", {"n": self.number, "fill": FILL}, **how)


async def reader(world: World, channel: str = "book", **subscribe: Any) -> Client:
    client = await world.connected()
    await client.subscribe(channel, positioned=True, **subscribe)
    client.news()
    return client


def shown(client: Client) -> list[tuple[str, int, int]]:
    """Publications as (state or change, number, offset)."""
    found = []
    for one in client.pushes("pub"):
        kind = "state" if "state" in one["data"] else "n"
        found.append((kind, one["data"][kind], one.get("offset", 0)))
    return found


async def test_what_waits_is_written_in_order_when_the_client_reads_again(make_world: MakeWorld):
    world = await make_world(client=OPTIONS)
    client = await reader(world, "plain:c")
    client.connection.pause_writing()
    for number in range(5):
        await world.publish("plain:c", number)
    assert client.news() == []
    assert client.connection.queued_bytes > 0
    client.connection.resume_writing()
    await world.publish("plain:c", 5)
    assert [one["data"] for one in client.pushes("pub")] == [0, 1, 2, 3, 4, 5]
    assert client.connection.queued_bytes == 0


async def test_more_than_the_queue_ends_the_connection_with_3008(make_world: MakeWorld):
    """And nobody else's; what waited is dropped."""
    world = await make_world(client=OPTIONS)
    client, other = await reader(world, "c"), await reader(world, "c")
    client.connection.pause_writing()
    for _ in range(40):
        await world.publish("c", FILL)
    assert (client.code, client.news()) == (3008, [])
    assert other.code is None
    assert len(other.pushes("pub")) == 40
    assert list(world.node.hub.channels["c"].subscriptions) == [other.connection]
    assert len(world.node.slow_readers) == 0


async def test_a_slow_reader_of_a_state_is_late_and_never_ended(make_world: MakeWorld):
    """It gets the state with the top's offset, and then exactly what follows."""
    book = Book()
    world = await make_world(client=OPTIONS, handlers=book.handlers())
    client = await reader(world)
    await book.move(world, times=2)
    client.connection.pause_writing()
    await book.move(world, times=200)
    assert client.code is None
    assert client.connection.queued_bytes < LIMIT
    client.connection.resume_writing()
    await book.move(world, times=3)
    seen = shown(client)
    states = [one for one in seen if one[0] == "state"]
    assert states == [("state", 202, 202)]
    at = seen.index(states[0])
    assert seen[:at] == [("n", number, number) for number in range(1, at + 1)]
    assert seen[at + 1 :] == [("n", number, number) for number in (203, 204, 205)]
    assert world.node.slow_readers.conflations == 1


async def test_a_client_that_is_slow_for_a_moment_misses_nothing(make_world: MakeWorld):
    book = Book()
    world = await make_world(client=OPTIONS, handlers=book.handlers())
    client = await reader(world)
    client.connection.pause_writing()
    await book.move(world, times=3)
    client.connection.resume_writing()
    await book.move(world)
    assert shown(client) == [("n", number, number) for number in (1, 2, 3, 4)]
    assert world.node.slow_readers.conflations == 0


async def test_pausing_again_and_again_conflates_again(make_world: MakeWorld):
    book = Book()
    world = await make_world(client=OPTIONS, handlers=book.handlers())
    client = await reader(world)
    for _ in range(3):
        client.connection.pause_writing()
        await book.move(world, times=30)
        client.connection.resume_writing()
        await world.turn()
        assert shown(client)[-1] == ("state", book.number, book.number)
    assert world.node.slow_readers.conflations == 3


async def test_a_transport_that_fills_while_it_drains_holds_the_rest(make_world: MakeWorld):
    book = Book()
    world = await make_world(client=OPTIONS, handlers=book.handlers())
    client = await reader(world)
    client.connection.pause_writing()
    await book.move(world, times=30)
    client.transport.on_write = client.connection.pause_writing
    client.connection.resume_writing()
    await world.turn()
    assert len(shown(client)) == 1
    client.transport.on_write = None
    await book.move(world, times=10)
    client.connection.resume_writing()
    await book.move(world)
    seen = shown(client)
    assert seen[-2:] == [("state", 40, 40), ("n", 41, 41)]
    numbers = [number for _, number, _ in seen]
    assert numbers == sorted(set(numbers))


async def test_a_filtered_subscriber_is_conflated_too(make_world: MakeWorld):
    """And goes on filtered: nothing that it does not want, nothing twice."""
    book = Book()
    world = await make_world(client=OPTIONS, handlers=book.handlers())
    client = await reader(world, tf={"key": "k", "cmp": "eq", "val": "yes"})
    client.connection.pause_writing()
    await book.move(world, times=30, tags={"k": "yes"})
    client.connection.resume_writing()
    await world.turn()
    assert shown(client)[-1] == ("state", 30, 30)
    await book.move(world, tags={"k": "no"})
    await book.move(world, tags={"k": "yes"})
    assert shown(client) == [("n", 32, 32)]
    assert client.code is None


async def test_leaving_while_slow_leaves_nothing(make_world: MakeWorld):
    book = Book()
    world = await make_world(client=OPTIONS, handlers=book.handlers())
    client = await reader(world)
    client.connection.pause_writing()
    await book.move(world, times=30)
    client.send({"id": 9, "unsubscribe": {"channel": "book"}})
    await world.turn()
    client.connection.resume_writing()
    await book.move(world)
    news = client.news()
    assert news[-1] == {"id": 9, "unsubscribe": {}}
    client.connection.lost()
    world.assert_empty()


async def test_a_new_subscriber_of_a_state_gets_it_first(make_any_world: MakeWorld):
    book = Book()
    world = await make_any_world(client=OPTIONS, handlers=book.handlers())
    await book.move(world, times=3)
    client = await world.connected()
    await client.subscribe("book", positioned=True)
    await book.move(world)
    assert shown(client) == [("state", 3, 0), ("n", 4, 4)]


async def test_one_who_recovered_needs_no_state(make_any_world: MakeWorld):
    book = Book()
    world = await make_any_world(client=OPTIONS, handlers=book.handlers())
    client = await world.connected()
    await book.move(world, times=3)
    await client.subscribe("book", recoverable=True, recover=True, offset=1)
    await book.move(world)
    assert shown(client) == [("n", 4, 4)]


async def test_a_slow_client_is_told_why_it_ends(make_world: MakeWorld):
    """What waits is written before the close, unless it is ended for being slow."""
    world = await make_world(client=OPTIONS)
    client = await reader(world, "c")
    client.connection.pause_writing()
    await world.publish("c", 1)
    client.connection.disconnect(codes.FORCE_DISCONNECT)
    assert [one["data"] for one in client.pushes("pub")] == [1]
    assert client.code == 3503


async def test_what_was_published_in_the_same_turn_comes_before_the_close(make_world: MakeWorld):
    world = await make_world()
    client = await reader(world, "c")
    await world.node.publish("c", b"1")
    await world.node.admin.disconnect(
        DisconnectUser(target=Target(user="ann"), disconnect=codes.FORCE_DISCONNECT)
    )
    assert [one["data"] for one in client.pushes("pub")] == [1]
    assert client.code == 3503


@pytest.mark.parametrize("where", ["reply", "snapshot", "publication"])
async def test_a_transport_that_breaks_while_it_is_written_leaves_nothing(
    make_world: MakeWorld, where: str
):
    """In the middle of a subscribe, or of a publication to many."""
    huge = b'"' + b"x" * 300_000 + b'"'
    handlers = Handlers(
        snapshot=lambda _: (lambda: huge) if where == "snapshot" else None,
        rpc=lambda _: huge,
    )
    world = await make_world(handlers=handlers)
    client, other = await world.connected(), await world.connected("bob")
    await other.subscribe("c")
    if where == "publication":
        await client.subscribe("c", tf={"key": "k", "cmp": "nex"})
    client.transport.on_write = client.connection.lost
    if where == "publication":
        await world.publish("c", huge)
    else:
        client.send({"id": 5, "rpc": {}}, {"id": 6, "subscribe": {"channel": "c"}})
        await world.turn()
    assert not client.connection.is_open
    assert list(world.node.hub.channels["c"].subscriptions) == [other.connection]
    await world.publish("c", 1)
    assert other.pushes("pub")[-1]["data"] == 1


async def test_a_server_side_subscriber_that_misses_something_is_ended(make_world: MakeWorld):
    """A gap of offsets: 3010 for a server-side subscription, 2500 for a client's own."""
    world = await make_world(rules=open_rules(namespace("n")))
    own, client = await reader(world, "n:c"), await world.connected("bob")
    grant = SubscriptionGrant(override=Override(force_positioning=True))
    order = SubscribeUser(target=Target(user="bob"), channel="n:c", grant=grant)
    await world.node.admin.subscribe(order)
    world.broker._subscribed.discard("n:c")
    await world.publish("n:c", 1)
    world.broker._subscribed.add("n:c")
    await world.publish("n:c", 2)
    assert client.code == 3010
    assert [one["code"] for one in own.pushes("unsubscribe")] == [2500]
    assert "n:c" not in own.connection.subscriptions
