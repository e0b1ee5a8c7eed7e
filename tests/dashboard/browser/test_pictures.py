"""The page on a desk and on a phone, and the pictures of README."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="module")
A_NUMBER = re.compile("[0-9]")
CONFIG = {"dashboard": {"enabled": True}, "market": {"simulated": {"seed": 7}}}
OPTIONS = ()
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
MOST_BYTES = 300 * 1024
ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path) -> Path:
    """Where pictures go: ``docs/images`` when asked to renew those of README."""
    return ROOT / "docs/images" if os.environ.get("CADENZA_PICTURES") else tmp_path


async def candles(person, instrument: str) -> None:
    """Wait until there are candles to see: more of them when the picture is to be kept."""
    wanted = 45 if os.environ.get("CADENZA_PICTURES") else 2
    query = {"instrumentId": instrument, "interval": "1s", "limit": wanted}
    while True:
        klines = await person.get("market/kline/get", **query)
        if len(klines["candles"]) >= wanted:
            return
        await asyncio.sleep(0.2)


async def picture(tab, path: Path) -> None:
    await tab.page.mouse.move(0, 0)
    taken = await tab.page.screenshot(path=path)
    assert taken.startswith(b"\x89PNG")
    assert len(taken) < MOST_BYTES


async def test_the_market_on_a_desk(new_tab, server, token, person, folder):
    await candles(await person("trader"), "BINANCE:BTC/USDT")
    tab = await new_tab(server, color_scheme="dark", viewport=DESK)
    await tab.open("#market/BINANCE:BTC/USDT")
    await tab.sign_in(token())
    await expect(tab.page.locator("#tape .trade:visible").nth(35)).to_be_visible()
    await expect(tab.page.locator("#ladder .level.bid:visible")).to_have_count(50)
    await expect(tab.page.locator("#line-latency")).to_have_text(A_NUMBER)
    await tab.draws("#depth", "--buy", "--sell")
    await tab.draws("#candles", "--buy", "--sell")
    await picture(tab, folder / "page-market.png")


async def test_trading_on_a_desk(new_tab, server, token, person, folder):
    trader = await person("trader")
    tab = await new_tab(server, color_scheme="light", viewport=DESK)
    await tab.open("#trade")
    await tab.sign_in(token("trader"))
    page = tab.page
    await page.get_by_label("Type").select_option("MARKET")
    await page.get_by_label("Quantity", exact=True).fill("0.25")
    await page.get_by_role("button", name="Buy BTC").click()
    await page.get_by_role("tab", name="Positions").click()
    await expect(page.locator("#positions tbody tr")).to_have_count(1)
    best = float((await trader.book())["bids"][0][0])
    await page.get_by_role("tab", name="Open orders").click()
    for away, quantity in ((3, "0.15"), (6, "0.4"), (9, "0.25")):
        await trader.order("BUY", f"{best - away:.2f}", quantity)
    await trader.order("SELL", f"{best + 400:.2f}", "0.25")
    await expect(page.locator("#open-orders tbody tr").nth(1)).to_be_visible()
    await page.get_by_label("Type").select_option("LIMIT")
    await page.get_by_label("Limit price").fill(f"{best - 5:.2f}")
    await page.get_by_label("Quantity", exact=True).fill("0.1")
    await expect(page.locator("#notices .notice")).to_have_count(0, timeout=20_000)
    await picture(tab, folder / "page-trade.png")


@pytest.mark.parametrize("view", ["market", "trade", "operate"])
async def test_a_phone_shows_every_view_without_scrolling_sideways(new_tab, server, token, view):
    tab = await new_tab(server, viewport=PHONE, has_touch=True, is_mobile=True)
    await tab.open(f"#{view}")
    await tab.sign_in(token(), server.api_key)
    places = {"market": "#ladder", "trade": "#ticket", "operate": "#tiles"}
    await expect(tab.page.locator(places[view])).to_be_visible()
    await expect(tab.page.locator("#ladder .level.bid").first).to_have_count(1)
    width = await tab.page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"]
