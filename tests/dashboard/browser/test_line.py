"""The line to the gateway: silence, old answers, tokens whose time is over."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import time

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="module")
CONFIG = {"dashboard": {"enabled": True}, "client": {"expired_close_delay": "1s"}}
ETH, SOL = "PAPER:ETH/USDT", "PAPER:SOL/USDT"


async def test_a_gateway_that_is_stuck_is_seen_to_be_silent(tab, start_server, token):
    """Its socket stays open, so nothing but a question without an answer tells."""
    tab.server = start_server(CONFIG, "--feed", "none")
    await tab.open("#trade")
    await tab.sign_in(token())
    page = tab.page
    # All is subscribed: a subscription that finds no answer would end the line by itself.
    await expect(page.locator("#equity")).to_have_text(re.compile("[0-9]"))
    await expect(page.locator("#line-latency")).to_have_text(re.compile("[0-9]"))
    os.kill(tab.server.pid, signal.SIGSTOP)
    try:
        await expect(page.locator("#line-word")).to_have_text("No answer", timeout=20_000)
        await expect(page.locator("#line-latency")).to_have_text(re.compile("^. ms$"))
        shade = "getComputedStyle(document.querySelector('#ladder')).opacity"
        assert float(await page.evaluate(shade)) < 1
    finally:
        os.kill(tab.server.pid, signal.SIGCONT)
    await expect(page.locator("#line-word")).to_have_text("Live")
    await page.get_by_role("button", name="Live").click()
    await expect(page.locator("#line-events")).to_contain_text("Answers again after")


async def test_the_outcome_of_a_break_is_said_for_a_while_and_moves_nothing(tab, server, token):
    await tab.page.clock.install()
    await tab.open()
    await tab.sign_in(token("watcher"))
    await expect(tab.page.locator("#market-title")).to_have_text("PAPER:BTC/USDT")
    before = await tab.page.locator("#ladder").bounding_box()
    await server.api("disconnect", user="watcher", disconnect={"code": 3001, "reason": "shuffle"})
    outcome = tab.page.locator("#line-outcome")
    await expect(outcome).to_contain_text("Recovered")
    assert await tab.page.locator("#ladder").bounding_box() == before
    await tab.page.clock.run_for(16_000)
    await expect(outcome).to_have_text("")
    assert "recovered" in (await tab.page.locator("#line-events").text_content())


async def test_a_token_whose_time_is_over_is_asked_for_again_and_the_admin_token_stays(
    tab, server, token
):
    await tab.open("#operate")
    await tab.sign_in(token(exp=int(time.time()) + 3), server.api_key)
    problem = tab.page.locator("#sign-in-problem")
    await expect(problem).to_have_text("The token has expired: paste a newer one.")
    kept = await tab.page.evaluate("Object.values(sessionStorage)")
    assert kept == [server.api_key]
    await tab.page.get_by_label("Client token").fill(token())
    await tab.page.get_by_label("Client token").press("Enter")
    await tab.page.locator("body[data-line=online]").wait_for()
    await expect(tab.page.locator("#operate-room")).to_be_visible()


async def test_trades_of_another_instrument_that_come_late_are_not_shown(tab, server, token):
    """The answer with the past of the first is held back until the second is on the page."""
    for name, price in ((ETH, "1111.11"), (ETH, "1111.22"), (ETH, "1111.33"), (SOL, "22.22")):
        trade = {"price": price, "quantity": "1", "side": "BUY", "timestamp": 1}
        await server.api("publish", channel=f"market:trade:{name}", data=trade)
    wanted: set[int] = set()
    held: list[str] = []
    holding = asyncio.Event()
    sockets = []

    def between(socket):
        upstream = socket.connect_to_server()
        sockets.append(socket)

        def to_server(message):
            for line in message.split("\n"):
                command = json.loads(line or "{}")
                if command.get("history", {}).get("channel") == f"market:trade:{ETH}":
                    wanted.add(command["id"])
            upstream.send(message)

        def to_page(message):
            lines = message.split("\n")
            late = [it for it in lines if it and json.loads(it).get("id") in wanted]
            rest = [it for it in lines if it and it not in late]
            if late:
                held.extend(late)
                holding.set()
            if rest or not late:
                socket.send("\n".join(rest))

        socket.on_message(to_server)
        upstream.on_message(to_page)

    await tab.page.route_web_socket("**/connection/websocket", between)
    await tab.open(f"#market/{ETH}")
    await tab.sign_in(token())
    await asyncio.wait_for(holding.wait(), 20)
    await tab.page.get_by_label("Instrument", exact=True).select_option(SOL)
    tape = tab.page.locator("#tape .trade:visible .price")
    await expect(tape).to_have_text(["22.22"])
    sockets[-1].send("\n".join(held))
    newer = {"price": "23.33", "quantity": "1", "side": "BUY", "timestamp": 2}
    await server.api("publish", channel=f"market:trade:{SOL}", data=newer)
    await expect(tape).to_have_text(["23.33", "22.22"])


async def test_what_found_no_answer_is_asked_for_again(tab, token):
    refused = []

    async def once(route):
        refused.append(route.request.url)
        await (route.abort("connectionrefused") if len(refused) == 1 else route.continue_())

    await tab.page.route("**/api/v3/market/instrument/list*", once)
    await tab.open()
    with tab.server_away():
        await tab.sign_in(token())
        await expect(tab.page.locator("#notices")).to_contain_text("No answer came")
        await expect(tab.page.locator("#market-title")).to_have_text("PAPER:BTC/USDT")
    await expect(tab.page.locator("#equity")).to_have_text(re.compile("[0-9]"))


@pytest.mark.parametrize("name", ["PAPER", "nonsense"])
async def test_what_names_no_instrument_is_said_and_the_first_is_shown(tab, token, name):
    await tab.open(f"#market/{name}")
    await tab.sign_in(token())
    await expect(tab.page.locator("#notices")).to_contain_text(f"{name} is no instrument")
    await expect(tab.page.locator("#market-title")).to_have_text("PAPER:BTC/USDT")


async def test_a_day_of_candles_does_not_fill_the_memory(tab, token):
    """The chart library keeps whatever it is given, so the page gives it less from time to time."""
    await tab.open()
    counts = await tab.page.evaluate(
        """async () => {
          const { Candles } = await import('/page/market/candles.js');
          const { createChart } = await import('/page/vendor/lightweight-charts.mjs');
          const place = document.createElement('div');
          document.body.append(place);
          const series = [];
          const candles = new Candles(place, (...given) => {
            const chart = createChart(...given);
            const add = chart.addSeries.bind(chart);
            chart.addSeries = (...of) => (series.push(add(...of)), series.at(-1));
            return chart;
          });
          const row = (second) => [second * 1000, '1', '2', '1', '2', '3'];
          candles.reset(Array.from({ length: 500 }, (_, second) => row(second)));
          for (let second = 500; second < 5000; second += 1) candles.update([row(second)]);
          const found = series.map((one) => [one.data().length, one.data().at(-1).time]);
          place.remove();
          return found;
        }"""
    )
    assert len(counts) == 2
    for length, newest in counts:
        assert 500 <= length <= 2000
        assert newest == 4999


async def test_an_error_stands_longer_than_news_and_as_long_as_it_is_pointed_at(tab, token):
    await tab.page.clock.install()
    await tab.open("#market/nonsense")
    await tab.sign_in(token())
    notice = tab.page.locator("#notices .notice")
    await notice.wait_for()
    await tab.page.clock.run_for(9_000)
    await expect(notice).to_be_visible()
    await notice.hover()
    # A minute without a ping: the page takes the server for gone, and is too fast to find it again.
    with tab.server_away():
        await tab.page.clock.run_for(60_000)
        await expect(notice).to_be_visible()
        await tab.page.mouse.move(0, 0)
        await tab.page.clock.run_for(21_000)
        await expect(notice).to_have_count(0)


async def test_a_gateway_without_a_web_socket_says_so(tab, start_server, token):
    config = {"dashboard": {"enabled": True}, "websocket": {"disabled": True}}
    tab.server = start_server(config, "--feed", "none")
    await tab.open()
    await tab.page.get_by_label("Client token").fill(token())
    await tab.page.get_by_label("Client token").press("Enter")
    await expect(tab.page.locator("#sign-in-problem")).to_contain_text("WebSocket")


async def test_a_picker_that_is_left_shows_what_is_shown(tab, token):
    await tab.open("#market/PAPER:ETH/USDT")
    await tab.sign_in(token())
    picker = tab.page.get_by_label("Instrument", exact=True)
    await expect(picker).to_have_value("PAPER:ETH/USDT")
    await picker.select_option("Another…")
    await expect(tab.page.get_by_label("Instrument id")).to_be_focused()
    await tab.page.keyboard.press("Tab")
    await expect(picker).to_have_value("PAPER:ETH/USDT")


async def test_a_finger_on_the_candles_scrolls_the_page(new_tab, server, token):
    phone = {"width": 390, "height": 844}
    tab = await new_tab(server, viewport=phone, has_touch=True, is_mobile=True)
    await tab.open()
    await tab.sign_in(token())
    chart = tab.page.locator("#candles")
    await chart.evaluate("(node) => node.scrollIntoView({ block: 'center' })")
    box = await chart.bounding_box()
    before = await tab.page.evaluate("scrollY")
    devtools = await tab.page.context.new_cdp_session(tab.page)
    x, y = box["x"] + 100, box["y"] + 100

    async def touch(kind, *points):
        places = [{"x": x, "y": y + down} for down in points]
        await devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    await touch("touchStart", 0)
    for down in range(10, 110, 10):
        await touch("touchMove", down)
    await touch("touchEnd")
    scrolled = """(before) => new Promise((resolve) => {
      const look = () => (scrollY < before ? resolve() : requestAnimationFrame(look));
      look();
    })"""
    await asyncio.wait_for(tab.page.evaluate(scrolled, before), 10)
