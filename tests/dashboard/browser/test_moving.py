"""The market view on markets that move."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="module")
CONFIG = {"dashboard": {"enabled": True}, "faults": {"enabled": True}}
OPTIONS = ()
INSTRUMENT = "BINANCE:BTC/USDT"


async def assert_follows(tab, watcher) -> None:
    """The same state, caught on the page and by REST, has the same rows: ten times."""
    equal = 0
    for _ in range(400):
        book = await watcher.book(INSTRUMENT)
        shown = await tab.ladder()
        if shown["sequence"] != book["sequence"]:
            continue
        assert (shown["bids"], shown["asks"]) == (book["bids"], book["asks"])
        equal += 1
        if equal == 10:
            return
    assert equal == 10


async def listeners(server, channel: str) -> int:
    """How many subscribers a channel has."""
    channels = (await server.api("channels", pattern=channel))["channels"]
    return channels.get(channel, {"num_clients": 0})["num_clients"]


async def operate(server, method: str, params: dict) -> dict:
    """A method of the server API that is reached by ``rpc``."""
    async with httpx.AsyncClient(headers={"X-API-Key": server.api_key}) as http:
        body = {"method": method, "params": params}
        answer = (await http.post(f"{server.url}/api/rpc", json=body)).json()
    assert "error" not in answer
    return answer["result"]["data"]


async def opened(tab, token):
    await tab.open(f"#market/{INSTRUMENT}")
    await tab.sign_in(token())
    await expect(tab.page.locator("#ladder .level.bid:visible")).to_have_count(50)


async def test_a_moving_ladder_equals_the_book_of_the_same_sequence(tab, token, person):
    await opened(tab, token)
    await assert_follows(tab, await person("watcher"))


async def test_a_hole_in_the_book_is_noticed_and_closed_by_a_snapshot(tab, server, token, person):
    await opened(tab, token)
    fault = {"kind": "book_gap", "target": {"instrument": INSTRUMENT}, "count": 1}
    await operate(server, "faults.set", fault)
    await expect(tab.page.locator("#line-outcome")).to_contain_text("Resynchronised")
    await expect(tab.page.locator("#ladder .level.bid:visible")).to_have_count(50)
    await assert_follows(tab, await person("watcher"))


async def test_a_book_that_the_gateway_does_not_trust_is_seen_to_be_old(tab, server, token):
    await opened(tab, token)
    problem = tab.page.locator("#market-problem")
    await expect(problem).to_be_hidden()
    fault = {"kind": "feed_unhealthy", "target": {"instrument": INSTRUMENT}}
    await operate(server, "faults.set", fault)
    await expect(problem).to_contain_text("these prices are old")
    await expect(tab.page.locator("#ladder")).to_have_attribute("data-old", "")
    await operate(server, "faults.clear", {"kind": "feed_unhealthy"})
    await expect(problem).to_be_hidden()
    await expect(tab.page.locator("#ladder")).not_to_have_attribute("data-old", "")


async def test_the_charts_draw_both_sides(tab, token):
    await opened(tab, token)
    await tab.draws("#depth", "--buy", "--sell")
    await tab.draws("#candles", "--buy", "--sell")


async def test_another_interval_listens_to_its_own_candles(tab, server, token):
    await opened(tab, token)
    button = tab.page.get_by_role("group", name="Interval").get_by_text("5m", exact=True)
    await button.click()
    await expect(button).to_have_attribute("aria-pressed", "true")
    async with asyncio.timeout(10):
        while True:
            five = await listeners(server, f"market:kline:{INSTRUMENT}:5m")
            one = await listeners(server, f"market:kline:{INSTRUMENT}:1s")
            if (five, one) == (1, 0):
                break
            await asyncio.sleep(0.05)


async def test_another_instrument_leaves_the_channels_of_the_first(tab, server, token):
    await opened(tab, token)
    picker = tab.page.get_by_label("Instrument", exact=True)
    for name in ("PAPER:BTC/USDT", "MOCK:EUR/USD", "PAPER:EUR/USD"):
        await picker.select_option(name)
    await expect(tab.page.locator("#market-title")).to_have_text("PAPER:EUR/USD")
    async with asyncio.timeout(10):
        while True:
            books = (await server.api("channels", pattern="market:orderBook:*"))["channels"]
            if list(books) == ["market:orderBook:PAPER:EUR/USD"]:
                break
            await asyncio.sleep(0.05)
