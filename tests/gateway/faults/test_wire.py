"""Faults of connections as real clients see them: nothing is lost, doubled or out of order."""

from __future__ import annotations

import asyncio

import pytest

CHANNEL = "kept:numbers"
EVERY_WIRE = pytest.mark.parametrize("wire", ["json", "protobuf", "sse", "http_stream"])
COUNT = 60


async def numbers(client, count, channel=CHANNEL):
    """The numbers of the next publications."""
    return [(await client.event("publication", channel))["data"]["n"] for _ in range(count)]


@pytest.fixture
def pair(js, running, token):
    """``pair(wire)``: a gateway, and two subscribers of it: ann, whom faults concern, and bob."""

    async def make(wire):
        gateway = await running()
        clients = js(gateway, wire)
        found = []
        for user in ("ann", "bob"):
            client = await clients.connect(user, token=token(user))
            await client.event("connected")
            await client.subscribe(CHANNEL)
            found.append(client)
        return gateway, *found

    return make


def is_untouched(bob):
    """Nothing ever happened to it but the publications that the test has read."""
    for name in ("connecting", "error", "disconnected"):
        assert [line for line in bob.unseen(name) if line.get("code") != 0] == []
    assert bob.unseen("publication") == []


@EVERY_WIRE
@pytest.mark.parametrize("end", [{}, {"code": 4001, "reason": "again"}])
async def test_a_client_that_is_dropped_again_and_again_misses_nothing(pair, wire, end, until):
    """It reconnects and recovers; every publication is seen once, in order."""
    gateway, ann, bob = await pair(wire)
    await gateway.fault("drop", target={"user": "ann"}, every_ms=60, count=3, **end)
    for first in range(0, COUNT, 5):
        await gateway.publish(CHANNEL, range(first, first + 5))
        await asyncio.sleep(0.02)
    await until(lambda: not len(gateway.faults.table))
    await gateway.publish(CHANNEL, [COUNT])
    assert await numbers(ann, COUNT + 1) == list(range(COUNT + 1))
    assert await numbers(bob, COUNT + 1) == list(range(COUNT + 1))
    codes = [line["code"] for line in ann.unseen("connecting") if line["code"]]
    # Once or twice it may have been dropped before it knew that it was connected.
    assert 1 <= len(codes) <= 3
    assert set(codes) == {end.get("code", 1)}
    assert ann.unseen("publication") == []
    is_untouched(bob)


@EVERY_WIRE
async def test_a_client_that_is_delayed_sees_everything_in_order(pair, wire):
    """Also where only some of what is written is late: the rest waits behind it."""
    gateway, ann, bob = await pair(wire)
    await gateway.fault("delay", target={"user": "ann"}, ms=120, per_mille=400)
    await gateway.fault("delay", target={"channel": "kept:else"}, ms=50_000)
    for first in range(0, COUNT, 5):
        await gateway.publish(CHANNEL, range(first, first + 5))
        await asyncio.sleep(0.01)
    assert await numbers(ann, COUNT) == list(range(COUNT))
    assert ann.unseen("publication") == []
    assert await numbers(bob, COUNT) == list(range(COUNT))
    is_untouched(bob)
    await gateway.call("faults.clear")
    await gateway.publish(CHANNEL, [COUNT])
    assert await numbers(ann, 1) == [COUNT]


@EVERY_WIRE
async def test_a_client_that_is_stalled_gets_everything_afterwards(pair, wire):
    """While it lasts nothing is written; then all of it, in order."""
    gateway, ann, bob = await pair(wire)
    (connection,) = gateway.connections("ann")
    await gateway.fault("stall", target={"user": "ann"}, ms=1000)
    await gateway.publish(CHANNEL, range(COUNT))
    assert not connection.transport.is_idle
    assert ann.unseen("publication") == []
    assert await numbers(ann, COUNT) == list(range(COUNT))
    assert await numbers(bob, COUNT) == list(range(COUNT))
    is_untouched(bob)
    assert [line for line in ann.unseen("connecting") if line["code"]] == []


async def test_a_delayed_client_that_falls_too_far_behind_recovers(js, running, token):
    """It is closed as slow, comes back, and recovers what it had not seen."""
    gateway = await running(client={"queue_max_size": 2000})
    client = await js(gateway).connect(token=token())
    await client.event("connected")
    await client.subscribe(CHANNEL)
    await gateway.fault("stall", ms=30_000)
    await gateway.publish(CHANNEL, range(COUNT))
    assert (await client.event("connecting", code=3008))["reason"] == "slow"
    assert await numbers(client, COUNT) == list(range(COUNT))
    assert client.unseen("publication") == []


async def test_replies_and_pushes_keep_their_order(running, dial, until):
    """A reply that was decided between two publications is read between them."""
    gateway = await running()
    client = await dial(gateway)
    await client.ask(subscribe={"channel": CHANNEL})
    await gateway.fault("delay", ms=80, per_mille=500)
    await gateway.publish(CHANNEL, range(5))
    await client.socket.send('{"id":77,"presence":{"channel":"kept:x"}}')
    await until(lambda: gateway.node.command_counts["presence"])
    await gateway.publish(CHANNEL, range(5, 10))
    found = [await client.next() for _ in range(11)]
    assert [message["push"]["pub"]["data"]["n"] for message in found if "push" in message] == list(
        range(10)
    )
    assert found[5]["id"] == 77


async def test_an_abrupt_drop_has_no_close_frame(running, dial):
    """The connection is cut, as by a network; others go on."""
    gateway = await running()
    ann, bob = await dial(gateway, "ann"), await dial(gateway, "bob")
    await bob.ask(subscribe={"channel": CHANNEL})
    fault = await gateway.fault("drop", target={"user": "ann"})
    assert (fault["hits"], fault["ended"]) == (1, "done")
    assert await ann.end() == 1006
    await gateway.publish(CHANNEL, [1])
    assert await bob.publication() == {"n": 1}


async def test_one_connection_of_a_user_is_dropped_with_a_code(running, dial):
    """By its client id."""
    gateway = await running()
    first, second = await dial(gateway), await dial(gateway)
    await second.ask(subscribe={"channel": CHANNEL})
    await gateway.fault(
        "drop", target={"client": first.connected["client"]}, code=4501, reason="final"
    )
    assert await first.end() == 4501
    await gateway.publish(CHANNEL, [1])
    assert await second.publication() == {"n": 1}


async def test_subscribers_of_a_channel_are_dropped(running, dial):
    """And nobody else."""
    gateway = await running()
    first, second = await dial(gateway), await dial(gateway)
    await first.ask(subscribe={"channel": CHANNEL})
    await second.ask(subscribe={"channel": "kept:else"})
    await gateway.fault("drop", target={"channel": CHANNEL}, code=4000)
    assert await first.end() == 4000
    await gateway.publish("kept:else", [1])
    assert await second.publication() == {"n": 1}


async def test_what_waits_leaves_before_a_disconnect(running, dial):
    """The end of a connection is not delayed, and nothing before it is lost."""
    gateway = await running()
    client = await dial(gateway)
    await client.ask(subscribe={"channel": CHANNEL})
    await gateway.fault("delay", ms=50_000)
    await gateway.publish(CHANNEL, range(3))
    await gateway.fault("drop", code=4000)
    assert [await client.publication() for _ in range(3)] == [{"n": n} for n in range(3)]
    assert await client.end() == 4000


async def test_a_shutdown_does_not_wait_for_a_stall(running, dial):
    """What waits leaves, then the code that makes clients reconnect."""
    gateway = await running()
    client = await dial(gateway)
    await client.ask(subscribe={"channel": CHANNEL})
    await gateway.fault("stall", ms=50_000)
    await gateway.publish(CHANNEL, range(3))
    await gateway.node.shutdown()
    assert [await client.publication() for _ in range(3)] == [{"n": n} for n in range(3)]
    assert await client.end() == 3001
    gateway.faults.close()
    assert len(gateway.faults.table) == 0


async def test_pongs_wait_in_a_stall_as_well(running, dial, until):
    """Native pings of the client are answered in order with everything else."""
    gateway = await running()
    client = await dial(gateway)
    await client.ask(subscribe={"channel": CHANNEL})
    (connection,) = gateway.connections("ann")
    await gateway.fault("stall", ms=30_000)
    pong = await client.socket.ping()
    await until(lambda: len(connection.transport._queue))
    assert not pong.done()
    await gateway.fault("drop", code=4000)
    await asyncio.wait_for(pong, 20)


async def test_expired_tokens_are_refused_until_there_is_a_new_one(js, running, token):
    """3005 now, 109 for the token of before, and on with what the token callback gives."""
    gateway = await running()
    given = []

    def answer():
        """The first token is given out a second time, as by a cache that does not know yet."""
        number = max(0, len(given) - 1)
        given.append(token("ann", jti=str(number)))
        return given[-1]

    client = await js(gateway).connect(token=answer)
    await client.event("connected")
    # centrifuge-js connects again with the token that it has, before it asks for another.
    await gateway.fault("expire", target={"user": "ann"})
    assert (await client.event("connecting", code=3005))["reason"] == "connection expired"
    await client.event("connected")
    listed = (await gateway.call("faults.list"))["result"]["data"]["active"]
    # The connection, the token that the client had, and the same one from the cache.
    assert listed[0]["hits"] == 3
    assert len(given) == 3


async def test_tokens_with_a_shorter_life_have_to_be_refreshed(js, running, token, until):
    """The client is told the lifetime and renews its token in time, without a disconnect."""
    gateway = await running()
    asked = []

    def answer():
        asked.append(token("ann", jti=str(len(asked))))
        return asked[-1]

    await gateway.fault("expire", ms=1000)
    client = await js(gateway).connect(token=answer)
    await client.event("connected")
    await until(lambda: gateway.node.command_counts["refresh"] >= 2)
    assert len(asked) == 3
    assert client.unseen("connecting")[1:] == []


async def test_a_connect_result_says_the_shorter_life(running, dial):
    """For other users it says what it always did."""
    gateway = await running()
    await gateway.fault("expire", ms=5000, target={"user": "ann"})
    ann, bob = await dial(gateway, "ann"), await dial(gateway, "bob")
    assert ann.connected["expires"]
    assert 4 <= ann.connected["ttl"] <= 5
    assert not bob.connected.get("expires")
