"""The documented API without an event loop: threads, endings, interruptions."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading

import pytest

import cadenza
from cadenza import (
    BlockingWebSocketApi,
    Configuration,
    WsCommand,
    WsPublishRequest,
    WsRPCRequest,
    WsSubscribeRequest,
)

CONFIG = {
    "channel": {
        "namespaces": [
            {
                "name": "room",
                "allow_subscribe_for_client": True,
                "allow_publish_for_client": True,
            }
        ]
    },
    "rpc": {"ping": {"enabled": True}},
}
PATIENCE = 20.0


@pytest.fixture
def connection(server, token):
    """A connection; closed at the end, when no thread of it may stay."""
    before = threading.active_count()
    with BlockingWebSocketApi(Configuration(server.ws, token("bob"))).websocket_connect() as made:
        yield made
    assert threading.active_count() == before


def together(count, work):
    """Run ``work(number)`` in threads that begin at once; what each gave or raised."""
    barrier = threading.Barrier(count)
    found = []

    def run(number):
        barrier.wait(PATIENCE)
        try:
            found.append(work(number))
        except BaseException as error:  # noqa: BLE001 - all of it is looked at
            found.append(error)

    threads = [threading.Thread(target=run, args=(it,), daemon=True) for it in range(count)]
    for thread in threads:
        thread.start()
    return threads, found


def finish(threads):
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"


def ping(number):
    return WsCommand(id=number, rpc=WsRPCRequest(method="ping"))


def test_several_threads_send(connection):
    """Each gets the replies to its own commands."""

    def work(number):
        ids = range(1000 * number + 1, 1000 * number + 21)
        return [connection.send(ping(it)).id for it in ids] == list(ids)

    threads, found = together(4, work)
    finish(threads)
    assert found == [True] * 4


@pytest.mark.parametrize("_", range(5))
def test_close_while_others_send(connection, _):
    """Every call that is under way, or comes later, ends, and in a known way."""
    sent = threading.Event()

    def work(number):
        for it in range(1, 100_000):
            connection.send(ping(1_000_000 * number + it))
            sent.set()

    threads, found = together(4, work)
    assert sent.wait(PATIENCE)
    connection.close()
    finish(threads)
    assert {type(error) for error in found} <= {cadenza.ConnectionLostError, cadenza.ClosedError}


def test_several_threads_close(server, token):
    """All of them return when it is closed."""
    api_instance = BlockingWebSocketApi(Configuration(server.ws, token("bob")))
    for _ in range(20):
        connection = api_instance.websocket_connect()
        threads, found = together(4, lambda _, it=connection: it.close())
        finish(threads)
        assert found == [None] * 4


def test_close_ends_an_iteration_elsewhere(connection):
    """Without an error, after what had come."""
    came = threading.Event()

    def work(_):
        data = []
        for reply in connection:
            data.append(reply.push.pub.data)
            came.set()
        return data

    threads, found = together(1, work)
    connection.send(WsCommand(id=2, subscribe=WsSubscribeRequest(channel="room:a")))
    connection.send(WsCommand(id=3, publish=WsPublishRequest(channel="room:a", data=[1])))
    assert came.wait(PATIENCE)
    connection.close()
    finish(threads)
    assert found == [[[1]]]
    assert list(connection) == []


async def test_inside_of_a_running_loop(server, token):
    """It has its own loop: the caller's is blocked, and not in its way."""
    configuration = Configuration(server.ws, token("bob"))
    with BlockingWebSocketApi(configuration).websocket_connect() as connection:
        assert connection.send(ping(2)).error is None


def test_close_cancels_what_still_waits(connection):
    """Work that would never end is ended, and its caller is told."""
    started, ended = threading.Event(), threading.Event()

    async def never():
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    threads, found = together(1, lambda _: connection._thread.run(never()))
    assert started.wait(PATIENCE)
    connection.close()
    finish(threads)
    assert ended.is_set()
    assert isinstance(found[0], cadenza.ClosedError)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_ctrl_c_while_iterating(connection):
    """The wait ends at once, what it waited for is cancelled, and the connection goes on."""
    main = threading.get_ident()
    waits = threading.Event()

    async def wait():
        waits.set()
        await asyncio.Event().wait()

    def interrupt():
        assert waits.wait(PATIENCE)
        signal.pthread_kill(main, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        connection._thread.run(wait())
    thread.join()
    assert connection.send(ping(2)).error is None


def test_failed_opening_leaves_no_thread():
    """Nothing to close, nothing left."""
    before = threading.active_count()
    with pytest.raises(cadenza.TransportError):
        BlockingWebSocketApi(Configuration("ws://127.0.0.1:9", "t")).websocket_connect()
    assert threading.active_count() == before
