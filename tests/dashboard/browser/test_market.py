"""The market view, against what the REST queries say."""

from __future__ import annotations

import pytest
import pytest_asyncio

pytestmark = pytest.mark.asyncio(loop_scope="module")
CONFIG = {"dashboard": {"enabled": True}}
OPTIONS = ("--feed", "none")


@pytest_asyncio.fixture(loop_scope="module")
async def maker(person):
    return await person("maker")


async def test_the_ladder_equals_the_book_of_the_rest_query(tab, maker, person, token):
    for step in range(60):
        await maker.order("BUY", f"{59_000 - step}.5", f"0.0{step + 10}")
        await maker.order("SELL", f"{61_000 + step}.25", f"0.0{step + 10}")
    await tab.open()
    await tab.sign_in(token())
    book = await maker.book()
    assert (len(book["bids"]), len(book["asks"])) == (50, 50)
    await tab.shows_book(book)

    # DIFFs too: a level goes and one rises from below the 50, one changes, one comes in front.
    taker = await person("taker")
    await taker.order("SELL", "59000.50", "0.010")
    await maker.order("SELL", "61000.25", "0.5")
    await maker.order("BUY", "58999.75", "1")
    book = await maker.book_with(bids=["58999.75", "1.00000"], asks=["61000.25", "0.51000"])
    assert book["bids"][-1][0] == "58951.50"
    await tab.shows_book(book)


async def test_a_book_without_levels_becomes_one_and_is_empty_again(tab, maker, token):
    await tab.open("#market/PAPER:SOL/USDT")
    await tab.sign_in(token())
    await tab.page.locator("#instrument").wait_for()
    order = await maker.order("BUY", "100", "2", "PAPER:SOL/USDT")
    await tab.shows_book(await maker.book_with("PAPER:SOL/USDT", bids=["100.00", "2.000"]))
    await maker.cancel(order)
    await tab.shows_book(await maker.book_with("PAPER:SOL/USDT", bids=None))
    assert (await tab.ladder())["bids"] == []


async def test_another_instrument_by_the_picker(tab, maker, token):
    await maker.order("BUY", "3000", "1", "PAPER:ETH/USDT")
    await tab.open()
    await tab.sign_in(token())
    await tab.page.get_by_label("Instrument", exact=True).select_option("PAPER:ETH/USDT")
    await tab.shows_book(await maker.book_with("PAPER:ETH/USDT", bids=["3000.00", "1.0000"]))
    assert tab.page.url.endswith("#market/PAPER:ETH/USDT")
    assert "PAPER:ETH/USDT" in await tab.page.title()


async def test_the_page_asks_nobody_but_its_own_server(tab, server, token):
    await tab.open()
    await tab.sign_in(token())
    await tab.page.locator("#ladder").wait_for()
    others = [it for it in tab.requests if f"//127.0.0.1:{server.port}/" not in it]
    assert others == []


async def test_no_token_is_in_an_address_or_outlives_the_tab(tab, token):
    secret = token()
    await tab.open()
    await tab.sign_in(secret, "tests-api-key")
    for view in ("Trade", "Operate"):
        await tab.page.get_by_role("tab", name=view).click()
    await tab.page.locator("#tile-connections").get_by_text("1").wait_for()
    assert not [it for it in tab.requests if secret in it or "tests-api-key" in it]
    kept = await tab.page.evaluate("Object.entries(localStorage).flat().join()")
    assert secret not in kept
    assert "tests-api-key" not in kept

    await tab.page.reload()
    await tab.page.locator("body[data-line=online]").wait_for()
    await tab.page.get_by_role("button", name="Sign out").click()
    await tab.page.get_by_label("Client token").wait_for()
    assert await tab.page.evaluate("sessionStorage.length") == 0


async def test_a_token_that_is_not_accepted_is_said_and_asked_for_again(tab, token):
    await tab.open()
    await tab.page.get_by_label("Client token").fill(token()[:-6] + "AAAAAA")
    await tab.page.get_by_role("button", name="Sign in").click()
    await tab.page.locator("#sign-in-problem").get_by_text("not accepted").wait_for()


async def test_the_policy_of_the_page_is_strict(tab, server):
    answer = await tab.page.goto(server.url)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-frame-options"] == "DENY"


async def test_light_and_dark_follow_the_system_until_somebody_chooses(new_tab, server):
    tab = await new_tab(server, color_scheme="dark")
    await tab.open()
    dark = tab.page.locator("html[data-theme=dark]")
    await dark.wait_for()
    await tab.page.emulate_media(color_scheme="light")
    await tab.page.locator("html[data-theme=light]").wait_for()
    await tab.page.get_by_role("button", name="Dark colours").click()
    await dark.wait_for()
    await tab.page.reload()
    await dark.wait_for()
