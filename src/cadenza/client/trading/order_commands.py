"""The commands of an account: each is sent until it is answered, and carried out once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from cadenza.client.api_calls import ApiCalls, Deadline, converted
from cadenza.client.backoff import Backoff
from cadenza.client.callbacks import Callback
from cadenza.client.errors import ApiError, ClientError, UsageError
from cadenza.client.fields import Number, decimal_of, decimal_text
from cadenza.client.host import ClientHost
from cadenza.client.trading.account_callbacks import AccountCallbacks
from cadenza.client.trading.errors import ORDER_ENDED, OrderRejectedError
from cadenza.client.trading.events import AccountEvent
from cadenza.client.trading.follower import Follower
from cadenza.client.trading.order import Order, OrderEndedError
from cadenza.client.trading.order_request import order_wire, word
from cadenza.client.trading.resync import GET
from cadenza.client.trading.streams import Streams
from cadenza.clock import Clock
from cadenza.models import OrderSide, OrderStatus, RpcTradeOrder

SUBMIT: Final = "command.trade_order.submit"
AMEND: Final = "command.trade_order.amend"
CANCEL: Final = "command.trade_order.cancel"
CANCEL_ALL: Final = "command.trade_order.cancel_all"

_ID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_AMENDABLE: Final = {"price": "limitPrice", "quantity": "quantity", "stop_price": "stopPrice"}


class OrderCommands:
    """The commands of one account.

    Args:
        host: The client.
        account_id: The account.
        ids: Makes client order ids.
        callbacks: The functions of the user.
        most_ended: The most ended orders to keep.

    Attributes:
        follower: Keeps the copy that takes over the answers.
    """

    def __init__(
        self,
        host: ClientHost,
        account_id: str,
        ids: Callable[[], str],
        callbacks: AccountCallbacks,
        most_ended: int,
    ) -> None:
        self._host = host
        self._account_id = account_id
        self._ids = ids
        self._calls = ApiCalls(host)
        self._in_flight: dict[str, Order | None] = {}
        self.follower = Follower(host, account_id, self._make, callbacks, most_ended)

    async def submit(
        self,
        given: Mapping[str, Any],
        *,
        client_order_id: str | None,
        idempotency_key: str | None,
        await_closed: bool,
        seconds: float | None,
    ) -> Order:
        """See ``Account.submit``."""
        name = client_order_id or self._ids()
        params = {
            "tradingAccountId": self._account_id,
            "idempotencyKey": idempotency_key or name,
            "awaitClosed": await_closed,
            "tradeOrder": {**order_wire(given), "clientOrderId": name},
        }
        self._in_flight[name] = None
        try:
            raw = await self._send(SUBMIT, params, seconds, name)
        except ApiError as error:
            raise OrderRejectedError(
                SUBMIT,
                error.errno,
                error.message,
                temporary=error.temporary,
                client_order_id=name,
            ) from None
        finally:
            seen = self._in_flight.pop(name, None)
        order = self._taken(raw, seen)
        if order.status is OrderStatus.REJECTED:
            raise OrderRejectedError.of_order(SUBMIT, order)
        return order

    async def amend(
        self, order: Order | str, terms: Mapping[str, Number | None], seconds: float | None
    ) -> Order:
        """See ``Account.amend``."""
        given = {it: value for it, value in terms.items() if value is not None}
        if not given:
            raise UsageError("amend needs a new price, quantity or stop_price")
        news = {_AMENDABLE[it]: decimal_text(it, value) for it, value in given.items()}
        ref = self._ref(order)

        async def send(again: bool) -> Any:
            if again:  # the same terms a second time could cost the place in the queue
                raw = await self._calls.call(GET, **ref)
                if all(decimal_of(raw.get(it)) == decimal_of(new) for it, new in news.items()):
                    return raw
            return await self._calls.call(AMEND, **ref, **news)

        return await self._change(AMEND, ref, send, seconds)

    async def cancel(self, order: Order | str, seconds: float | None) -> Order:
        """See ``Account.cancel``."""
        ref = self._ref(order)

        async def send(again: bool) -> Any:
            try:
                return await self._calls.call(CANCEL, **ref)
            except ApiError as error:
                if not again or error.errno != ORDER_ENDED:
                    raise
                raw = await self._calls.call(GET, **ref)
                if raw.get("status") != OrderStatus.CANCELLED:
                    raise
                return raw  # by the cancel whose answer was lost

        return await self._change(CANCEL, ref, send, seconds)

    async def cancel_all(
        self,
        instrument: str | None,
        side: OrderSide | str | None,
        seconds: float | None,
    ) -> list[Order]:
        """See ``Account.cancel_all``."""
        params: dict[str, Any] = {"tradingAccountId": self._account_id}
        if instrument is not None:
            params["instrumentId"] = instrument
        if side is not None:
            side = params["orderSide"] = word("side", side, OrderSide)
        meant = [
            order
            for order in self.follower.copy.orders.values()
            if instrument in {None, order.instrument} and side in {None, order.side}
        ]
        answers = await self._send(CANCEL_ALL, params, seconds)
        ended = {order.order_id: order for order in meant if not order.is_open}
        for raw in converted(CANCEL_ALL, answers, list[Any]):
            order = self._adopt(CANCEL_ALL, raw)
            ended[order.order_id] = order
        return [it for it in ended.values() if it.status is OrderStatus.CANCELLED]

    # For orders: see ``OrderHost``.

    @property
    def clock(self) -> Clock:
        """The clock of the client."""
        return self._host.options.clock

    @property
    def trouble(self) -> ClientError | None:
        """Why no more events will come; ``None`` while they do."""
        return self.follower.trouble

    def streams(self, name: str) -> Streams[AccountEvent]:
        """A new set of streams."""
        return Streams(name, self._host.hold, self._host.tasks.report)

    def notify(self, callback: Callback[Any], event: AccountEvent) -> None:
        """Call a function of the user."""
        self._host.events.call(callback, event, "on_update of an order")

    def _make(self, data: RpcTradeOrder, raw: Any) -> Order:
        order = Order(self, data, raw)
        if order.client_order_id in self._in_flight:
            self._in_flight[order.client_order_id] = order
        return order

    def _taken(self, raw: Any, seen: Order | None) -> Order:
        """The order in an answer to submit, even if it had ended and was forgotten before."""
        order_id = converted(SUBMIT, raw, RpcTradeOrder).trade_order_id
        forgotten = seen is not None and self.follower.copy.order(seen.order_id) is None
        if seen is not None and forgotten and seen.order_id == order_id:
            return seen
        return self._adopt(SUBMIT, raw)

    async def _send(
        self, method: str, params: Mapping[str, Any], seconds: float | None, name: str = ""
    ) -> Any:
        async def send(_: bool) -> Any:
            return await self._calls.call(method, **params)

        return await self._certain(method, send, seconds, name)

    async def _change(
        self,
        method: str,
        ref: Mapping[str, str],
        send: Callable[[bool], Any],
        seconds: float | None,
    ) -> Order:
        try:
            raw = await self._certain(method, send, seconds)
        except ApiError as error:
            if error.errno != ORDER_ENDED:
                raise
            found = self._adopt(GET, await self._calls.call(GET, **ref))
            raise OrderEndedError(found) from error
        return self._adopt(method, raw)

    async def _certain(
        self, method: str, send: Callable[[bool], Any], seconds: float | None, name: str = ""
    ) -> Any:
        options = self._host.options
        if self.follower.trouble is not None:
            raise self.follower.trouble.with_traceback(None)
        backoff = Backoff(
            options.min_resubscribe_delay, options.max_resubscribe_delay, options.random
        )

        async def patient(again: bool) -> Any:
            """Send again after a temporary refusal, which does not tell of an earlier sending."""
            while True:
                try:
                    return await send(again)
                except ApiError as error:
                    if not again or not error.temporary:
                        raise
                await options.clock.sleep(backoff.next())

        deadline = Deadline(options.clock, options.start_timeout if seconds is None else seconds)
        return await self._calls.certain(method, patient, deadline, name)

    def _ref(self, order: Order | str) -> dict[str, str]:
        if isinstance(order, str):
            field = "tradeOrderId" if _ID.fullmatch(order) else "clientOrderId"
            return {"tradingAccountId": self._account_id, field: order}
        return {"tradingAccountId": self._account_id, "tradeOrderId": order.order_id}

    def _adopt(self, method: str, raw: Any) -> Order:
        return self.follower.copy.adopt(converted(method, raw, RpcTradeOrder), raw)
