"""The commands of a connection that wait for their replies."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cadenza.client.errors import CallTimeoutError, ClientError, ReplyError
from cadenza.clock import Clock, Timer
from cadenza.protocol.messages import Reply

Done = Callable[[Reply | ClientError], None]
"""Called once with the reply, or with the error that came instead; it must not wait."""


class _Call(NamedTuple):
    what: str
    done: Done
    timer: Timer


class PendingCalls:
    """The commands of one connection that were sent and not answered yet.

    Args:
        clock: The clock of the client.
        timeout: Seconds until a command counts as unanswered.

    Attributes:
        unexpected: How many replies came for no command, or too late.
    """

    def __init__(self, clock: Clock, timeout: float) -> None:
        self.unexpected = 0
        self._clock = clock
        self._timeout = timeout
        self._calls: dict[int, _Call] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, command_id: int, what: str, done: Done) -> None:
        """Wait for the reply to a command.

        Args:
            command_id: The id of the command.
            what: Its name, for errors.
            done: Called with the reply, or with an error.
        """
        timer = self._clock.call_later(self._timeout, lambda: self._late(command_id))
        self._calls[command_id] = _Call(what, done, timer)

    def answer(self, reply: Reply) -> None:
        """A reply came."""
        call = self._calls.pop(reply.id, None)
        if call is None:
            self.unexpected += 1
            return
        call.timer.cancel()
        if reply.error is None:
            call.done(reply)
        else:
            error = reply.error
            call.done(ReplyError(call.what, error.code, error.message, temporary=error.temporary))

    def forget(self, command_id: int) -> None:
        """Stop waiting for a reply."""
        call = self._calls.pop(command_id, None)
        if call is not None:
            call.timer.cancel()

    def fail(self, error: ClientError) -> None:
        """No more replies will come."""
        calls, self._calls = self._calls, {}
        for call in calls.values():
            call.timer.cancel()
            call.done(error)

    def _late(self, command_id: int) -> None:
        call = self._calls.pop(command_id, None)
        if call is not None:
            call.done(CallTimeoutError(call.what, self._timeout))
