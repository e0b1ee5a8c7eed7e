"""How long a call with its retries may take, on the client's clock."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Final

from cadenza.client.clock import Clock, Timer


class DeadlineError(Exception):
    """The time is over; never leaves the trading side."""


class Deadline:
    """``async with deadline`` cuts its block off when the time is over, and raises then.

    Args:
        clock: Where the time comes from.
        seconds: From now.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.seconds: Final = seconds
        self._clock = clock
        self._until = clock.now() + seconds
        self._timer: Timer | None = None
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._is_over = False

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self._until - self._clock.now()

    async def __aenter__(self) -> None:
        if self.left <= 0:
            raise DeadlineError
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline holds in a task")
        self._task, self._cancelling, self._is_over = task, task.cancelling(), False
        self._timer = self._clock.call_later(self.left, self._cut)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        task, self._task = self._task, None
        if not self._is_over or task is None:
            return
        others = task.uncancel() > self._cancelling  # somebody else has cancelled it too
        if not others and kind is not None and issubclass(kind, asyncio.CancelledError):
            raise DeadlineError from error

    def _cut(self) -> None:
        if self._task is not None:
            self._is_over = True
            self._task.cancel()
