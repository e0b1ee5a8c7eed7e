"""The surface over RPC."""

from __future__ import annotations

import asyncio
import json
import logging

import msgspec
import pytest

from cadenza.gateway.api import (
    Caller,
    NoParams,
    Operation,
    OperationError,
    Reply,
    RpcForm,
    Unserved,
    errors,
    rpc_handler,
)
from cadenza.gateway.api.registry import Registry, RegistryError
from cadenza.models import Pagination, RpcSubscription, Subscription
from cadenza.protocol import codes
from cadenza.realtime import CommandError
from cadenza.trading.accounts.errors import UnknownAccountError

FILTERED = {"data": 1, "pagination": {"offset": 0}}


def operation(run, name="query.test", *, paginated=False, **more):
    form = RpcForm(method=name, result=int, paginated=paginated)
    return Operation(name=name, doc="A test.", run=run, rpc=form, **more)


def serve(world, run, **more):
    world.registry = Registry([operation(run, **more)])


def fail(error):
    def run(caller, request):
        raise error

    return run


def test_an_answer_at_once(world):
    """Data alone; nothing that is unset is sent."""
    serve(world, lambda caller, request: Reply(1))
    assert world.raw("query.test", b"") == b'{"data":1}'


@pytest.mark.parametrize("paginated", [True, False])
def test_a_page_is_shown_where_the_form_has_one(world, paginated):
    """A handler may serve two surfaces of which one has pages."""
    serve(world, lambda c, r: Reply(1, Pagination(offset=0)), paginated=paginated)
    assert world.rpc("query.test") == (FILTERED if paginated else {"data": 1})


def test_the_caller_is_the_connection(world):
    """User, connection, and the accounts that its token names."""
    seen = []
    serve(world, lambda caller, request: seen.append(caller) or Reply(1))
    world.rpc("query.test", "bob", {"tradingAccount:7", "market:trade:X"})
    assert seen == [Caller("bob", frozenset({"7"}), "c1")]


def test_a_future_costs_no_task(world):
    """The node gets a future of bytes, done as soon as the handler's is."""

    async def main():
        inner = asyncio.get_running_loop().create_future()
        serve(world, lambda caller, request: inner)
        before = len(asyncio.all_tasks())
        answer = world.raw("query.test", b"{}")
        assert isinstance(answer, asyncio.Future)
        assert not isinstance(answer, asyncio.Task)
        assert len(asyncio.all_tasks()) == before
        inner.set_result(Reply(2))
        assert json.loads(await answer) == {"data": 2}

    asyncio.run(main())


async def test_a_future_that_is_done_is_answered_at_once(world):
    """Nothing waits for what is there."""
    inner = asyncio.get_running_loop().create_future()
    inner.set_result(Reply(3))
    serve(world, lambda caller, request: inner)
    assert world.rpc("query.test") == {"data": 3}


async def test_a_coroutine_and_any_other_awaitable(world):
    """Both are awaited in a task."""

    async def run(caller, request):
        await asyncio.sleep(0)
        return Reply(4)

    class Odd:
        def __await__(self):
            yield from asyncio.sleep(0).__await__()
            return Reply(5)

    serve(world, run)
    assert await world.later("query.test") == {"data": 4}
    serve(world, lambda caller, request: Odd())
    assert await world.later("query.test") == {"data": 5}


def serve_shown(world, show, run=lambda caller, request: Reply(7)):
    form = RpcForm(method="query.test", result=int, show=show)
    world.registry = Registry([Operation(name="t", doc="A test.", run=run, rpc=form)])


async def test_a_form_may_show_later(world):
    """A future costs no task; nor does one that is done already, which is answered at once."""
    shown = asyncio.get_running_loop().create_future()
    serve_shown(world, lambda data: shown)
    before = len(asyncio.all_tasks())
    answer = world.raw("query.test", b"{}")
    assert not isinstance(answer, asyncio.Task)
    assert len(asyncio.all_tasks()) == before
    shown.set_result(8)
    assert json.loads(await answer) == {"data": 8}
    assert world.rpc("query.test") == {"data": 8}


async def test_a_form_may_show_later_what_a_handler_answers_later(world):
    """One waits after the other, with and without tasks."""

    async def run(caller, request):
        await asyncio.sleep(0)
        return Reply(9)

    async def show(data):
        await asyncio.sleep(0)
        return data + 1

    serve_shown(world, show, run)
    assert await world.later("query.test") == {"data": 10}


@pytest.mark.parametrize("is_late", [True, False])
async def test_errors_of_a_form_that_shows_later(world, is_late):
    """They are explained like those of a handler; the node's own pass through."""

    async def run(caller, request):
        await asyncio.sleep(0)
        return Reply(7)

    handler = run if is_late else lambda caller, request: Reply(7)

    async def refuse(data):
        raise OperationError(errors.UNAVAILABLE)

    async def leave(data):
        raise CommandError(codes.TOO_MANY_REQUESTS)

    serve_shown(world, refuse, handler)
    assert (await world.later("query.test"))["error"]["code"] == 10010
    serve_shown(world, leave, handler)
    with pytest.raises(CommandError):
        await world.raw("query.test", b"{}")


async def test_a_caller_that_gave_up_while_a_form_shows(world):
    """Whatever stage it is in, its answer is dropped quietly."""
    ran, shown = (asyncio.get_running_loop().create_future() for _ in range(2))
    serve_shown(world, lambda data: shown, lambda caller, request: ran)
    answer = world.raw("query.test", b"{}")
    ran.set_result(Reply(1))
    await asyncio.sleep(0)
    answer.cancel()
    shown.set_result(2)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert answer.cancelled()


@pytest.mark.parametrize(
    ("error", "code", "temporary"),
    [
        (OperationError(errors.UNAVAILABLE), 10010, True),
        (UnknownAccountError("x"), 40001, False),
        (RuntimeError("bug"), 10009, True),
    ],
)
async def test_errors_now_and_later(world, error, code, temporary, caplog):
    """The same envelope whether a handler raises or its future does."""
    caplog.set_level(logging.CRITICAL)

    async def run(caller, request):
        raise error

    serve(world, fail(error))
    now = world.rpc("query.test")
    serve(world, run)
    assert await world.later("query.test") == now
    assert set(now) == {"error"}
    assert (now["error"]["code"], now["error"]["temporary"]) == (code, temporary)


async def test_an_answer_that_cannot_be_shown(world, caplog):
    """A handler's bug in its answer is INTERNAL too, now and later."""

    async def run(caller, request):
        return Reply(object())

    serve(world, lambda caller, request: Reply(object()))
    assert world.rpc("query.test")["error"]["code"] == 10009
    serve(world, run)
    assert (await world.later("query.test"))["error"]["code"] == 10009
    assert "query.test failed" in caplog.text


def test_an_answer_that_lacks_fields_is_not_the_clients_fault(world, caplog):
    """INTERNAL, and the log names what is missing."""
    form = RpcForm(method="query.test", result=Subscription)
    run = lambda caller, request: Reply(RpcSubscription())  # noqa: E731 - one line says it all
    world.registry = Registry([Operation(name="t", doc="A test.", run=run, rpc=form)])
    assert world.rpc("query.test")["error"]["code"] == 10009
    assert "Subscription needs subscriptionId" in caplog.text


async def test_a_cancelled_future(world):
    """The venue gave up: unavailable, and worth another try."""
    inner = asyncio.get_running_loop().create_future()
    serve(world, lambda caller, request: inner)
    answer = world.raw("query.test", b"{}")
    inner.cancel()
    assert json.loads(await answer)["error"]["code"] == 10010


async def test_a_caller_that_gave_up(world):
    """An answer that nobody waits for any more is dropped quietly."""
    inner = asyncio.get_running_loop().create_future()
    serve(world, lambda caller, request: inner)
    world.raw("query.test", b"{}").cancel()
    inner.set_result(Reply(1))
    await asyncio.sleep(0)


async def test_errors_of_the_node_pass_through(world):
    """A handler may answer with a protocol error, at once and later."""
    error = CommandError(codes.TOO_MANY_REQUESTS)

    async def run(caller, request):
        raise error

    serve(world, fail(error))
    with pytest.raises(CommandError):
        world.raw("query.test", b"{}")
    serve(world, run)
    with pytest.raises(CommandError):
        await world.raw("query.test", b"{}")


def test_an_unknown_method_is_104(world):
    """Centrifugo's own error; internal twins and events are no calls."""
    for method in ("", "query.nothing", "response.venue.list", "event.orderbook.updated"):
        with pytest.raises(CommandError) as caught:
            world.raw(method, b"{}")
        assert caught.value.error is codes.METHOD_NOT_FOUND


def test_a_known_method_that_is_not_served(world):
    """An envelope that says why, whatever the parameters."""
    error = world.rpc("command.credential.create", apiKey="x")["error"]
    assert error["code"] == 70001
    assert error["message"].startswith("command.credential.create is not served here: it keeps no")


def test_a_token_without_a_user(world):
    """Operations that need one say so; the others do not mind."""
    serve(world, lambda caller, request: Reply(1), needs_user=True)
    assert world.rpc("query.test", "")["error"]["code"] == 11005
    assert world.rpc("query.test") == {"data": 1}


def test_bad_parameters_are_an_envelope(world):
    """The connection goes on."""
    assert world.rpc("query.orderbook.get")["error"] == {
        "code": 10002,
        "message": "instrumentId is missing",
        "temporary": False,
    }
    answer = json.loads(world.raw("query.venue.list", b"{"))
    assert answer["error"]["code"] == 10001


def test_times_that_are_none(world):
    """A view that cannot read a client's time blames the client."""

    class Params(msgspec.Struct, frozen=True, kw_only=True):
        pass

    def read(params):
        raise ValueError('"soon" is no RFC 3339 time')

    form = RpcForm(method="query.test", result=int, params=Params, read=read)
    world.registry = Registry(
        [Operation(name="t", doc="A test.", run=lambda c, r: Reply(1), rpc=form)]
    )
    error = world.rpc("query.test")["error"]
    assert (error["code"], "RFC 3339" in error["message"]) == (10004, True)


def test_names_are_claimed_once():
    """Twice the same name, or served and not, is a mistake at start."""
    one = operation(lambda caller, request: Reply(1))
    with pytest.raises(RegistryError, match="twice"):
        Registry([one, one])
    entry = Unserved(why="no", methods=("query.test",))
    with pytest.raises(RegistryError, match=r"query\.test is served"):
        Registry([one], [entry])
    registry = Registry(unserved=[entry])
    with pytest.raises(RegistryError, match="listed as not served"):
        registry.add(one)
    assert NoParams() == NoParams()


async def test_through_a_real_node(world, gateway_of, client_of):
    """JSON clients get the envelope as data, and 104 for what is none of the API's."""
    gateway = await gateway_of(feed=False)
    gateway.node.handlers.rpc = rpc_handler(world.registry)
    client = client_of(gateway)
    answer = client.ask("rpc", method="query.venue.list", data={})
    assert answer["rpc"]["data"] == {"data": ["BINANCE", "PAPER"]}
    assert client.ask("rpc", method="query.venue.list")["rpc"]["data"] == answer["rpc"]["data"]
    assert client.ask("rpc", method="query.nothing", data={})["error"]["code"] == 104
