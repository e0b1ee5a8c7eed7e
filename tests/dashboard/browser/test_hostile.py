"""Names and messages that would be programs, if the page let them."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from playwright.async_api import expect
from websockets.asyncio.client import connect

pytestmark = pytest.mark.asyncio(loop_scope="module")
CONFIG = {"dashboard": {"enabled": True}}
MARKUP = "<img src=x onerror='window.ran=1'><script>window.ran=1</script>"
NAME = "MOCK:<img src=x onerror=window.ran=1>/USD"
HTML = "text/html,<script>window.ran=1</script>"


async def assert_nothing_ran(tab) -> None:
    assert await tab.page.evaluate("window.ran") is None
    made = await tab.page.evaluate(
        "document.querySelectorAll('img[src=x], [onerror], #ladder script, #tape script').length"
    )
    assert made == 0


async def test_a_hostile_trade_is_text(tab, server, token):
    await tab.open(f"#market/{quote(NAME)}")
    await tab.sign_in(token())
    await tab.page.locator("#market-title").get_by_text(NAME, exact=True).wait_for()
    trade = {"price": MARKUP, "quantity": f"javascript:{HTML}", "side": MARKUP, "timestamp": MARKUP}
    await server.api("publish", channel=f"market:trade:{NAME}", data=trade)
    first = tab.page.locator("#tape .trade:visible").first
    await expect(first.locator(".price")).to_have_text(MARKUP)
    await expect(first.locator(".time")).to_have_text(MARKUP)
    await assert_nothing_ran(tab)


async def test_a_hostile_instrument_name_is_text_everywhere(tab, token):
    await tab.open(f"#trade/{quote(NAME)}")
    await tab.sign_in(token())
    await expect(tab.page.locator("#market-title")).to_have_text(NAME)
    await expect(tab.page.locator("#instrument option:checked")).to_have_text(NAME)
    assert NAME in await tab.page.title()
    await expect(tab.page.locator("#ticket-none")).to_be_visible()
    await assert_nothing_ran(tab)


@pytest.mark.parametrize(
    "data",
    [
        MARKUP,
        None,
        [MARKUP],
        {"updateType": MARKUP},
        {"updateType": "SNAPSHOT", "sequence": 1, "bids": [[MARKUP, "1"]], "asks": []},
        {"updateType": "SNAPSHOT", "sequence": 1, "bids": {"constructor": MARKUP}, "asks": []},
    ],
)
async def test_a_hostile_book_is_refused_with_its_words_as_text(tab, server, token, data):
    await tab.open(f"#market/{quote(NAME)}")
    await tab.sign_in(token())
    await expect(tab.page.locator("#market-title")).to_have_text(NAME)
    channel = f"market:orderBook:{NAME}"
    await server.api("publish", channel=channel, data=data)
    await expect(tab.page.locator("#market-problem")).to_contain_text("was left out")
    good = {"updateType": "SNAPSHOT", "sequence": 5, "bids": [["1.5", "2"]], "asks": []}
    await server.api("publish", channel=channel, data=good)
    await tab.page.locator('#ladder[data-sequence="5"]').wait_for()
    assert (await tab.ladder())["bids"] == [["1.5", "2"]]
    await assert_nothing_ran(tab)


async def test_hostile_tickers_and_candles_are_left_out(tab, server, token):
    await tab.open("#market/PAPER:EUR/USD")
    await tab.sign_in(token())
    await expect(tab.page.locator("#market-title")).to_have_text("PAPER:EUR/USD")
    ticker = {"lastPrice": MARKUP, "bidPrice": [MARKUP], "priceChangePercent": MARKUP}
    await server.api("publish", channel="market:ticker:PAPER:EUR/USD", data=ticker)
    for candles in (MARKUP, [MARKUP], [[1, MARKUP]], [[1000, "1", "1", "1", "1", MARKUP]], None):
        data = {"candles": candles, "isClosed": False}
        await server.api("publish", channel="market:kline:PAPER:EUR/USD:1s", data=data)
    fair = {"lastPrice": "1.25"}
    await server.api("publish", channel="market:ticker:PAPER:EUR/USD", data=fair)
    await expect(tab.page.locator("#ticker-last")).to_have_text("1.25")
    await assert_nothing_ran(tab)


async def test_a_hostile_client_and_channel_are_text_to_the_operator(tab, server, token):
    async with connect(server.ws) as socket:
        who = {"token": token(MARKUP), "name": MARKUP[:20], "version": "<b>1</b>"}
        await socket.send(json.dumps({"id": 1, "connect": who}))
        assert "error" not in json.loads(await socket.recv())
        await socket.send(json.dumps({"id": 2, "subscribe": {"channel": f"market:trade:{NAME}"}}))
        await socket.recv()
        await tab.open("#operate")
        await tab.sign_in(token(), server.api_key)
        await expect(tab.page.locator("#connections")).to_contain_text(MARKUP)
        await expect(tab.page.locator("#connections")).to_contain_text("<b>1</b>")
        await expect(tab.page.locator("#channels")).to_contain_text(f"market:trade:{NAME}")
    await assert_nothing_ran(tab)
