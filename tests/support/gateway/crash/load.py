"""A client of the crash test: one user's connection, which notes all that it is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from support.gateway.crash.choice import AMEND, SUBMIT, Call, Chooser
from support.gateway.crash.ledger import AccountLedger, Told

WINDOW: Final = 48
"""Calls that a client has under way at most."""

ORDER_ERRORS: Final = range(30_000, 31_000)
"""Codes of what is wrong with an order: it has ended meanwhile, or is worth too little. Any other
error under this load is a failure of the server."""

PAGE: Final = 1000


class Trader:
    """One user, connected to one server.

    Args:
        socket: An open WebSocket.
        chooser: What to do; it is given before anything is submitted.

    Attributes:
        ledger: What the user knows; it survives the connection.
        answers: Calls that were answered.
        errors: Answers that were errors, by code.
        reading: Ends with the connection, or with what was wrong.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.ledger: AccountLedger | None = None
        self.chooser: Chooser | None = None
        self.answers = 0
        self.errors: Counter[int] = Counter()
        self.on_answer: Callable[[], None] = lambda: None
        self._waiting: dict[int, tuple[Call | None, asyncio.Future[Any]]] = {}
        self._sent = 0
        self._offset = 0
        self._early: list[dict[str, Any]] | None = []
        self._room = asyncio.Semaphore(WINDOW)
        self._is_over = False
        self.reading = asyncio.create_task(self._read())

    @classmethod
    async def connect(cls, url: str, token: str) -> Trader:
        """Connect as the user of a token."""
        trader = cls(await connect(url, max_size=None, compression=None, ping_interval=None))
        await trader._ask(None, connect={"token": token})
        return trader

    async def close(self) -> None:
        """Leave, and raise what was wrong, if anything was."""
        self._socket.transport.abort()  # an orderly end would wait for what nobody reads
        await self.reading

    # Calls.

    async def query(self, method: str, **params: Any) -> Any:
        """Call what must work, and return the whole envelope."""
        answer = await self._ask(None, rpc={"method": method, "data": params})
        assert "error" not in answer["rpc"]["data"], answer
        return answer["rpc"]["data"]

    async def refusal(self, method: str, **params: Any) -> dict[str, Any]:
        """Call what must not work, and return the error."""
        answer = await self._ask(None, rpc={"method": method, "data": params})
        return answer["rpc"]["data"]["error"]

    async def call(self, call: Call) -> Any:
        """Do a call among others, and return its envelope, which may be an error."""
        await self._room.acquire()
        answer = await self._ask(call, rpc={"method": call.method, "data": call.params})
        return answer["rpc"]["data"]

    async def do(self, calls: Iterable[Call]) -> None:
        """Do calls, as many at a time as there is room for."""
        await asyncio.gather(*map(self.call, calls))

    async def trade(self, window: int) -> None:
        """Do what the chooser says, so many calls at a time, until the connection ends."""
        assert self.chooser is not None
        for _ in range(WINDOW - window):
            await self._room.acquire()
        with contextlib.suppress(ConnectionClosed, ConnectionError):
            while True:
                await self._room.acquire()
                call = self.chooser.next()
                await self._send(call, rpc={"method": call.method, "data": call.params})

    # The account.

    async def told(self, account_id: str) -> Told:
        """All that the server has to say about the account; events are kept from here on."""
        channel = {"channel": f"tradingAccount:{account_id}", "data": {"state": True}}
        reply = (await self._ask(None, subscribe=channel))["subscribe"]
        self._offset = reply.get("offset", 0)
        orders = await self._pages("query.trade_order.list", account_id)
        executions = await self._pages("query.trade_execution.list", account_id)
        # What is in a list has been told by the time that a portfolio is answered.
        await self.query("query.portfolio.get", tradingAccountId=account_id)
        events, self._early = self._early or [], None
        return Told(reply["data"], orders, executions, [self._in_turn(it) for it in events])

    async def _pages(self, method: str, account_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        page: dict[str, Any] = {"limit": PAGE}
        while True:
            answer = await self.query(
                method, tradingAccountId=account_id, ascending=True, pagination=page
            )
            found += answer["data"]
            if not answer["pagination"]["hasNext"]:
                return found
            page = {"limit": PAGE, "cursor": answer["pagination"]["cursor"]}

    # The wire.

    async def _ask(self, call: Call | None, **command: Any) -> Any:
        return await (await self._send(call, **command))

    async def _send(self, call: Call | None, **command: Any) -> asyncio.Future[Any]:
        if self._is_over:
            self._room.release()  # whoever waits for room shall see it, too
            raise ConnectionError("the connection is over")
        self._sent += 1
        future = asyncio.get_running_loop().create_future()
        self._waiting[self._sent] = call, future
        await self._socket.send(json.dumps({"id": self._sent, **command}))
        return future

    async def _read(self) -> None:
        try:
            with contextlib.suppress(ConnectionClosed):
                while True:
                    for line in (await self._socket.recv(decode=False)).split(b"\n"):
                        message = json.loads(line)
                        if "push" in message:
                            self._pushed(message["push"]["pub"])
                        elif message:
                            self._answered(message)
        finally:
            self._is_over = True
            self._room.release()
            for _, future in self._waiting.values():
                if not future.done():
                    future.set_exception(ConnectionError("no answer any more"))
                    future.exception()  # seen, so that nobody is blamed who did not wait for it

    def _pushed(self, publication: dict[str, Any]) -> None:
        if self._early is not None:
            self._early.append(publication)
            return
        event = self._in_turn(publication)
        assert self.ledger is not None
        self.ledger.event(event)
        if event["eventType"] == "event.trade_execution.created" and self.chooser is not None:
            data = event["data"]
            self.chooser.prices[data["instrumentId"]] = Decimal(data["executedPrice"])

    def _in_turn(self, publication: dict[str, Any]) -> dict[str, Any]:
        assert publication["offset"] == self._offset + 1, f"after {self._offset}: {publication}"
        self._offset += 1
        return publication["data"]

    def _answered(self, message: dict[str, Any]) -> None:
        call, future = self._waiting[message["id"]]
        assert "error" not in message, f"{call}: {message}"
        if call is not None:
            self._room.release()
            self.answers += 1
            self._note(call, message["rpc"]["data"])
            self.on_answer()
        del self._waiting[message["id"]]
        if not future.done():
            future.set_result(message)

    def _note(self, call: Call, answer: dict[str, Any]) -> None:
        """Keep what an answer says; it counts from here on."""
        ledger = self.ledger
        assert ledger is not None
        error = answer.get("error")
        if error is not None:
            assert error["code"] in ORDER_ERRORS, f"{call}: {error}"
            self.errors[error["code"]] += 1
        if call.method == AMEND:
            ledger.changes[call.about].remove(
                {it: call.params[it] for it in ("limitPrice", "quantity") if it in call.params}
            )
        if call.method == SUBMIT and error is not None:
            ledger.refused(call.about)
        elif call.method == SUBMIT:
            ledger.submitted(call.about, answer["data"])
        elif error is None:
            ledger.answered(answer["data"])
