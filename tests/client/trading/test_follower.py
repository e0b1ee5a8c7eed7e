"""AccountState an account over a peer that misbehaves: gaps, and lines lost during a resync."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from cadenza.client import ClientError, DisconnectedError, Overflow, UsageError
from cadenza.client.trading import (
    AccountClosedError,
    AccountState,
    OrderEndedError,
    OrderUpdated,
    Resynced,
)
from cadenza.client.trading.states import COPY, CopyEvent, CopyMove
from support.client.account_peer import (
    answer_rpc,
    answers_of,
    back,
    followed,
    publication,
    push,
    subscribe_result,
)
from support.client.events import PATIENCE, Events
from support.client.model_venue import ACCOUNT, ModelVenue
from support.client.peer_world import connected


@pytest.fixture
def venue():
    """Two orders; the first is filled in parts, then the second ends."""
    made = ModelVenue()
    made.new(3)
    made.new(2)
    made.now += 1
    for quantity in (1, 2):
        made.fill(made.open_order(0), quantity)
        made.now += 1
    made.cancel(made.open_order(0))
    return made


async def test_recovered_events_are_applied_once(client, peer, venue):
    """After a reconnect only what was missed comes, and the state beside it is passed over."""
    line, account = await followed(client, peer, venue, 2)
    stream = account.events()
    await line.send(push(venue, 3), push(venue, 4))
    seen = [await anext(stream) for _ in range(2)]
    line.cut()
    missed = [publication(venue, 4), publication(venue, 5), publication(venue, 6)]
    end = len(venue.events)
    result = subscribe_result(venue, end, was_recovering=True, recovered=True)
    line, asked = await back(peer, **{**result, "offset": 4, "publications": missed})
    assert (asked["recover"], asked["offset"], asked["epoch"]) == (True, 4, "e")
    seen += [await anext(stream) for _ in range(2)]
    assert [event.offset for event in seen] == [3, 4, 5, 6]
    assert (account.resyncs, account.is_live) == (0, True)


async def test_an_event_that_is_missing_is_noticed(client, peer, venue):
    """The client begins anew by itself, with the state first."""
    line, account = await followed(client, peer, venue, 2)
    stream = account.events()
    await line.send(push(venue, 3), push(venue, 5), push(venue, 6))
    await line.answer("unsubscribe")
    asked = await line.answer(
        "subscribe", subscribe_result(venue, 6, was_recovering=True, recovered=False)
    )
    assert asked["subscribe"]["epoch"] == "_"
    for _ in range(2):
        await answer_rpc(line, answers_of(venue, 6))
    await line.send(push(venue, 7))
    found = [await anext(stream) for _ in range(6)]
    assert [(type(it).__name__, it.offset) for it in found] == [
        ("ExecutionReport", 3), ("Resynced", 0), ("ExecutionReport", 0),
        ("OrderUpdated", 0), ("PortfolioUpdated", 0), ("OrderUpdated", 7),
    ]  # fmt: skip
    assert (account.resyncs, account.state) == (1, AccountState.LIVE)


async def test_events_wait_for_the_resync(client, peer, venue):
    """What comes while the questions are open is applied after the answers, in order."""
    line, account = await followed(client, peer, venue, 2)
    first = next(iter(account.orders.values()))
    stream = account.events()
    line.cut()
    line, _ = await back(peer, **subscribe_result(venue, 5, "f", was_recovering=True))
    await line.send(push(venue, 6))
    asked = await answer_rpc(line, answers_of(venue, 6))
    assert asked["method"] == "query.trade_order.list"
    assert first.filled_quantity == 0  # nobody sees half of it
    asked = await answer_rpc(line, answers_of(venue, 6))
    assert asked["data"]["startTime"] == venue.states[2]["portfolio"]["updatedAt"]
    found = [await anext(stream) for _ in range(5)]
    gap = found[0]
    assert isinstance(gap, Resynced)
    assert (gap.orders, gap.executions, gap.error) == (1, 1, None)
    assert [(type(it).__name__, it.offset) for it in found[1:]] == [
        ("ExecutionReport", 0), ("OrderUpdated", 0), ("PortfolioUpdated", 0),
        ("ExecutionReport", 6),
    ]  # fmt: skip


@pytest.mark.parametrize("recovers", [True, False])
async def test_a_line_that_is_lost_in_the_middle_of_a_resync(client, peer, venue, recovers):
    """The questions are asked again; one resync is told, and nothing twice."""
    end = len(venue.events)
    told = Events()
    line, account = await followed(client, peer, venue, 2, on_state=told.on("following"))
    stream = account.events()
    line.cut()
    line, _ = await back(peer, **subscribe_result(venue, 5, "f", was_recovering=True))
    await line.send(push(venue, 6))
    await line.command("rpc")
    line.cut()
    if recovers:
        rest = [publication(venue, offset) for offset in range(7, end + 1)]
        result = subscribe_result(venue, 6, "f", was_recovering=True, recovered=True)
        line, asked = await back(peer, **{**result, "publications": rest})
        assert asked["offset"] == 6
    else:
        line, _ = await back(peer, **subscribe_result(venue, end, "g", was_recovering=True))

    async def answer():
        while True:
            await answer_rpc(line, answers_of(venue, end))

    answering, events = asyncio.ensure_future(answer()), []
    async with asyncio.timeout(PATIENCE):
        while account.orders or not account.is_live:
            events.append(await anext(stream))
    answering.cancel()
    stream.close()
    events += [event async for event in stream]
    assert [type(it) for it in events].count(Resynced) == 1
    reports = [it.execution.execution_id for it in events if hasattr(it, "execution")]
    assert reports == [it["executionId"] for _, it in venue.executions]
    assert [await told.next("following") for _ in range(6)] == [
        AccountState.LIVE, AccountState.STALE, AccountState.SYNCING,
        AccountState.BEHIND, AccountState.SYNCING, AccountState.LIVE,
    ]  # fmt: skip
    assert {it.status for it in account.ended.values()} == {"FILLED", "CANCELLED"}


async def test_a_venue_that_does_not_answer_such_questions(client, peer, venue):
    """The copy is the state's all the same, and says what it could not find out."""
    end = len(venue.events)
    line, account = await followed(client, peer, venue, 2)
    stream = account.events()
    orders = list(account.orders.values())
    waiting = asyncio.ensure_future(orders[0].filled())
    line.cut()
    line, _ = await back(peer, **subscribe_result(venue, end, "f", was_recovering=True))
    refused = {"error": {"code": 70001, "message": "not served", "temporary": False}}
    for _ in orders:
        await answer_rpc(line, {"query.trade_order.get": refused})
    gap = await anext(stream)
    assert (gap.error.errno, gap.orders, gap.executions) == (70001, 2, 0)
    with pytest.raises(OrderEndedError, match=r"ACCEPTED \(UNKNOWN_ORDER\)"):
        await waiting
    assert account.orders == {}
    assert isinstance(await anext(stream), OrderUpdated)


async def test_a_refusal_for_now_is_asked_again(client, peer, venue):
    """A venue that is busy, and an order that it does not know."""
    end = len(venue.events)
    line, account = await followed(client, peer, venue, 2)
    stream = account.events()
    line.cut()
    line, _ = await back(peer, **subscribe_result(venue, end, "f", was_recovering=True))
    busy = {"error": {"code": 10008, "message": "slow down", "temporary": True}}
    for _ in range(2):
        await answer_rpc(line, {"query.trade_order.get": busy})
    unknown = {"error": {"code": 30001, "message": "no such order", "temporary": False}}
    for answer in (unknown, answers_of(venue, end)["query.trade_order.get"]):
        await answer_rpc(line, {"query.trade_order.get": answer})
    for _ in range(2):
        await answer_rpc(line, answers_of(venue, end))
    gap = await anext(stream)
    assert (gap.error, gap.orders, gap.executions) == (None, 2, 2)


async def test_answers_come_in_pages(client, peer, venue):
    """All of them are asked for."""
    end = len(venue.events)
    line, account = await followed(client, peer, venue, 2)
    stream = account.events()
    line.cut()
    line, _ = await back(peer, **subscribe_result(venue, end, "f", was_recovering=True))
    answers = answers_of(venue, end)
    (_, first), (_, second) = venue.executions
    pages = iter(
        [
            {"data": [first], "pagination": {"hasNext": True, "cursor": "next"}},
            {"data": [second], "pagination": {"hasNext": False}},
        ]
    )
    answers["query.trade_execution.list"] = lambda _: next(pages)
    asked = [await answer_rpc(line, answers) for _ in range(5)]
    assert asked[-1]["data"]["pagination"] == {"limit": 1000, "cursor": "next"}
    assert (await anext(stream)).executions == 2


async def test_sent_away_in_the_middle_of_a_resync(client, peer, venue):
    """After another connect the questions are asked again."""
    end = len(venue.events)
    line, account = await followed(client, peer, venue, 2)
    line.cut()
    line, _ = await back(peer, **subscribe_result(venue, end, "f", was_recovering=True))
    await line.command("rpc")
    waiting = asyncio.ensure_future(next(iter(account.orders.values())).done())
    await line.close(3500, "go away")
    with pytest.raises(DisconnectedError, match="go away"):
        await waiting
    connecting = asyncio.ensure_future(client.connect())
    result = subscribe_result(venue, end, "f", was_recovering=True, recovered=True)
    line, _ = await back(peer, **result)
    await connecting
    stream = account.events()
    for _ in range(4):
        await answer_rpc(line, answers_of(venue, end))
    assert isinstance(await anext(stream), Resynced)
    assert account.orders == {}


async def test_a_server_that_sends_no_state(client, peer):
    """It is not one of this API; nothing stays subscribed."""
    line = await connected(client, peer)
    following = asyncio.ensure_future(client.account(ACCOUNT))
    await line.answer("subscribe", {"recoverable": True, "epoch": "e"})
    with pytest.raises(AccountClosedError, match="sends no state of the account") as caught:
        await following
    assert type(caught.value.__cause__) is ClientError
    assert client.subscriptions == {}


async def test_a_loading_that_is_given_up(client, peer):
    """Nothing stays subscribed."""
    line = await connected(client, peer)
    following = asyncio.ensure_future(client.account(ACCOUNT))
    await line.command("subscribe")
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following
    assert client.subscriptions == {}


async def test_a_slow_reader_gets_what_its_policy_says(client, peer, venue):
    """The oldest are dropped, or the reading stops until there is room."""
    line, account = await followed(client, peer, venue, 0)
    dropping = account.events(buffer=2, overflow=Overflow.DROP_OLDEST)
    blocking = account.events(buffer=2, overflow=Overflow.BLOCK)
    unread = account.events(buffer=1)
    del unread
    last = len(venue.events)
    for offset in range(1, last + 1):
        await line.send(push(venue, offset))
    async with asyncio.timeout(PATIENCE):
        found = [await anext(blocking) for _ in range(last)]
    assert [it.offset for it in found] == list(range(1, last + 1))
    assert [(await anext(dropping)).offset for _ in range(2)] == [last - 1, last]
    assert dropping.dropped == last - 2
    assert len(account._follower.teller.streams._streams) == 2
    with pytest.raises(UsageError, match="at least 1"):
        account.events(buffer=0)
    with pytest.raises(UsageError, match=r"overflow=Overflow\.CONFLATE"):
        account.events(conflate_key=type)


async def test_a_reader_that_is_gone_holds_nobody_up(client, peer, venue):
    """A blocking stream that is full and then dropped, while the connection waits for it."""
    line, account = await followed(client, peer, venue, 0)
    dropped = account.events(buffer=1, overflow=Overflow.BLOCK)
    kept = account.events()
    await line.send(push(venue, 1))
    assert (await anext(kept)).offset == 1
    assert client.is_held(False)
    del dropped
    await line.send(push(venue, 2))
    async with asyncio.timeout(PATIENCE):
        assert (await anext(kept)).offset == 2


@pytest.mark.parametrize(
    ("before", "happening"),
    list(itertools.product(AccountState, CopyEvent)),
    ids=lambda it: it.name,
)
def test_every_state_knows_every_happening(before, happening):
    """And CLOSED is the end."""
    after, step = COPY[before, happening]
    if before is AccountState.CLOSED:
        assert (after, step) == (AccountState.CLOSED, CopyMove.NOTHING)
    elif happening is CopyEvent.END:
        assert (after, step) == (AccountState.CLOSED, CopyMove.CLOSE)
    assert (step is CopyMove.ASK) == (after is AccountState.SYNCING and happening is CopyEvent.ANEW)
