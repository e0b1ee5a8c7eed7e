"""Lets simulated participants act when their time comes: the paper venue's market as a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from cadenza.market.clock import Clock
from cadenza.market.simulation.pacer import Pacer
from cadenza.trading.matching.commands import AnyCommand
from cadenza.trading.participants import Participants

SubmitCommand = Callable[[str, AnyCommand], None]
"""Takes an instrument id and a command.

The command is applied before the call returns, and what the engine answered has been given to the
participants of that instrument (`Participants.heard`), just as the answers to users' commands are.
An exception ends the driver.
"""


class DriverStatistics(NamedTuple):
    """A driver's counters at one moment.

    Attributes:
        events: Events of all participants.
        commands: Commands submitted, those that opened the books included.
        lag_ms: How far the driver is behind its own pace.
    """

    events: int = 0
    commands: int = 0
    lag_ms: float = 0.0


class ParticipantsDriver:
    """Drives the participants of any number of instruments on one clock.

    Args:
        submit: Where the commands go.
        clock: Paces the events and dates the commands.
        participants: By instrument id.
        events: End after so many; ``None`` goes on for ever.
    """

    def __init__(
        self,
        submit: SubmitCommand,
        clock: Clock,
        participants: Mapping[str, Participants],
        *,
        events: int | None = None,
    ) -> None:
        self._submit = submit
        self._clock = clock
        self._participants = list(participants.items())
        self._events = events
        self._done = 0
        self._commands = 0
        self._lag_ms = 0.0

    def statistics(self) -> DriverStatistics:
        """The counters now."""
        return DriverStatistics(self._done, self._commands, self._lag_ms)

    def open(self) -> None:
        """Let every maker quote for the first time; once, after users' orders are restored."""
        now = self._clock.time_ms()
        for instrument_id, participants in self._participants:
            self._send(instrument_id, participants.open(now))

    async def run(self) -> None:
        """Let events happen until there were enough; being cancelled is the usual end.

        The books have been opened. Never holds the event loop for more than a burst of events.
        """
        if not self._participants:
            return
        pacer = Pacer(self._clock, [each.wait for _, each in self._participants])
        while self._events is None or self._done < self._events:
            instrument_id, participants = self._participants[await pacer.next()]
            self._lag_ms = pacer.lag_ms
            self._done += 1
            self._send(instrument_id, participants.next(self._clock.time_ms()))

    def _send(self, instrument_id: str, commands: list[AnyCommand]) -> None:
        self._commands += len(commands)
        for command in commands:
            self._submit(instrument_id, command)
