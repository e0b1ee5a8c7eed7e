"""The follower of an account's channel: it keeps the copy current, and tells every event once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from cadenza.client.api_calls import ApiCalls
from cadenza.client.errors import (
    CallTimeoutError,
    ClientError,
    ClosedError,
    DisconnectedError,
    UnsubscribedError,
)
from cadenza.client.gate import Gate
from cadenza.client.host import ClientHost
from cadenza.client.states import ClientState
from cadenza.client.subscriber import UNSUBSCRIBE_CALLED
from cadenza.client.trading.account_callbacks import AccountCallbacks, Teller
from cadenza.client.trading.account_copy import AccountCopy, AccountSnapshot, MakeOrder, read_state
from cadenza.client.trading.errors import AccountClosedError
from cadenza.client.trading.events import ExecutionReport, OrderUpdated, Resynced
from cadenza.client.trading.resync import Answers, Gap, ask, without
from cadenza.client.trading.states import COPY, AccountState, CopyEvent, CopyMove
from cadenza.client.values import Cause, Publication, Subscribed
from cadenza.models.channels import account_channel

MOST_PENDING: Final = 65_536
"""Events that may wait for a resync; with more of them the state is loaded again."""


class Follower:
    """The state machine over ``states.COPY``. Events are applied at once, in the reader.

    Args:
        host: The client.
        account_id: The account whose channel is followed.
        make_order: Makes live orders.
        callbacks: The functions of the user.
        most_ended: The most ended orders to keep.

    Attributes:
        state: How current the copy is.
        copy: The copy.
        teller: Passes events on.
        resyncs: How many times events were missed and could not be recovered.
    """

    def __init__(
        self,
        host: ClientHost,
        account_id: str,
        make_order: MakeOrder,
        callbacks: AccountCallbacks,
        most_ended: int,
    ) -> None:
        self.state = AccountState.LOADING
        self.copy: Final = AccountCopy(make_order, most_ended)
        self.resyncs = 0
        self._host = host
        self._account_id = account_id
        self._calls = ApiCalls(host)
        self.teller: Final = Teller(host, f"account {account_id}", callbacks)
        self._fresh: AccountSnapshot | None = None
        self._gap: Gap | None = None
        self._answers = Answers()
        self._pending: deque[tuple[bytes, int]] = deque()
        self._asking: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._failure: ClientError | None = None
        self._interruption: ClientError | None = None
        self._end_error: ClientError | None = None
        self._is_renewing = False
        self._is_tracked = False
        self._gate = Gate(
            host.options.clock,
            f"account {account_id} to be live",
            AccountClosedError(account_id, "it is not loaded yet"),
        )
        self._moves: dict[CopyMove, Callable[[], None]] = {
            CopyMove.START: self._start,
            CopyMove.ASK: self._ask,
            CopyMove.ASK_ON: self._ask_on,
            CopyMove.CATCH_UP: self._catch_up,
            CopyMove.CLOSE: self._close,
        }
        self._subscription = host.subscription(
            account_channel(account_id),
            data={"state": True},
            recoverable=True,
            on_publication=self._on_publication,
            on_subscribing=self._on_subscribing,
            on_subscribed=self._on_subscribed,
            on_unsubscribed=self._on_unsubscribed,
        )

    @property
    def trouble(self) -> ClientError | None:
        """Why no more events will come, closed or disconnected; ``None`` while they do."""
        if self._interruption is not None and self._host.state is not ClientState.DISCONNECTED:
            self._interruption = None  # its user has called ``connect`` again
            self._gate.shut()
            self._begin_watch()
        return self._end_error or self._interruption

    async def load(self) -> None:
        """Subscribe, and return when the state has come.

        Raises:
            UnsubscribedError: The server refused, or there is no such account.
            CallTimeoutError: The state has not come within ``start_timeout``.
            ClientError: The server sent no state of the account, or one that cannot be read.
        """
        self._subscription.subscribe()
        try:
            await self._subscription.ready()
        except BaseException:
            await self.close()
            raise
        if self.state is AccountState.CLOSED:
            raise self.trouble or AccountClosedError(self._account_id, "closed")

    async def wait_live(self, seconds: float) -> None:
        """Return when the copy has every event that the venue has sent.

        Raises:
            CallTimeoutError: It has not within ``seconds``.
            ClientError: The account was closed, or the client is disconnected for good.
        """
        if self.trouble is not None:
            raise self.trouble.with_traceback(None)
        await self._gate.wait(seconds)

    async def close(self) -> None:
        """Unsubscribe; no task stays behind."""
        self._end(None)
        tasks = [task for task in (self._asking, self._watching) if task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)

    def _happen(self, event: CopyEvent) -> None:
        """Take an event: change the state, and make the move of the table."""
        before = self.state
        self.state, move = COPY[before, event]
        if move in self._moves:
            self._moves[move]()
        if self.state is AccountState.LIVE:
            self._gate.open()
        elif self.trouble is None:
            self._gate.shut()
        if self.state is not before:
            self.teller.tell_state(self.state)

    # Called by the subscription.

    def _on_subscribing(self, _: Cause) -> None:
        self._happen(CopyEvent.LOST)
        self._begin_watch()

    def _begin_watch(self) -> None:
        if self._watching is None or self._watching.done():
            name = f"account {self._account_id}"
            self._watching = self._host.tasks.spawn(self._watch(), name)

    def _on_subscribed(self, event: Subscribed) -> None:
        self._interruption = None
        if event.recovered and self.state is not AccountState.LOADING:
            self._happen(CopyEvent.BACK)
            return
        self._is_tracked = event.position is not None
        offset = event.position.offset if event.position else 0
        try:
            self._fresh = read_state(event.data, offset)
        except ClientError as error:
            self._end(error)
        else:
            self._happen(CopyEvent.ANEW)

    def _on_unsubscribed(self, why: Cause) -> None:
        if self._is_renewing:
            return
        is_wanted = why == UNSUBSCRIBE_CALLED
        self._end(None if is_wanted else UnsubscribedError(account_channel(self._account_id), *why))

    def _on_publication(self, publication: Publication) -> None:
        payload, offset = publication.raw, publication.offset
        if self.state in {AccountState.SYNCING, AccountState.BEHIND}:
            self._pending.append((payload, offset))
            if len(self._pending) > MOST_PENDING:
                self._renew()
        elif self.state is not AccountState.CLOSED:
            if self._is_tracked and offset > self.copy.offset + 1:
                self._renew()
            else:
                self._apply(payload, offset)

    async def _watch(self) -> None:
        """Notice the end of the client, of which a subscription that waits is not told."""
        while True:
            try:
                return await self._subscription.ready()
            except CallTimeoutError:
                continue
            except ClientError as error:
                if self.state is not AccountState.CLOSED:
                    self._interrupt(error)
                return None

    # Moves of the table.

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
        """Ask the questions of the gap, unless they are being asked already."""
        if self._gap is not None and (self._asking is None or self._asking.done()):
            name = f"resync of account {self._account_id}"
            self._asking = self._host.tasks.spawn(self._find_out(self._gap), name)

    async def _find_out(self, gap: Gap) -> None:
        try:
            self._answers = await ask(self._host, self._calls, gap)
        except (DisconnectedError, ClosedError):
            return  # ``_watch`` notices too; after another ``connect`` they are asked again
        self._asking = None
        self._happen(CopyEvent.FOUND_OUT)

    def _catch_up(self) -> None:
        state, pending = self._fresh, self._pending
        if state is None:
            return
        self._pending = deque()
        answers = without(self._answers, [payload for payload, _ in pending])
        events = self.copy.restart(state, answers.found, answers.executions)
        self.resyncs += 1
        kinds = [type(event) for event in events]
        self.teller.tell(
            Resynced(
                at=self.copy.at,
                orders=kinds.count(OrderUpdated),
                executions=kinds.count(ExecutionReport),
                error=answers.error,
            )
        )
        for event in events:
            self.teller.tell(event)
        for payload, offset in pending:
            self._apply(payload, offset)

    def _apply(self, payload: bytes, offset: int) -> None:
        event = self.copy.apply(payload, offset)
        if event is not None:
            self.teller.tell(event)

    def _renew(self) -> None:
        """Load the state again, as an event is missing that the server did not miss."""
        self._is_renewing = True
        self._subscription.unsubscribe()
        self._subscription.subscriber.invalidate()
        self._is_renewing = False
        self._happen(CopyEvent.LOST)
        self._subscription.subscribe()

    def _interrupt(self, error: ClientError) -> None:
        self._interruption = error
        self._tell_waiting(error, is_wanted=False)

    def _end(self, error: ClientError | None) -> None:
        if self.state is AccountState.CLOSED:
            return
        why = "it was closed" if error is None else str(error)
        self._end_error = AccountClosedError(self._account_id, why)
        self._end_error.__cause__ = self._failure = error
        self._happen(CopyEvent.END)

    def _close(self) -> None:
        self._subscription.unsubscribe()
        for task in (self._asking, self._watching):
            if task is not None:
                task.cancel()
        self._pending.clear()
        self._fresh = None
        if self._end_error is not None:
            self._tell_waiting(self._end_error, is_wanted=self._failure is None)

    def _tell_waiting(self, error: ClientError, *, is_wanted: bool) -> None:
        self._gate.fail(error)
        for order in list(self.copy.orders.values()):
            order.interrupt(error, is_wanted=is_wanted)
        self.teller.streams.end(None if is_wanted else error)
