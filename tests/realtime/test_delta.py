"""Delta subscribers whose patches are really applied: model clients over random histories."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadenza.realtime import ClientOptions, Handlers
from cadenza.realtime.connection import Connection
from cadenza.realtime.duration import Duration
from cadenza.realtime.wire import Wire
from support.realtime.delta_model import Model, payload_of
from support.realtime.engine_world import (
    JSON_WIRE,
    PROTOBUF_WIRE,
    MakeWorld,
    World,
    namespace,
    open_rules,
)
from support.realtime.slow_services import AsyncBroker, AsyncPresence

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *["delta"] * 6,
                "full",
                "skip",
                "leave",
                "recover",
                "subscribe",
                "remove_history",
                "expire",
                "many",
                "hurry",
            ]
        ),
        st.integers(0, 3),
    ),
    min_size=3,
    max_size=30,
)
ASYNC: dict[str, Any] = {"broker": AsyncBroker, "presence": AsyncPresence}


class Players:
    """Four delta subscribers and a plain one in one channel."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.models: list[Model] = []
        self.published: list[bytes] = []

    async def enter(self) -> None:
        for number in range(4):
            wire = JSON_WIRE if number % 2 else PROTOBUF_WIRE
            client = await self.world.connected(f"u{number}", wire)
            self.models.append(Model(client))
            await self.subscribe(self.models[-1], recover=False)

    async def subscribe(self, model: Model, *, recover: bool) -> None:
        request = {"positioned": True, "recoverable": True, "delta": "fossil"}
        if recover:
            request |= {"recover": True, **model.position}
        if not model.subscribed:
            await model.client.ask(subscribe={"channel": "c", **request})
        model.catch_up()

    async def play(self, step: str, at: int) -> None:
        model = self.models[at]
        if step in {"delta", "full", "skip"}:
            await self.publish(delta=step != "full", skip_history=step == "skip")
        elif step == "many":
            for _ in range(6):
                await self.publish(delta=True)
        elif step == "hurry":
            await self.hurry(model, passing=at == 0)
        elif step == "leave" and model.subscribed:
            await model.client.ask(unsubscribe={"channel": "c"})
            model.subscribed = False
        elif step in {"recover", "subscribe"}:
            await self.subscribe(model, recover=step == "recover")
        elif step == "remove_history":
            await self.world.node.admin.history_remove("c")
        elif step == "expire":
            self.world.clock.advance(61)
            await self.world.turn()
        for one in self.models:
            one.catch_up()

    async def hurry(self, model: Model, *, passing: bool) -> None:
        """Publish while a subscribe is still being answered."""
        if not model.subscribed:
            subscribe = {"channel": "c", "delta": "fossil", "recoverable": True}
            subscribe |= {"recover": True, **model.position}
            model.client.send({"id": 9999, "subscribe": subscribe})
        await self.publish(delta=True, skip_history=passing)
        await self.publish(delta=True)

    async def publish(self, **how: Any) -> None:
        data = payload_of(len(self.published))
        self.published.append(data)
        await self.world.publish("c", data, **how)


async def random_history(steps: list[tuple[str, int]], services: dict[str, Any]) -> None:
    world = World(client=ClientOptions(ping_interval=Duration(0)), **services)
    await world.start()
    players = Players(world)
    await players.enter()
    for step, at in steps:
        await players.play(step, at)
    numbers = {data: number for number, data in enumerate(players.published)}
    for model in players.models:
        seen = [numbers[data] for data in model.seen]  # decoded to what was published, exactly
        assert len(set(seen)) == len(seen)
    await world.end()


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_every_patch_decodes_whatever_happened_before(steps: list[tuple[str, int]]):
    asyncio.run(random_history(steps, {}))


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_every_patch_decodes_with_a_slow_broker(steps: list[tuple[str, int]]):
    asyncio.run(random_history(steps, ASYNC))


@pytest.fixture(params=["json", "protobuf"])
def wire(request: pytest.FixtureRequest) -> Wire:
    return JSON_WIRE if request.param == "json" else PROTOBUF_WIRE


async def delta_client(world: World, wire: Wire, **more: Any) -> Model:
    model = Model(await world.connected("ann", wire))
    request = {"positioned": True, "recoverable": True, "delta": "fossil", **more}
    await model.client.ask(subscribe={"channel": "c", **request})
    model.catch_up()
    return model


async def deltas(world: World, model: Model, *numbers: int, **how: Any) -> list[bool]:
    """Publish, and say which came as patches."""
    flags = []
    for number in numbers:
        before = model.patches
        await world.publish("c", payload_of(number), **{"delta": True, **how})
        model.catch_up()
        assert model.seen[-1] == payload_of(number)
        flags.append(model.patches > before)
    return flags


async def test_the_first_is_whole_and_the_rest_are_patches(make_any_world: MakeWorld, wire: Wire):
    world = await make_any_world()
    await world.publish("c", payload_of(0))
    model = await delta_client(world, wire)
    assert await deltas(world, model, 1, 2, 3) == [False, True, True]


async def test_a_publication_in_no_stream_is_whole_and_so_is_the_next(
    make_any_world: MakeWorld, wire: Wire
):
    world = await make_any_world()
    model = await delta_client(world, wire)
    assert await deltas(world, model, 1, 2) == [False, True]
    assert await deltas(world, model, 3, skip_history=True) == [False]
    assert await deltas(world, model, 4, 5) == [False, True]


async def test_a_publication_that_asked_for_no_delta_becomes_the_base(
    make_any_world: MakeWorld, wire: Wire
):
    world = await make_any_world()
    model = await delta_client(world, wire)
    assert await deltas(world, model, 1, 2, delta=False) == [False, False]
    assert await deltas(world, model, 3) == [True]


async def test_patches_begin_with_a_base_after_a_recovery_of_nothing(
    make_any_world: MakeWorld, wire: Wire
):
    """This client kept its base; one that only knows its position never had one."""
    world = await make_any_world()
    model = await delta_client(world, wire)
    await deltas(world, model, 1, 2)
    await model.client.ask(unsubscribe={"channel": "c"})
    again = {"recover": True, **model.position, "recoverable": True, "delta": "fossil"}
    await model.client.ask(subscribe={"channel": "c", **again})
    model.catch_up()
    assert model.base == payload_of(2)
    assert await deltas(world, model, 3, 4) == [False, True]


async def test_recovered_publications_are_one_whole_and_then_patches(
    make_any_world: MakeWorld, wire: Wire
):
    world = await make_any_world()
    model = await delta_client(world, wire)
    await deltas(world, model, 1)
    await model.client.ask(unsubscribe={"channel": "c"})
    for number in (2, 3, 4):
        await world.publish("c", payload_of(number))
    again = {"recover": True, **model.position, "recoverable": True, "delta": "fossil"}
    reply = await model.client.ask(subscribe={"channel": "c", **again})
    flags = [found.get("delta", False) for found in reply["subscribe"]["publications"]]
    assert flags == [False, True, True]
    model.catch_up()
    assert model.seen[-3:] == [payload_of(number) for number in (2, 3, 4)]
    assert await deltas(world, model, 5) == [True]


async def test_without_position_every_publication_is_whole(make_world: MakeWorld, wire: Wire):
    world = await make_world()
    model = await delta_client(world, wire, positioned=False, recoverable=False)
    assert await deltas(world, model, 1, 2, 3) == [False, False, False]


async def test_a_patch_that_is_no_shorter_is_not_sent(make_world: MakeWorld, wire: Wire):
    world = await make_world()
    model = await delta_client(world, wire)
    for data in (b'"aaaaaaaaaaaaaaaaaaaa"', b'"0123456789"', b'"zyxwvutsrqponmlkjihg"'):
        await world.publish("c", data, delta=True)
        model.catch_up()
        assert model.seen[-1] == data
    assert model.patches == 0


async def test_plain_and_delta_subscribers_of_both_wires_see_the_same(make_any_world: MakeWorld):
    """Eight groups in one channel."""
    world = await make_any_world()
    models = [await delta_client(world, wire) for wire in (JSON_WIRE, PROTOBUF_WIRE)]
    plain = [await world.connected("bob", wire) for wire in (JSON_WIRE, PROTOBUF_WIRE)]
    for client in plain:
        await client.subscribe("c", positioned=True)
    published = [payload_of(number) for number in range(5)]
    for data in published:
        await world.publish("c", data, delta=True)
    for model in models:
        model.catch_up()
        assert model.seen == published
        assert model.patches == 4
    for client in plain:
        assert [bytes(found.data) for found in client.publications("c")] == published


async def test_delta_publish_makes_deltas_of_every_publication(make_world: MakeWorld, wire: Wire):
    world = await make_world(rules=open_rules(namespace("d", delta_publish=True)))
    client = await world.connected("ann", wire)
    model = Model(client, "d:c")
    await client.ask(subscribe={"channel": "d:c", "positioned": True, "delta": "fossil"})
    for number in range(3):
        await client.ask(publish={"channel": "d:c", "data": json.loads(payload_of(number))})
    model.catch_up()
    assert model.patches == 2


async def test_delta_is_silently_off_where_it_is_not_allowed(make_world: MakeWorld):
    world = await make_world()
    client = await world.connected()
    assert "delta" not in await client.subscribe("plain:c", delta="fossil")
    assert "delta" not in await client.subscribe("c", delta="fossil", tf={"key": "k", "cmp": "ex"})
    client.send({"id": 99, "subscribe": {"channel": "d", "delta": "xdelta"}})
    assert client.code == 3501


async def test_deltas_after_a_conflation_decode(make_world: MakeWorld, wire: Wire):
    """The state that replaced what was missed is the base of nothing."""
    state = {"data": payload_of(0)}
    world = await make_world(
        handlers=Handlers(snapshot=lambda _: lambda: state["data"]),
        client=ClientOptions(queue_max_size=1000),
    )
    model = await delta_client(world, wire)
    connection: Connection = model.client.connection
    for number in range(1, 20):
        if number == 3:
            connection.pause_writing()
        if number == 16:
            connection.resume_writing()
            await world.turn()
            model.catch_up()
            assert model.seen[-1] == payload_of(15)
        state["data"] = payload_of(number)
        await world.publish("c", payload_of(number), delta=True)
    model.catch_up()
    published = [payload_of(number) for number in range(20)]
    missed = [number for number in range(20) if published[number] not in model.seen]
    assert missed == list(range(missed[0], 15))
    assert model.seen == [data for data in published if published.index(data) not in missed]
    assert world.node.slow_readers.conflations == 1


async def test_what_passes_by_during_a_recovery_is_the_base_of_nothing(
    make_world: MakeWorld, wire: Wire
):
    """A publication in no stream comes after the reply; the next one must be whole."""
    world = await make_world(**ASYNC)
    model = await delta_client(world, wire)
    await deltas(world, model, 1, 2)
    await model.client.ask(unsubscribe={"channel": "c"})
    world.broker.gates.shut("history_answer")
    again = {"recover": True, **model.position, "recoverable": True, "delta": "fossil"}
    model.client.send({"id": 50, "subscribe": {"channel": "c", **again}})
    await world.turn()
    await world.publish("c", payload_of(3), skip_history=True)
    world.broker.gates.open("history_answer")
    await world.turn()
    model.catch_up()
    assert model.seen[-1] == payload_of(3)
    assert await deltas(world, model, 4, 5) == [False, True]


async def test_a_recovered_subscriber_ahead_of_its_channel_holds_a_base(
    make_world: MakeWorld, wire: Wire
):
    """What it recovered is delivered to the node only later; what passes by takes its base."""
    world = await make_world(**ASYNC)
    other = await delta_client(world, wire)
    await deltas(world, other, 1)
    for passing in (False, True):
        world.broker.line.held = True
        task = [world.publish("c", payload_of(number), delta=True) for number in (2, 3)]
        for publishing in task:
            await publishing
        if passing:
            await world.publish("c", payload_of(9), skip_history=True)
        position = {"offset": 1, "epoch": other.position["epoch"]}
        model = Model(await world.connected("bob", wire))
        request = {"recover": True, "recoverable": True, "delta": "fossil", **position}
        await model.client.ask(subscribe={"channel": "c", **request})
        world.broker.line.release()
        await world.turn()
        for reader in (model, other):
            reader.catch_up()
        assert await deltas(world, model, 4, 5, 6) == [not passing, True, True]
        other.catch_up()
