"""The operator's view, on a server with other clients."""

from __future__ import annotations

import asyncio
import json
import re

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import expect
from websockets.asyncio.client import connect

pytestmark = pytest.mark.asyncio(loop_scope="module")
A_NUMBER = re.compile("[0-9]")
CONFIG = {"dashboard": {"enabled": True}, "faults": {"enabled": True}}
KEY = "tests-api-key"


@pytest_asyncio.fixture(loop_scope="module")
async def operator(tab, token):
    """The page with both tokens, at the operator's view."""
    await tab.open("#operate")
    await tab.sign_in(token("operator"), KEY)
    await expect(tab.page.locator("#tile-connections")).to_have_text(A_NUMBER)
    return tab


@pytest_asyncio.fixture(loop_scope="module")
async def stranger(server, token):
    """A client with a plain WebSocket; gives the socket."""
    async with connect(server.ws) as socket:
        await socket.send(json.dumps({"id": 1, "connect": {"token": token("stranger")}}))
        await socket.recv()
        await socket.send(json.dumps({"id": 2, "subscribe": {"channel": "market:trade:MOCK:A/B"}}))
        await socket.recv()
        yield socket


def row(tab, pane: str, text: str):
    """A row of a table of the view."""
    return tab.page.locator(f"{pane} tbody tr").filter(has_text=text)


async def test_figures_connections_and_channels_are_those_of_the_server(operator, stranger):
    page = operator.page
    await expect(page.locator("#tile-connections")).to_have_text("2")
    await expect(page.locator("#tile-users")).to_have_text("2")
    await expect(page.locator("#tile-sent")).to_have_text(A_NUMBER)
    await expect(page.locator("#health")).to_contain_text("node healthy")
    await expect(row(operator, "#connections", "stranger")).to_contain_text("websocket, json")
    await expect(row(operator, "#connections", "operator")).to_contain_text("cadenza-page")
    await page.get_by_label("Search channels").fill("MOCK:A/B")
    await expect(page.locator("#channels tbody tr")).to_have_count(1)
    await expect(row(operator, "#channels", "market:trade:MOCK:A/B")).to_contain_text("1")
    await expect(page.locator("#feed")).to_contain_text("No feed")
    await expect(row(operator, "#journal", "State")).to_contain_text("idle")


async def test_a_client_is_disconnected(operator, stranger):
    button = row(operator, "#connections", "stranger").get_by_role("button", name="Disconnect")
    await button.click()
    await stranger.wait_closed()
    assert stranger.close_code == 3503
    await expect(row(operator, "#connections", "stranger")).to_have_count(0)


async def test_a_message_is_published_to_a_channel_of_the_list(operator, stranger):
    page = operator.page
    await row(operator, "#channels", "market:trade:MOCK:A/B").get_by_role("button").click()
    await expect(page.get_by_label("Channel", exact=True)).to_have_value("market:trade:MOCK:A/B")
    await page.get_by_label("Message, JSON").fill('{"note": "hello"')
    await page.get_by_role("button", name="Publish", exact=True).click()
    await expect(page.locator("#publish-problem")).to_contain_text("no JSON")
    await page.get_by_label("Message, JSON").fill('{"note": "hello"}')
    await page.get_by_role("button", name="Publish", exact=True).click()
    await expect(page.locator("#publish-problem")).to_have_text("")
    push = json.loads(await stranger.recv())["push"]
    assert push["pub"]["data"] == {"note": "hello"}


async def test_an_error_of_publishing_is_said(operator):
    page = operator.page
    await page.get_by_label("Channel", exact=True).fill("nowhere:x")
    await page.get_by_label("Message, JSON").fill("1")
    await page.get_by_role("button", name="Publish", exact=True).click()
    await expect(page.locator("#publish-problem")).to_have_text("unknown channel")


async def test_a_fault_is_switched_on_hits_and_is_switched_off(operator, stranger, server):
    page = operator.page
    form = page.locator("#fault-form")
    await form.get_by_label("Kind").select_option("drop")
    await form.get_by_label("user").fill("stranger")
    await form.get_by_label("code").fill("4500")
    await form.get_by_label("every, ms").fill("60000")
    await form.get_by_role("button", name="Switch on").click()
    await stranger.wait_closed()
    assert stranger.close_code == 4500
    await expect(row(operator, "#faults", "drop")).to_contain_text("user stranger")
    await row(operator, "#faults", "drop").get_by_role("button", name="End").click()
    await expect(page.locator("#faults")).to_contain_text("No fault is on")
    async with httpx.AsyncClient(headers={"X-API-Key": KEY}) as http:
        answer = await http.post(f"{server.url}/api/rpc", json={"method": "faults.list"})
    assert answer.json()["result"]["data"]["active"] == []


async def test_what_is_wrong_with_a_fault_is_said(operator):
    form = operator.page.locator("#fault-form")
    await form.get_by_label("Kind").select_option("delay")
    await form.get_by_label("ms", exact=True).fill("soon")
    await form.get_by_role("button", name="Switch on").click()
    await expect(operator.page.locator("#fault-problem")).not_to_have_text("")


async def test_a_wrong_admin_token_is_said_and_forgotten(tab, token):
    await tab.open("#operate")
    await tab.sign_in(token(), "wrong")
    await expect(tab.page.locator("#admin-problem")).to_contain_text("not accepted")
    await expect(tab.page.locator("#operate-room")).to_be_hidden()
    kept = await tab.page.evaluate("Object.values(sessionStorage).join()")
    assert "wrong" not in kept
    tab.take("401 (Unauthorized)", "/api/rpc")


async def test_an_admin_token_alone_opens_the_operators_view_alone(tab):
    await tab.open()
    await tab.page.locator("#sign-in-admin").fill(KEY)
    await tab.page.get_by_role("button", name="Sign in").click()
    await expect(tab.page.locator("#tile-connections")).to_have_text(A_NUMBER)
    await expect(tab.page.get_by_role("tab", name="Market")).to_be_hidden()


async def test_the_arrow_keys_pass_over_views_that_an_admin_token_does_not_open(tab):
    await tab.open()
    await tab.page.locator("#sign-in-admin").fill(KEY)
    await tab.page.locator("#sign-in-admin").press("Enter")
    await expect(tab.page.locator("#tile-connections")).to_have_text(A_NUMBER)
    await tab.page.get_by_role("tab", name="Operate").focus()
    await tab.page.keyboard.press("ArrowRight")
    await expect(tab.page.locator("#operate-room")).to_be_visible()
    # Nor does an address lead there.
    await tab.page.evaluate("location.hash = '#market/PAPER:BTC/USDT'")
    await tab.page.wait_for_url("**/#operate/**")
    await expect(tab.page.locator("#operate-room")).to_be_visible()


async def test_counts_and_names_of_channels_are_not_covered(operator, stranger):
    row_of = row(operator, "#channels", "market:trade:MOCK:A/B")
    for cell in ("1", "market:trade:MOCK:A/B"):
        place = row_of.get_by_role("cell", name=cell, exact=True)
        await expect(place).to_be_visible()
        assert await place.evaluate(
            """(node) => {
              const { x, y, width, height } = node.getBoundingClientRect();
              const range = document.createRange();
              range.selectNodeContents(node);
              const right = range.getBoundingClientRect().right - 2;
              const at = Math.min(right, x + width - 2);
              return node.contains(document.elementFromPoint(at, y + height / 2));
            }"""
        )


async def test_an_answer_to_an_older_search_is_not_shown(operator, stranger):
    page = operator.page
    holding, go_on, held = asyncio.Event(), asyncio.Event(), []

    async def hold(route):
        is_old = '"filter":"stran"' in route.request.post_data
        if not is_old:
            await route.continue_()
            return
        held.append(await route.fetch())
        holding.set()
        await go_on.wait()
        await route.fulfill(response=held[0])

    await page.route("**/api/rpc", hold)
    search = page.get_by_label("Search connections")
    await page.evaluate(
        """() => {
          window.seen = [];
          const body = document.querySelector('#connections tbody');
          const note = () => window.seen.push(body.innerText);
          new MutationObserver(note).observe(body, { childList: true });
        }"""
    )
    await search.fill("stran")
    await asyncio.wait_for(holding.wait(), 20)
    await search.fill("operator")
    go_on.set()
    await expect(row(operator, "#connections", "operator")).to_have_count(1)
    await expect(page.locator("#connections tbody tr")).to_have_count(1)
    assert not [it for it in await page.evaluate("window.seen") if "operator" not in it]
    await page.unroute("**/api/rpc")


async def test_a_part_that_has_failed_is_named_with_its_error(operator):
    """The gateway goes on without it; here its answer says so of a feed."""

    async def fail(route):
        answer = await route.fetch()
        reply = await answer.json()
        if "failures" in reply.get("result", {}).get("data", {}):
            reply["result"]["data"]["failures"] = {"the market feed": "OSError: <b>gone</b>"}
        await route.fulfill(response=answer, json=reply)

    await operator.page.route("**/api/rpc", fail)
    health = operator.page.locator("#health")
    await expect(health).to_contain_text(
        "the market feed has failed and stands still: OSError: <b>gone</b>"
    )
    await operator.page.unroute("**/api/rpc")
    await expect(health).not_to_contain_text("has failed")


async def test_without_an_admin_token_nothing_is_asked(tab, token):
    await tab.open("#operate")
    await tab.sign_in(token())
    await expect(tab.page.locator("#admin-form")).to_be_visible()
    assert not [it for it in tab.requests if "/api/rpc" in it]
