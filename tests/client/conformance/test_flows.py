"""The same flows against a plain server and the real Cadenza, in both encodings, on both loops."""

from __future__ import annotations

import asyncio
import threading

import pytest
import uvloop

from support.client.conformance import flows
from support.client.conformance.flow_worlds import CONFIG as FLOW_CONFIG
from support.client.conformance.flow_worlds import CadenzaWorld, PlainWorld
from support.client.conformance.tidiness import tidy

CONFIG = FLOW_CONFIG
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
PATIENCE = 30.0


@pytest.fixture(params=LOOPS)
def loop_factory(request):
    """Both kinds of loops."""
    return LOOPS[request.param]


def run(loop_factory, world, *chosen):
    """Flows on a loop of their own, on which nothing stays behind."""

    async def tidily():
        async with tidy(), asyncio.timeout(PATIENCE), world.running():
            for flow in chosen:
                await flow(world)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(tidily())


@pytest.mark.parametrize("flow", flows.EVERYWHERE)
def test_plain_server(loop_factory, protocol, flow):
    """A server that knows the protocol and nothing of Cadenza."""
    run(loop_factory, PlainWorld(protocol), flow)


@pytest.mark.parametrize("flow", flows.WITH_DELTA)
def test_cadenza(loop_factory, protocol, server, token, flow):
    """The real server, in its own process."""
    run(loop_factory, CadenzaWorld(protocol, server, token), flow)


def test_several_loops_in_one_process(server, token):
    """Four threads, each with its own loop and clients, do not disturb one another."""
    failures = []

    def live(loop_factory, protocol):
        try:
            for flow in (flows.publishing, flows.recovering_after_cuts, flows.calling):
                run(loop_factory, CadenzaWorld(protocol, server, token), flow)
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            failures.append(error)

    kinds = [(loop, protocol) for loop in LOOPS.values() for protocol in ("json", "protobuf")]
    threads = [threading.Thread(target=live, args=kind) for kind in kinds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert failures == []
    assert not any(thread.is_alive() for thread in threads)


def test_two_loops_talk(server, token):
    """Clients of two threads, one on each kind of loop, throw a ball to and fro."""
    channels = {"ping": "room:ping", "pong": "room:pong"}
    seen = {name: [] for name in channels}
    ready = threading.Barrier(2)
    failures = []

    async def play(mine, other, protocol):
        async with (
            tidy(),
            CadenzaWorld(protocol, server, token).running() as world,
            world.connect(mine) as client,
        ):
            subscription = await client.subscribe(channels[mine])
            await asyncio.to_thread(ready.wait, PATIENCE)
            if mine == "ping":
                await client.publish(channels[other], 1)
            async for ball in subscription:
                seen[mine].append(ball.data)
                if ball.data < 50:
                    await client.publish(channels[other], ball.data + 1)
                if ball.data >= 49:
                    break

    def live(loop_factory, *given):
        try:
            with asyncio.Runner(loop_factory=loop_factory) as runner:
                runner.run(play(*given))
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            failures.append(error)

    threads = [
        threading.Thread(target=live, args=(LOOPS["asyncio"], "ping", "pong", "json")),
        threading.Thread(target=live, args=(LOOPS["uvloop"], "pong", "ping", "protobuf")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert failures == []
    assert seen == {"pong": list(range(1, 51, 2)), "ping": list(range(2, 51, 2))}
