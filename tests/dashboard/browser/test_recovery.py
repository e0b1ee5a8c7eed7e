"""The server goes and comes back under the page."""

from __future__ import annotations

import asyncio
import subprocess

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="module")
CONFIG = {"dashboard": {"enabled": True}, "client": {"ping_interval": "1s", "pong_timeout": "0.5s"}}


@pytest.fixture
def server(start_server, tmp_path):
    """A server of this test's own that remembers its accounts."""
    running = start_server(CONFIG, "--feed", "none", "--data", str(tmp_path / "data"))
    yield running
    running.stop()


def restart(server) -> None:
    """Start a killed server again: same port, same keys, same data."""
    with server._log.open("ab") as log:
        server._process = subprocess.Popen(
            server.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=server.environment
        )
    server._ended = False
    server._wait_until_ready()


async def test_the_page_recovers_from_a_killed_server_without_being_loaded_again(
    tab, person, server, token
):
    trader = await person("trader")
    await trader.order("BUY", "59000", "0.5")
    await tab.open("#trade")
    await tab.sign_in(token("trader"))
    page = tab.page
    await page.evaluate("window.notLoadedAgain = true")
    await expect(page.locator("#open-orders tbody tr")).to_have_count(1)

    with tab.server_away():
        server.kill()
        await expect(page.locator("#line-word")).to_have_text("Reconnecting")
        await asyncio.to_thread(restart, server)
        await expect(page.locator("#line-word")).to_have_text("Live")
    await expect(page.locator("#line-outcome")).to_contain_text("Resynchronised")

    # Orders of before are there, and what happens from now on comes too.
    await expect(page.locator("#open-orders tbody tr")).to_have_count(1)
    await tab.shows_book(await trader.book_with(bids=["59000.00", "0.50000"]))
    await trader.order("BUY", "59500", "0.25")
    await expect(page.locator("#open-orders tbody tr")).to_have_count(2)
    await tab.shows_book(await trader.book_with(bids=["59500.00", "0.25000"]))
    assert await page.evaluate("window.notLoadedAgain")


async def test_a_short_break_is_recovered_and_said(tab, person, server, token):
    trader = await person("trader")
    await trader.order("BUY", "59000", "0.5")
    await tab.open("#market")
    await tab.sign_in(token("watcher"))
    await tab.shows_book(await trader.book_with(bids=["59000.00", "0.50000"]))

    # 3001 is what SDKs come back after; while they are away the book changes.
    await server.api("disconnect", user="watcher", disconnect={"code": 3001, "reason": "shuffle"})
    await trader.order("BUY", "59100", "0.5")
    await expect(tab.page.locator("#line-outcome")).to_contain_text("Recovered")
    await tab.shows_book(await trader.book_with(bids=["59100.00", "0.50000"]))
    await tab.page.get_by_role("button", name="Live").click()
    log = tab.page.locator("#line-events")
    await expect(log).to_contain_text("Reconnecting: shuffle (3001)")
    await expect(log).to_contain_text("market:orderBook:PAPER:BTC/USDT: recovered")


async def test_a_connection_that_is_ended_for_good_can_be_made_again(tab, server, token):
    await tab.open()
    await tab.sign_in(token("watcher"))
    await server.api("disconnect", user="watcher")
    await expect(tab.page.locator("#line-word")).to_have_text("Disconnected")
    await tab.page.get_by_role("button", name="Connect again").click()
    await expect(tab.page.locator("#line-word")).to_have_text("Live")
