"""Trading with nothing but HTTP: the whole story over REST, and the account's events besides.

The events are read from the history of the account channel by the server API, which holds exactly
what subscribers are sent.
"""

from __future__ import annotations

import asyncio
import uuid

import httpx
import pytest

from support.clients.trading_person import BTC, Person
from support.gateway.account_copy import EXECUTION, ORDER, PORTFOLIO, AccountCopy

CONFIG = {"market": {"order_book": {"update_interval": "0s"}}}


@pytest.fixture
def start(start_server, tmp_path):
    """Start a server; all of one test keep what is traded in the same folder."""
    return lambda: start_server(CONFIG, "--feed", "none", "--data", str(tmp_path / "data"))


@pytest.fixture
def server(start):
    """A server of its own for each test."""
    running = start()
    yield running
    running.stop()


@pytest.fixture
async def ann(server, token):
    async with Person(server, token("ann")) as person:
        yield person


@pytest.fixture
async def bob(server, token):
    async with Person(server, token("bob")) as person:
        yield person


async def events(server, person):
    """All that the account channel has said."""
    history = await server.api("history", channel=person.channel, limit=-1)
    copy = AccountCopy()
    copy.offset = 0
    copy.apply_all(history["publications"])
    assert copy.offset == history["offset"]
    return copy


async def refused(person, http, path, **options):
    """Status, ``errno`` and name of a request that must not work; its envelope is as documented."""
    response = await person.request(http, path, **options)
    envelope = response.json()
    assert set(envelope) == {"success", "errno", "error", "details"}
    assert envelope["success"] is False
    assert envelope["error"]
    return response.status_code, envelope["errno"], envelope["details"]["code"]


async def test_a_day_of_trading(server, ann, bob):
    """Submit, partial fill, amend, cancel: as REST answers, as it lists and as the events say."""
    one = await ann.submit("BUY", "100.00", "1", clientOrderId="one")
    assert (one["status"], one["executedQuantity"], one["executions"]) == (
        "ACCEPTED",
        "0.00000",
        [],
    )
    taken = await bob.submit("SELL", "100.00", "0.4")
    assert (taken["status"], len(taken["executions"])) == ("FILLED", 1)
    (half,) = await ann.orders(tradeOrderId=one["tradeOrderId"])
    assert (half["status"], half["executedQuantity"]) == ("PARTIALLY_FILLED", "0.40000")
    assert half["executions"][0]["externalTradeId"] == taken["executions"][0]["externalTradeId"]
    amended = await ann.post(
        "/tradeOrder/amend", clientOrderId="one", quantity="0.8", limitPrice="100.50"
    )
    assert (amended["quantity"], amended["limitPrice"]) == ("0.80000", "100.50")
    book = await ann.get("/market/orderBook/get", instrumentId=BTC)
    assert (book["bids"], book["asks"]) == ([["100.50", "0.40000"]], [])
    ended = await ann.post("/tradeOrder/cancel", tradeOrderId=one["tradeOrderId"])
    assert (ended["status"], ended["executedQuantity"]) == ("CANCELLED", "0.40000")
    copy = await events(server, ann)
    assert [event["eventType"] for event in copy.events][-9:] == [
        ORDER, PORTFOLIO, EXECUTION, ORDER, PORTFOLIO, ORDER, PORTFOLIO, ORDER, PORTFOLIO,
    ]  # fmt: skip
    await ann.check(copy)
    await bob.check(await events(server, bob))


async def test_all_that_is_open_is_cancelled_at_once(server, ann, bob):
    """Of one side, of one instrument, and all; the answer lists what was cancelled."""
    for price in (97, 98):
        await ann.submit("BUY", f"{price}.00", "1")
        await ann.submit("SELL", f"{price + 10}.00", "0.5")
    await ann.submit("BUY", "98.00", "1", instrumentId="PAPER:ETH/USDT")
    kept = await bob.submit("BUY", "96.00", "1")
    sells = await ann.post("/tradeOrder/cancelAll", orderSide="SELL")
    assert {order["orderSide"] for order in sells} == {"SELL"}
    others = await ann.post("/tradeOrder/cancelAll", instrumentId=BTC)
    rest = await ann.post("/tradeOrder/cancelAll")
    assert [len(found) for found in (sells, others, rest)] == [2, 2, 1]
    assert await ann.post("/tradeOrder/cancelAll") == []
    copy = await events(server, ann)
    assert len(copy.ended) == 5
    await ann.check(copy)
    (order,) = await bob.orders()
    assert (order["tradeOrderId"], order["status"]) == (kept["tradeOrderId"], "ACCEPTED")


async def test_the_same_order_sent_many_times_at_once_is_there_once(server, ann, bob):
    """Twenty retries in parallel, on connections of their own: one order, one answer."""
    await bob.submit("SELL", "100.00", "0.3")
    answers = await asyncio.gather(
        *(ann.submit("BUY", "100.00", "1", clientOrderId="same") for _ in range(20))
    )
    assert {answer["tradeOrderId"] for answer in answers} == {answers[0]["tradeOrderId"]}
    (order,) = await ann.orders()
    assert (order["status"], order["executedQuantity"]) == ("PARTIALLY_FILLED", "0.30000")
    copy = await events(server, ann)
    assert len(copy.executions) == 1
    await ann.check(copy)
    body = {"tradingAccountId": ann.account, "instrumentId": BTC, "clientOrderId": "same"}
    body |= {"orderSide": "BUY", "orderType": "LIMIT", "limitPrice": "100.00", "quantity": "2"}
    answer = await refused(ann, "POST", "/tradeOrder/submit", body=body)
    assert answer == (400, 30003, "IDEMPOTENCY_KEY_REUSED")
    # Another account's order of the same name is another order.
    assert (await bob.submit("BUY", "99.00", "1", clientOrderId="same"))["status"] == "ACCEPTED"


async def test_a_retry_after_a_crash_gets_the_first_order(server, start, ann, bob, token):
    """Killed at once after the answer: the order is there, fills and all, and is found again."""
    await bob.submit("SELL", "100.00", "0.4")
    first = await ann.submit("BUY", "100.00", "1", idempotencyKey="k")
    before = await events(server, ann)
    server.kill()
    again = start()
    async with Person(again, token("ann")) as back, Person(again, token("bob")) as bob_back:
        assert back.account == ann.account
        retried = await back.submit("BUY", "100.00", "1", idempotencyKey="k")
        assert retried == first
        await back.check(before)
        await bob_back.submit("SELL", "100.00", "0.6")
        (order,) = await back.orders()
        assert (order["status"], len(order["executions"])) == ("FILLED", 2)
    again.stop()


async def test_what_is_wrong_is_said_in_the_documented_envelope(ann, bob):
    """Code, name and HTTP status; an account or order of someone else is one that is not there."""
    mine = await ann.submit("BUY", "100.00", "1")
    order = {"instrumentId": BTC, "orderSide": "BUY", "orderType": "LIMIT", "quantity": "1"}
    submit = {"tradingAccountId": ann.account, "limitPrice": "100.00", **order}
    cancel = {"tradingAccountId": ann.account, "tradeOrderId": mine["tradeOrderId"]}
    nobodys = str(uuid.uuid4())
    for wanted, path, body in (
        ((404, 40001, "UNKNOWN_ACCOUNT"), "submit", {**submit, "tradingAccountId": bob.account}),
        ((404, 40001, "UNKNOWN_ACCOUNT"), "submit", {**submit, "tradingAccountId": nobodys}),
        ((400, 30104, "FILTER_TICK_SIZE"), "submit", {**submit, "limitPrice": "100.001"}),
        (
            (400, 40005, "INSUFFICIENT_FUNDS"),
            "submit",
            {**submit, "orderSide": "SELL", "quantity": "50"},
        ),
        ((404, 20001, "UNKNOWN_INSTRUMENT"), "submit", {**submit, "instrumentId": "PAPER:NO/NO"}),
        ((400, 10002, "MISSING_FIELD"), "submit", {"tradingAccountId": ann.account}),
        ((404, 30001, "UNKNOWN_ORDER"), "cancel", {**cancel, "tradeOrderId": nobodys}),
        ((404, 40001, "UNKNOWN_ACCOUNT"), "cancel", {**cancel, "tradingAccountId": bob.account}),
        ((404, 30001, "UNKNOWN_ORDER"), "amend", {**cancel, "tradeOrderId": nobodys}),
    ):
        assert await refused(ann, "POST", f"/tradeOrder/{path}", body=body) == wanted, body
    theirs = {"tradingAccountId": bob.account, "tradeOrderId": mine["tradeOrderId"]}
    answer = await refused(bob, "POST", "/tradeOrder/cancel", body=theirs)
    assert answer == (404, 30001, "UNKNOWN_ORDER")
    await ann.post("/tradeOrder/cancel", tradeOrderId=mine["tradeOrderId"])
    answer = await refused(ann, "POST", "/tradeOrder/cancel", body=cancel)
    assert answer == (400, 30004, "ORDER_ENDED")
    answer = await refused(ann, "GET", "/tradeOrder/list", params={"tradingAccountId": bob.account})
    assert answer == (404, 40001, "UNKNOWN_ACCOUNT")


async def test_lists_come_in_pages(ann, bob):
    """By cursor, each order once, the newest first unless asked otherwise."""
    names = [f"n{number}" for number in range(7)]
    for name in names:
        await ann.submit("BUY", "90.00", "0.1", clientOrderId=name)
    found, cursor = [], {}
    while True:
        params = {"tradingAccountId": ann.account, "limit": 3, **cursor}
        page = (await ann.request("GET", "/tradeOrder/list", params=params)).json()
        found += [order["clientOrderId"] for order in page["data"]]
        if not page["pagination"]["hasNext"]:
            break
        cursor = {"cursor": page["pagination"]["cursor"]}
    assert found == names[::-1]
    assert await bob.orders() == []


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer nonsense", "Basic YTpi"])
async def test_without_a_good_token_there_is_nothing(server, ann, header):
    """401 for every call, before anything is looked at; the public ones answer."""
    async with httpx.AsyncClient(base_url=f"{server.url}/api/v3", trust_env=False) as http:
        headers = {} if header is None else {"authorization": header}
        for method, path in (("GET", "/tradingAccount/list"), ("POST", "/tradeOrder/submit")):
            answer = await http.request(method, path, headers=headers)
            assert answer.status_code == 401
            assert answer.json()["errno"] in {11001, 11002}
        assert (await http.get("/health", headers=headers)).status_code == 200
