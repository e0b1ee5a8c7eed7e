"""What is done with an account and its orders, and what may go wrong on the way."""

from __future__ import annotations

import asyncio
import re

import pytest
import pytest_asyncio
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="module")
A_NUMBER = re.compile("[0-9]")
BTC = "PAPER:BTC/USDT"
CONFIG = {"dashboard": {"enabled": True}}
OPTIONS = ("--feed", "none")


@pytest_asyncio.fixture(loop_scope="module")
async def trader(request, tab, person, token):
    """A user of each test's own, over REST too; the page is signed in and shows the ticket."""
    user = f"user-{request.node.name}"
    found = await person(user)
    await tab.open("#trade")
    await tab.sign_in(token(user))
    await tab.page.get_by_label("Limit price").wait_for()
    await expect(tab.page.locator("#equity")).to_have_text(A_NUMBER)
    return found


def rows(tab, pane: str = "#open-orders"):
    return tab.page.locator(f"{pane} tbody tr")


async def fill_ticket(page, price: str, quantity: str) -> None:
    await page.get_by_label("Limit price").fill(price)
    await page.get_by_label("Quantity", exact=True).fill(quantity)


async def test_an_open_order_gets_other_terms(tab, trader):
    await trader.order("BUY", "59000", "0.5")
    page = tab.page
    await page.get_by_role("button", name="Amend buy").click()
    dialog = page.get_by_role("dialog", name="Amend")
    price = dialog.get_by_label("New limit")
    await expect(price).to_have_value("59000")
    await expect(price).to_be_focused()
    await expect(dialog.get_by_label("New trigger")).to_be_hidden()
    await price.fill("58000.001")
    await expect(dialog).to_contain_text("nearest is 58000.00")
    await price.fill("58000")
    await dialog.get_by_label("New quantity").fill("0.25")
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_hidden()
    await expect(rows(tab)).to_contain_text(["58000.00"])
    await expect(rows(tab)).to_contain_text(["0 / 0.25"])
    await expect(rows(tab)).to_contain_text(["replaced"])
    await tab.shows_book(await trader.book_with(bids=["58000.00", "0.25000"]))
    await expect(page.get_by_role("button", name="Amend buy")).to_be_focused()


async def test_terms_that_the_server_refuses_are_said_in_the_dialog(tab, trader):
    order = await trader.order("BUY", "59000", "0.5")
    page = tab.page
    await page.get_by_role("button", name="Amend buy").click()
    dialog = page.get_by_role("dialog", name="Amend")
    await dialog.get_by_label("New quantity").fill("2000")  # worth more than the account has
    await dialog.get_by_role("button", name="Amend").click()
    await expect(dialog.locator(".problem").filter(has_text=A_NUMBER)).to_have_count(1)
    await expect(dialog).to_be_visible()
    orders = await trader.get("tradeOrder/list", tradingAccountId=trader.account)
    assert [(it["tradeOrderId"], it["quantity"]) for it in orders] == [
        (order["tradeOrderId"], "0.50000")
    ]
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    tab.take("400 (Bad Request)", "/api/v3/tradeOrder/amend")


async def test_cancelling_by_keyboard_keeps_the_place(tab, trader):
    for price in ("59000", "59100", "59200"):
        await trader.order("BUY", price, "0.1")
    page = tab.page
    await expect(rows(tab)).to_have_count(3)
    cancel = page.get_by_role("button", name="Cancel buy")
    await cancel.nth(1).focus()
    # One above it ends by itself: who was at the second order still is.
    newest = page.locator("#open-orders tbody tr").first
    await expect(newest).to_contain_text("59200.00")
    orders = await trader.get("tradeOrder/list", tradingAccountId=trader.account)
    await trader.cancel(next(it for it in orders if it["limitPrice"] == "59200.00"))
    await expect(rows(tab)).to_have_count(2)
    await expect(cancel.first).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(rows(tab)).to_have_count(1)
    await expect(page.locator("#open-orders tr :focus")).to_have_count(1)
    await page.get_by_role("button", name="Cancel buy").press("Enter")
    await expect(rows(tab)).to_have_count(0)
    await expect(page.locator("#open-orders .empty")).to_be_focused()


@pytest.mark.parametrize("end", ["cut", "502"])
async def test_an_order_whose_answer_is_lost_is_sent_again_as_the_same(tab, trader, end):
    page, sent = tab.page, []

    async def lose(route):
        sent.append(route.request.post_data_json["idempotencyKey"])
        if len(sent) > 1:
            await route.continue_()
            return
        await route.fetch()
        if end == "cut":
            await route.abort("connectionreset")
        else:
            await route.fulfill(status=502, body="a proxy's page")

    await page.route("**/api/v3/tradeOrder/submit", lose)
    await fill_ticket(page, "58500", "0.1")
    send = page.get_by_role("button", name="Buy BTC")
    with tab.server_away():
        await send.click()
        await expect(page.locator("#ticket-problem")).to_contain_text("Send it again")
    await send.click()
    await expect(page.locator("#notices")).to_contain_text("Accepted")
    assert len(sent) == 2
    assert sent[0] == sent[1]
    orders = await trader.get("tradeOrder/list", tradingAccountId=trader.account)
    assert len(orders) == 1
    if end == "502":
        tab.take("502 (Bad Gateway)", "/api/v3/tradeOrder/submit")


async def test_an_error_that_comes_late_is_not_shown_at_another_instrument(tab, trader):
    page, holding, go_on = tab.page, asyncio.Event(), asyncio.Event()

    async def hold(route):
        answer = await route.fetch()
        holding.set()
        await go_on.wait()
        await route.fulfill(response=answer)

    await page.route("**/api/v3/tradeOrder/submit", hold)
    await fill_ticket(page, "60000", "2000")
    await page.get_by_role("button", name="Buy BTC").click()
    await asyncio.wait_for(holding.wait(), 20)
    await page.get_by_label("Instrument", exact=True).select_option("PAPER:ETH/USDT")
    go_on.set()
    await expect(page.locator("#notices")).to_contain_text(f"{BTC}: ")
    await expect(page.locator("#ticket .problem").filter(has_text=A_NUMBER)).to_have_count(0)
    tab.take("400 (Bad Request)", "/api/v3/tradeOrder/submit")


async def test_a_problem_in_a_folded_part_of_the_ticket_unfolds_it(tab, trader):
    page = tab.page
    await fill_ticket(page, "58500", "0.1")
    await page.get_by_text("Exits and iceberg").click()
    await page.get_by_label("Take profit at").fill("60000.001")
    await page.get_by_text("Exits and iceberg").click()
    await expect(page.get_by_label("Take profit at")).to_be_hidden()
    await page.get_by_role("button", name="Buy BTC").click()
    await expect(page.get_by_label("Take profit at")).to_be_focused()
    described = await page.get_by_label("Take profit at").get_attribute("aria-describedby")
    await expect(page.locator(f"#{described}")).to_contain_text("nearest is 60000.00")


async def test_money_is_brought_in_and_the_account_begins_anew(tab, trader):
    page = tab.page
    await page.get_by_role("tab", name="Balances").click()
    usdt = rows(tab, "#balances").filter(has_text="USDT")
    await expect(usdt).to_contain_text(A_NUMBER)
    before = await usdt.text_content()
    await page.get_by_role("button", name="Account…").click()
    dialog = page.get_by_role("dialog", name="Paper account")
    await dialog.get_by_label("Bring in").fill("12.5e3")
    await dialog.get_by_label("Asset").select_option("USDT")
    await dialog.get_by_role("button", name="Bring in").click()
    await expect(dialog.get_by_role("alert")).not_to_have_text("")
    await dialog.get_by_label("Bring in").fill("12345.5")
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_hidden()
    await expect(usdt).to_contain_text("12,345.5")

    await page.get_by_role("button", name="Account…").click()
    await dialog.get_by_role("button", name="Begin anew").click()
    await dialog.get_by_role("button", name="sure?").click()
    await expect(dialog).to_be_hidden()
    await expect(usdt).to_have_text(before)
    tab.take("400 (Bad Request)", "/api/v3/tradingAccount/fund")


async def test_another_account_is_opened_and_has_its_own_orders(tab, trader):
    await trader.order("BUY", "59000", "0.5")
    page = tab.page
    await expect(rows(tab)).to_have_count(1)
    await page.get_by_role("button", name="Account…").click()
    await page.get_by_role("button", name="Another account").click()
    await expect(rows(tab)).to_have_count(0)
    await expect(page.locator("#account option")).to_have_count(2)
    await expect(page.locator("#account")).not_to_have_value(trader.account)
    await fill_ticket(page, "58000", "0.1")
    await page.get_by_role("button", name="Buy BTC").click()
    await expect(rows(tab)).to_contain_text(["58000.00"])
    await page.locator("#account").select_option(trader.account)
    await expect(rows(tab)).to_contain_text(["59000.00"])


@pytest.mark.parametrize(
    "data",
    [
        "text",
        {"eventType": "event.trade_order.updated", "data": None},
        {"eventType": "event.trade_order.updated", "data": {"tradeOrderId": "x", "status": 7}},
        {"eventType": "event.trade_execution.created", "data": {"executionId": "x", "fees": 1}},
        {"eventType": "event.portfolio.updated", "data": {"balances": [None], "positions": "x"}},
        {"eventType": "event.portfolio.updated", "data": {"positions": [{"instrumentId": 7}]}},
        {
            "eventType": "event.portfolio.updated",
            "data": {"positions": [{"instrumentId": "X:Y/Z", "entryPrice": "1"}]},
        },
    ],
)
async def test_what_is_no_event_of_an_account_does_not_stop_the_page(tab, trader, server, data):
    """Whoever has the server's key can publish anything there."""
    channel = f"tradingAccount:{trader.account}"
    await server.api("publish", channel=channel, data=data)
    await trader.order("BUY", "59000", "0.5")
    await expect(rows(tab).filter(has_text="59000.00")).to_have_count(1)
    await expect(tab.page.locator("#line-word")).to_have_text("Live")


async def test_a_phone_shows_an_order_whole(new_tab, server, token, person):
    trader = await person("phone")
    await trader.order("BUY", "59000", "0.5")
    phone = {"width": 390, "height": 844}
    tab = await new_tab(server, viewport=phone, has_touch=True, is_mobile=True)
    await tab.open("#trade")
    await tab.sign_in(token("phone"))
    await expect(rows(tab)).to_have_count(1)
    for text in ("59000.00", "0 / 0.5", "accepted", "limit GTC"):
        box = await rows(tab).get_by_text(text, exact=True).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= phone["width"]


async def test_an_order_that_finds_no_answer_in_time_is_said_so(tab, trader):
    page, go_on = tab.page, asyncio.Event()

    async def hold(route):
        await go_on.wait()
        await route.abort()

    await page.route("**/api/v3/tradeOrder/submit", hold)
    await fill_ticket(page, "58500", "0.1")
    await page.get_by_role("button", name="Buy BTC").click()
    problem = page.locator("#ticket-problem")
    await expect(problem).to_contain_text("No answer came", timeout=20_000)
    await expect(page.get_by_role("button", name="Buy BTC")).to_be_enabled()
    go_on.set()
