"""A real headless Chromium on the page of a real server."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from typing import Any, Self

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

BTC = "PAPER:BTC/USDT"
PATIENCE_MS = 20_000
"""After which something that must happen is taken for lost."""

SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK = {"width": 1440, "height": 900}
WATCH_POLICY = """
window.refusals = [];
document.addEventListener('securitypolicyviolation', (event) => {
  window.refusals.push(`${event.violatedDirective}: ${event.blockedURI}`);
});
"""


class Tab:
    """A tab with the page of a server, and everything that went wrong in it.

    Attributes:
        page: Playwright's.
        errors: Console errors and uncaught exceptions so far.
        requests: The addresses of all requests so far.
    """

    def __init__(self, page: Page, server: Any) -> None:
        self.page = page
        self.server = server
        self.errors: list[str] = []
        self.requests: list[str] = []
        self._is_server_away = False
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("websocket", lambda socket: self.requests.append(socket.url))
        page.set_default_timeout(PATIENCE_MS)

    def _console(self, message: Any) -> None:
        if message.type not in {"error", "warning"}:
            return
        if self._is_server_away and self._is_of_the_network(message):
            return
        self.errors.append(f"{message.text} ({message.location['url']})")

    def _is_of_the_network(self, message: Any) -> bool:
        """Whether it is the browser's own line about an address of the server, and no script's."""
        socket = rf"WebSocket connection to '{re.escape(self.server.ws)}' failed: .*"
        if re.fullmatch(socket, message.text, re.DOTALL):
            return True
        ends = "CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE"
        load = f"Failed to load resource: net::ERR_({ends})"
        is_ours = message.location["url"].startswith(f"{self.server.url}/")
        return is_ours and re.fullmatch(load, message.text) is not None

    @contextlib.contextmanager
    def server_away(self) -> Iterator[None]:
        """While the server is not there, Chromium writes of failed connections to it: only that."""
        self._is_server_away = True
        yield
        self._is_server_away = False

    def take(self, status: str, operation: str) -> None:
        """Take out what Chromium writes of its own about answers with a status, as "400 (Bad ...)".

        There must be one at least.
        """
        said = f"Failed to load resource: the server responded with a status of {status}"
        line = f"{said} ({self.server.url}{operation})"
        assert line in self.errors, self.errors
        self.errors = [it for it in self.errors if it != line]

    async def open(self, fragment: str = "") -> None:
        """Load the page, without signing in."""
        await self.page.goto(f"{self.server.url}/{fragment}")

    async def sign_in(self, token: str, admin: str = "") -> None:
        """Paste tokens into the form, as a person does, and wait until the line is live."""
        await self.page.get_by_label("Client token").fill(token)
        await self.page.get_by_label("Admin token").first.fill(admin)
        await self.page.get_by_role("button", name="Sign in").click()
        await self.page.locator("body[data-line=online]").wait_for()

    async def ladder(self) -> dict[str, Any]:
        """What the ladder shows: the number of its state, and the rows of both sides."""
        return await self.page.evaluate(
            """() => {
              const rows = (side) => [...document.querySelectorAll(`#ladder .level.${side}`)]
                .filter((row) => !row.hidden)
                .map((row) => [
                  row.querySelector('.price').textContent,
                  row.querySelector('.size').textContent,
                ]);
              const sequence = document.querySelector('#ladder').dataset.sequence;
              return { sequence: Number(sequence), bids: rows('bid'), asks: rows('ask') };
            }"""
        )

    async def draws(self, place: str, *colours: str) -> None:
        """Wait until a chart has pixels of these colours of the style sheet."""
        count = """([place, name]) => {
          const probe = document.createElement('i');
          probe.style.color = `var(${name})`;
          document.body.append(probe);
          const [red, green, blue] = getComputedStyle(probe).color.match(/[0-9]+/g).map(Number);
          probe.remove();
          let found = 0;
          for (const canvas of document.querySelectorAll(`${place} canvas`)) {
            if (canvas.width === 0 || canvas.height === 0) continue;
            const copy = new OffscreenCanvas(canvas.width, canvas.height);
            const context = copy.getContext('2d', { willReadFrequently: true });
            context.drawImage(canvas, 0, 0);
            const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
            for (let at = 0; at < data.length; at += 4) {
              const isIt = data[at] === red && data[at + 1] === green && data[at + 2] === blue;
              if (isIt && data[at + 3] === 255) found += 1;
            }
          }
          return found;
        }"""
        async with asyncio.timeout(PATIENCE_MS / 1000):
            for colour in colours:
                while True:
                    if await self.page.evaluate(count, [place, colour]) > 20:
                        break
                    await asyncio.sleep(0.1)

    async def shows_book(self, book: dict[str, Any], depth: int = 50) -> None:
        """Wait until the ladder shows the state of a book; its rows must be equal then."""
        place = self.page.locator(f'#ladder[data-sequence="{book["sequence"]}"]')
        await place.wait_for(state="attached")
        shown = await self.ladder()
        assert shown["bids"] == book["bids"][:depth]
        assert shown["asks"] == book["asks"][:depth]

    async def refusals(self) -> list[str]:
        """What the content security policy has refused."""
        return await self.page.evaluate("window.refusals")


class Person:
    """A user of the REST API.

    Attributes:
        account: The id of the account.
    """

    def __init__(self, server: Any, token: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"{server.url}/api/v3/", headers={"Authorization": f"Bearer {token}"}
        )
        self.account = ""

    async def __aenter__(self) -> Self:
        accounts = await self.get("tradingAccount/list")
        self.account = accounts[0]["tradingAccountId"]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def get(self, operation: str, **query: Any) -> Any:
        """The data of a GET."""
        answer = await self._http.get(operation, params=query)
        return answer.raise_for_status().json()["data"]

    async def post(self, operation: str, **body: Any) -> Any:
        """The data of a POST for this account."""
        answer = await self._http.post(operation, json={"tradingAccountId": self.account, **body})
        return answer.raise_for_status().json()["data"]

    async def order(
        self, side: str, price: str, quantity: str, instrument: str = BTC
    ) -> dict[str, Any]:
        """Place a limit order."""
        terms = {"orderType": "LIMIT", "limitPrice": price, "quantity": quantity}
        placed = await self.post(
            "tradeOrder/submit", instrumentId=instrument, orderSide=side, **terms
        )
        return placed[0]

    async def cancel(self, order: dict[str, Any]) -> None:
        """Cancel an order."""
        await self.post("tradeOrder/cancel", tradeOrderId=order["tradeOrderId"])

    async def book(self, instrument: str = BTC) -> dict[str, Any]:
        """The best 50 levels of a book."""
        return await self.get("market/orderBook/get", instrumentId=instrument, depth=50)

    async def book_with(self, instrument: str = BTC, **best: list[str] | None) -> dict[str, Any]:
        """The book as soon as these rows are its best ones: changes are published together."""
        async with asyncio.timeout(PATIENCE_MS / 1000):
            while True:
                book = await self.book(instrument)
                if all(next(iter(book[side]), None) == row for side, row in best.items()):
                    return book
                await asyncio.sleep(0.02)


def chromium() -> str | None:
    """Where the system's Chromium is."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(processes) -> AsyncIterator[Browser]:
    """A Chromium for the tests of a module, which share nothing in it."""
    program = chromium()
    if program is None:
        pytest.skip("Chromium is missing; `make test` installs it on Debian and Ubuntu")
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=program, args=SWITCHES)
        yield running
        await running.close()


@pytest_asyncio.fixture(loop_scope="module")
async def new_tab(browser):
    """``new_tab(server, **options)``: a tab in a profile of its own; options are Playwright's.

    At the end of the test no tab may have seen an error that the test has not taken out of
    ``errors``, and the policy of the page must have refused nothing.
    """
    tabs: list[Tab] = []

    async def make(server: Any, **options: Any) -> Tab:
        context = await browser.new_context(**{"viewport": DESK, **options})
        await context.add_init_script(WATCH_POLICY)
        tab = Tab(await context.new_page(), server)
        tabs.append(tab)
        return tab

    yield make
    # What a page says while it is closed is nobody's error.
    said = [(list(tab.errors), await tab.refusals()) for tab in tabs]
    for tab in tabs:
        await tab.page.context.close()
    assert said == [([], [])] * len(tabs)


@pytest_asyncio.fixture(loop_scope="module")
async def tab(new_tab, server) -> Tab:
    """A tab for the module's server."""
    return await new_tab(server)


@pytest_asyncio.fixture(loop_scope="module")
async def person(server, token):
    """Makes users of the module's server, by name."""
    async with contextlib.AsyncExitStack() as people:

        async def make(user: str) -> Person:
            return await people.enter_async_context(Person(server, token(user)))

        yield make
