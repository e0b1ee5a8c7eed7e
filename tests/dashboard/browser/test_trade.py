"""Trading on the page: what is typed there is an order, and what happens to it is seen there."""

from __future__ import annotations

import re

import pytest
import pytest_asyncio
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="module")
A_NUMBER = re.compile("[0-9]")
CONFIG = {"dashboard": {"enabled": True}}
OPTIONS = ("--feed", "none")


@pytest_asyncio.fixture(loop_scope="module")
async def trader(tab, person, token):
    """The user of the page, over REST too; the page is signed in and shows the ticket."""
    found = await person("trader")
    await tab.open("#trade")
    await tab.sign_in(token("trader"))
    await tab.page.get_by_label("Limit price").wait_for()
    await expect(tab.page.locator("#equity")).to_have_text(A_NUMBER)
    return found


def row(tab, pane: str, text: str):
    """A row of a table of the account."""
    return tab.page.locator(f"{pane} tbody tr").filter(has_text=text)


async def show(tab, name: str) -> None:
    await tab.page.get_by_role("tab", name=name).click()


async def test_an_order_placed_on_the_page_appears_in_account_and_book(tab, trader):
    page = tab.page
    await page.get_by_label("Limit price").fill("60000")
    await page.get_by_label("Quantity", exact=True).fill("0.25")
    await expect(page.locator("#ticket-cost")).to_have_text("15,000.00 USDT")
    await page.get_by_role("button", name="Buy BTC").click()

    await expect(row(tab, "#open-orders", "60000.00")).to_contain_text("0.25")
    await tab.shows_book(await trader.book_with(bids=["60000.00", "0.25000"]))
    own = page.locator("#ladder .level.bid[data-own]")
    await expect(own.locator(".price")).to_have_text("60000.00")
    orders = await trader.get("tradeOrder/list", tradingAccountId=trader.account)
    assert [it["status"] for it in orders] == ["ACCEPTED"]
    await show(tab, "Balances")
    await expect(row(tab, "#balances", "USDT")).to_contain_text("15,007.5")

    await show(tab, "Open orders")
    await page.get_by_role("button", name="Cancel buy").click()
    await expect(page.locator("#open-orders")).to_contain_text("No open orders")
    await show(tab, "Ended")
    await expect(row(tab, "#ended-orders", "by owner")).to_contain_text("cancelled")


async def test_an_order_that_trades_appears_in_fills_positions_and_tape(tab, trader, person):
    maker = await person("maker")
    await maker.order("SELL", "61000", "0.5")
    page = tab.page
    await expect(page.locator("#ladder .level.ask .price").first).to_have_text("61000.00")
    await page.get_by_label("Type").select_option("MARKET")
    await page.get_by_label("Quantity", exact=True).fill("0.2")
    await page.get_by_role("button", name="Buy BTC").click()

    await show(tab, "Fills")
    fill = row(tab, "#fills", "61000.00")
    await expect(fill).to_contain_text("0.2")
    await expect(fill).to_contain_text("6.1 USDT")
    await expect(fill).to_contain_text("taker")
    await show(tab, "Positions")
    await expect(row(tab, "#positions", "PAPER:BTC/USDT")).to_contain_text("long")
    await page.get_by_role("tab", name="Market").click()
    trade = page.locator("#tape .trade:visible").first
    await expect(trade.locator(".price")).to_have_text("61000.00")
    await expect(trade.locator(".size")).to_have_text("0.20000")
    await expect(page.locator("#ticker-last")).to_have_text("61,000.00")
    await tab.shows_book(await maker.book_with(asks=["61000.00", "0.30000"]))


async def test_profit_follows_the_price(tab, trader, person):
    maker = await person("maker")
    taker = await person("taker")
    await maker.order("SELL", "100", "1", "PAPER:SOL/USDT")
    await trader.order("BUY", "100", "1", "PAPER:SOL/USDT")
    await show(tab, "Positions")
    await expect(row(tab, "#positions", "PAPER:SOL/USDT")).to_contain_text("100.00")
    await maker.order("SELL", "150", "1", "PAPER:SOL/USDT")
    await taker.order("BUY", "150", "1", "PAPER:SOL/USDT")
    await expect(row(tab, "#positions", "PAPER:SOL/USDT")).to_contain_text("50.00")


async def test_filters_speak_while_somebody_types(tab, trader):
    page = tab.page
    price = page.get_by_label("Limit price")
    await price.press_sequentially("60000.001")
    await expect(page.locator("#problem-limit")).to_contain_text("nearest is 60000.00")
    await expect(price).to_have_attribute("aria-invalid", "true")
    await price.fill("100")
    await expect(page.locator("#problem-limit")).to_have_text("")
    await page.get_by_label("Quantity", exact=True).fill("0.01")
    await expect(page.locator("#problem-quantity")).to_contain_text("at least 5")
    await page.get_by_role("button", name="Buy BTC").click()
    await expect(page.get_by_label("Quantity", exact=True)).to_be_focused()
    assert not [it for it in tab.requests if it.endswith("tradeOrder/submit")]


async def test_an_error_of_the_server_is_shown_at_the_field_it_names(tab, trader):
    page = tab.page
    await page.get_by_label("Limit price").fill("60000")
    await page.get_by_label("Quantity", exact=True).fill("0.01")
    await page.get_by_label("Time in force").select_option("GTD")
    await page.get_by_label("Good till").fill("2001-01-01T00:00")
    await page.get_by_role("button", name="Buy BTC").click()
    await expect(page.locator("#problem-expire")).not_to_have_text("")
    await expect(page.get_by_label("Good till")).to_be_focused()

    await page.get_by_label("Time in force").select_option("GTC")
    await page.get_by_label("Quantity", exact=True).fill("2000")
    await page.get_by_role("button", name="Buy BTC").click()
    await expect(page.locator("#ticket .problem").filter(has_text="USDT")).to_have_count(1)
    tab.take("400 (Bad Request)", "/api/v3/tradeOrder/submit")


async def test_orders_by_keyboard_alone(tab, trader, person):
    maker = await person("maker")
    await maker.order("SELL", "62000", "0.5", "PAPER:BTC/USDT")
    page = tab.page
    asks = page.get_by_role("table", name="Asks, best first")
    await expect(asks.locator(".price").first).not_to_have_text("")
    await page.keyboard.press("Tab")  # from wherever the sign-in has left it
    for _ in range(40):
        if await asks.evaluate("(node) => node === document.activeElement"):
            break
        await page.keyboard.press("Tab")
    await expect(asks).to_be_focused()
    best = await asks.locator(".price").first.text_content()
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Limit price")).to_have_value(best)

    for _ in range(20):
        if await page.get_by_label("Quantity", exact=True).evaluate(
            "(node) => node === document.activeElement"
        ):
            break
        await page.keyboard.press("Tab")
    await page.keyboard.type("0.1")
    await page.keyboard.press("Enter")
    await expect(page.locator("#notices")).to_contain_text("Filled")


async def test_views_open_with_the_arrow_keys(tab, trader):
    await tab.page.get_by_role("tab", name="Trade").focus()
    await tab.page.keyboard.press("ArrowRight")
    await expect(tab.page.get_by_role("tab", name="Operate")).to_be_focused()
    await expect(tab.page.get_by_label("Admin token").last).to_be_visible()
    await tab.page.keyboard.press("ArrowRight")
    await expect(tab.page.get_by_role("tab", name="Market")).to_have_attribute(
        "aria-selected", "true"
    )
