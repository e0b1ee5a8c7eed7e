"""A gate to wait at: for a state that comes and goes, such as being connected."""

from __future__ import annotations

import asyncio

from cadenza.client.errors import CallTimeoutError, ClientError
from cadenza.clock import Clock


class Gate:
    """A gate that is open, shut, or failed: ``wait`` passes, waits, or raises.

    Args:
        clock: The clock of the client.
        what: The state that it stands for, for errors.
        error: The error that it has failed with at first.
    """

    def __init__(self, clock: Clock, what: str, error: ClientError) -> None:
        self._clock = clock
        self._what = what
        self._open = False
        self._error: ClientError | None = error
        self._waiters: set[asyncio.Future[None]] = set()

    def open(self) -> None:
        """Let all pass."""
        self._open, self._error = True, None
        self._settle(None)

    def shut(self) -> None:
        """Let all wait."""
        self._open, self._error = False, None

    def fail(self, error: ClientError) -> None:
        """Raise ``error`` for all that wait, and for all that come later."""
        self._open, self._error = False, error
        self._settle(error)

    async def wait(self, seconds: float, last: ClientError | None = None) -> None:
        """Wait until it is open.

        Raises:
            CallTimeoutError: It was not open in time; ``last`` becomes the cause.
            ClientError: The error that it has failed with.
        """
        if self._open:
            return
        if self._error is not None:
            raise self._error.with_traceback(None)  # raised often, it would grow
        waiter = asyncio.get_running_loop().create_future()
        late = CallTimeoutError(self._what, seconds)
        late.__cause__ = last
        timer = self._clock.call_later(seconds, lambda: _settle(waiter, late))
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)
            if waiter.done() and not waiter.cancelled():
                waiter.exception()  # retrieved, also when the caller was cancelled meanwhile
            timer.cancel()

    def _settle(self, error: ClientError | None) -> None:
        for waiter in self._waiters:
            _settle(waiter, error)


def _settle(waiter: asyncio.Future[None], error: ClientError | None) -> None:
    if waiter.done():
        return
    if error is None:
        waiter.set_result(None)
    else:
        waiter.set_exception(error)
