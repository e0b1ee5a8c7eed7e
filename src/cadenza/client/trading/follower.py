"""Follows the channel of an account: keeps the copy current, and tells of every event once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from cadenza.client.callbacks import Callback
from cadenza.client.errors import (
    CallTimeoutError,
    ClientError,
    ClosedError,
    DisconnectedError,
    UnsubscribedError,
)
from cadenza.client.subscribing import UNSUBSCRIBE_CALLED
from cadenza.client.trading.account_copy import AccountCopy, MakeOrder
from cadenza.client.trading.account_state import AccountState, read_state
from cadenza.client.trading.calls import TradingCalls
from cadenza.client.trading.errors import AccountClosedError
from cadenza.client.trading.events import (
    AccountEvent,
    AccountUpdated,
    ExecutionReport,
    OrderUpdated,
    PortfolioUpdated,
    Resynced,
)
from cadenza.client.trading.following import FOLLOWING, Following, Happening, Step
from cadenza.client.trading.host import TradingHost
from cadenza.client.trading.resync import Answers, Gap, ask, without
from cadenza.client.trading.streams import Streams
from cadenza.client.values import Left, Publication, Subscribed

CHANNEL: Final = "tradingAccount:"
MOST_PENDING: Final = 65_536
"""Events that may wait for a resync; with more it begins anew."""


@dataclass(frozen=True, kw_only=True)
class AccountCallbacks:
    """Functions, plain or async, that an account calls after its copy has changed.

    Plain ones are called by the reader of the connection, at once and in order; async ones run one
    after another, and may call the client.

    Attributes:
        on_event: Every event.
        on_order: An order is new or differs; ``on_execution``: one was filled, or a part of it.
        on_portfolio: Balances or positions changed; ``on_account``: the account itself.
        on_resync: Events were missed, and the copy was loaded anew.
        on_following: The copy is live, stale, ...
    """

    on_event: Callback[AccountEvent] | None = None
    on_order: Callback[OrderUpdated] | None = None
    on_execution: Callback[ExecutionReport] | None = None
    on_portfolio: Callback[PortfolioUpdated] | None = None
    on_account: Callback[AccountUpdated] | None = None
    on_resync: Callback[Resynced] | None = None
    on_following: Callback[Following] | None = None


class Follower:
    """The state machine over ``following.FOLLOWING``. Events are applied at once, in the reader.

    Args:
        host: The client.
        account_id: Whose channel.
        make_order: Makes live orders.
        callbacks: The user's.
        most_ended: How many ended orders are kept.

    Attributes:
        state: How current the copy is.
        copy: The copy.
        streams: Of those who iterate.
        resyncs: How often events were missed and could not be recovered.
        trouble: Why nothing is heard any more, if that is so.
    """

    def __init__(
        self,
        host: TradingHost,
        account_id: str,
        make_order: MakeOrder,
        callbacks: AccountCallbacks,
        most_ended: int,
    ) -> None:
        self.state = Following.LOADING
        self.copy: Final = AccountCopy(make_order, most_ended)
        self.resyncs = 0
        self.trouble: ClientError | None = None
        self.streams: Final = Streams[AccountEvent](
            f"account {account_id}", host.hold, host.tasks.report
        )
        self._host = host
        self._account_id = account_id
        self._calls = TradingCalls(host)
        self._callbacks = callbacks
        self._by_kind: dict[type[AccountEvent], Callback[Any] | None] = {
            OrderUpdated: callbacks.on_order,
            ExecutionReport: callbacks.on_execution,
            PortfolioUpdated: callbacks.on_portfolio,
            AccountUpdated: callbacks.on_account,
            Resynced: callbacks.on_resync,
        }
        self._fresh: AccountState | None = None
        self._gap: Gap | None = None
        self._answers = Answers()
        self._pending: deque[tuple[bytes, int]] = deque()
        self._asking: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._failure: ClientError | None = None
        self._is_renewing = False
        self._is_tracked = False
        self._steps: dict[Step, Callable[[], None]] = {
            Step.START: self._start,
            Step.ASK: self._ask,
            Step.ASK_ON: self._ask_on,
            Step.CATCH_UP: self._catch_up,
            Step.CLOSE: self._close,
        }
        self._subscription = host.subscription(
            CHANNEL + account_id,
            data={"state": True},
            recoverable=True,
            on_publication=self._on_publication,
            on_subscribing=self._on_subscribing,
            on_subscribed=self._on_subscribed,
            on_unsubscribed=self._on_unsubscribed,
        )

    async def load(self) -> None:
        """Subscribe, and return when the state is there.

        Raises:
            UnsubscribedError: The server refused; so it does where there is no such account.
            CallTimeoutError: Not within ``start_timeout``.
            ClientError: The server sent no state of the account, or one that cannot be read.
        """
        self._subscription.subscribe()
        try:
            await self._subscription.ready()
        except BaseException:
            await self.close()
            raise
        if self.state is Following.CLOSED:
            raise self.trouble or AccountClosedError(self._account_id, "closed")

    async def close(self) -> None:
        """Unsubscribe; no task stays behind."""
        self._end(None)
        tasks = [task for task in (self._asking, self._watching) if task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)

    def _happen(self, happening: Happening) -> None:
        before = self.state
        self.state, step = FOLLOWING[before, happening]
        if step in self._steps:
            self._steps[step]()
        if self.state is not before:
            self._call(self._callbacks.on_following, self.state, "on_following")

    # What the subscription tells.

    def _on_subscribing(self, _: Left) -> None:
        self._happen(Happening.LOST)
        if self._watching is None or self._watching.done():
            name = f"account {self._account_id}"
            self._watching = self._host.tasks.spawn(self._watch(), name)

    def _on_subscribed(self, event: Subscribed) -> None:
        self.trouble = None
        if event.recovered and self.state is not Following.LOADING:
            self._happen(Happening.BACK)
            return
        self._is_tracked = event.position is not None
        offset = event.position.offset if event.position else 0
        try:
            self._fresh = read_state(event.data, offset)
        except ClientError as error:
            self._end(error)
        else:
            self._happen(Happening.ANEW)

    def _on_unsubscribed(self, why: Left) -> None:
        if self._is_renewing:
            return
        is_wanted = why == UNSUBSCRIBE_CALLED
        self._end(None if is_wanted else UnsubscribedError(CHANNEL + self._account_id, *why))

    def _on_publication(self, publication: Publication) -> None:
        payload, offset = publication.raw, publication.offset
        if self.state in {Following.SYNCING, Following.BEHIND}:
            self._pending.append((payload, offset))
            if len(self._pending) > MOST_PENDING:
                self._renew()
        elif self.state is not Following.CLOSED:
            if self._is_tracked and offset > self.copy.offset + 1:
                self._renew()
            else:
                self._apply(payload, offset)

    async def _watch(self) -> None:
        """Learn that the client is disconnected for good, which no other way tells."""
        while True:
            try:
                return await self._subscription.ready()
            except CallTimeoutError:
                continue
            except ClientError as error:
                if self.state is not Following.CLOSED:
                    self._interrupt(error)
                return None

    # What is done.

    def _start(self) -> None:
        if self._fresh is not None:
            self.copy.start(self._fresh)

    def _ask(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None
        self._pending.clear()  # the state has them, and the questions find their executions
        self._gap = None
        if self._fresh is not None:
            missing = self.copy.missing(self._fresh)
            self._gap = Gap(
                account_id=self._account_id, state=self._fresh, missing=missing, since=self.copy.at
            )
        self._ask_on()

    def _ask_on(self) -> None:
        """Ask unless it is being done: a connection that ended for good ends that too."""
        if self._gap is not None and (self._asking is None or self._asking.done()):
            name = f"resync of account {self._account_id}"
            self._asking = self._host.tasks.spawn(self._find_out(self._gap), name)

    async def _find_out(self, gap: Gap) -> None:
        try:
            self._answers = await ask(self._host, self._calls, gap)
        except (DisconnectedError, ClosedError):
            return  # ``_watch`` tells; after a new ``connect`` it is asked again
        self._asking = None
        self._happen(Happening.FOUND_OUT)

    def _catch_up(self) -> None:
        state, pending = self._fresh, self._pending
        if state is None:
            return
        self._pending = deque()
        answers = without(self._answers, [payload for payload, _ in pending])
        events = self.copy.restart(state, answers.found, answers.executions)
        self.resyncs += 1
        kinds = [type(event) for event in events]
        self._tell(
            Resynced(
                at=self.copy.at,
                orders=kinds.count(OrderUpdated),
                executions=kinds.count(ExecutionReport),
                error=answers.error,
            )
        )
        for event in events:
            self._tell(event)
        for payload, offset in pending:
            self._apply(payload, offset)

    def _apply(self, payload: bytes, offset: int) -> None:
        event = self.copy.apply(payload, offset)
        if event is not None:
            self._tell(event)

    def _tell(self, event: AccountEvent) -> None:
        if isinstance(event, (OrderUpdated, ExecutionReport)) and event.order is not None:
            event.order.tell(event)
        callback = self._by_kind.get(type(event))
        self._call(callback, event, "a callback of an account")
        self._call(self._callbacks.on_event, event, "on_event")
        self.streams.put(event)

    def _call(self, callback: Callback[Any] | None, value: object, where: str) -> None:
        self._host.events.call(callback, value, where)

    def _renew(self) -> None:
        """An event is missing though the server watches: load the state again."""
        self._is_renewing = True
        self._subscription.unsubscribe()
        self._subscription.subscriber.invalidate()
        self._is_renewing = False
        self._happen(Happening.LOST)
        self._subscription.subscribe()

    def _interrupt(self, error: ClientError) -> None:
        self.trouble = error
        self._tell_waiting(error, is_wanted=False)

    def _end(self, error: ClientError | None) -> None:
        if self.state is Following.CLOSED:
            return
        why = "it was closed" if error is None else str(error)
        self.trouble = AccountClosedError(self._account_id, why)
        self.trouble.__cause__ = self._failure = error
        self._happen(Happening.END)

    def _close(self) -> None:
        self._subscription.unsubscribe()
        for task in (self._asking, self._watching):
            if task is not None:
                task.cancel()
        self._pending.clear()
        self._fresh = None
        if self.trouble is not None:
            self._tell_waiting(self.trouble, is_wanted=self._failure is None)

    def _tell_waiting(self, error: ClientError, *, is_wanted: bool) -> None:
        for order in list(self.copy.orders.values()):
            order.interrupt(error, is_wanted=is_wanted)
        self.streams.end(None if is_wanted else error)
