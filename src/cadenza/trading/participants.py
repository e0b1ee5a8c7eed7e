"""Simulated participants of matching engines, and the driver that lets them trade.

They trade in the same book as everybody else. Their orders belong to owners whose names start with
"@" and have ids of their own ("@m1-123", "@t2-124"), so that nobody takes them for a user's.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple, Protocol

from cadenza.clock import Clock
from cadenza.market.simulation.crowd import LEVELS, Crowd
from cadenza.market.simulation.intents import Intent, Place, Resize, Take
from cadenza.market.simulation.ladder import Quote
from cadenza.market.simulation.pacer import Pacer
from cadenza.market.simulation.spec import SimulatedInstrument
from cadenza.market.simulation.weather import Regime
from cadenza.models import OrderSide, OrderType, TimeInForce
from cadenza.trading.matching.book import MatchingBook
from cadenza.trading.matching.commands import Amend, AnyCommand, Cancel, Submit
from cadenza.trading.matching.events import AnyEvent, Cancelled, Expired, Refused, Rejected, Trade

MARK: Final = "@"
"""The first character of the names of simulated owners, and of the ids of their orders."""

_ENDS: Final = (Cancelled, Rejected, Refused, Expired)
"""Events that end a quote; a command about an order that the engine has not is refused."""

_BUY: Final = OrderSide.BUY
_SELL: Final = OrderSide.SELL


SubmitCommand = Callable[[str, AnyCommand], None]
"""Takes an instrument id and a command.

The command is applied before the call returns, and the answers of the engine have been given to the
participants of that instrument (``Participants.heard``), just as the answers to users' commands
are. An exception ends the driver.
"""


class EngineView(Protocol):
    """An engine as participants see it, such as a ``MatchingEngine``. They change nothing."""

    book: MatchingBook
    """The resting orders of everybody."""


class _BookSight:
    """An engine's book as the crowd looks at it."""

    __slots__ = ("_book",)

    def __init__(self, book: MatchingBook) -> None:
        self._book = book

    def best_bid(self) -> int | None:
        best = self._book.bids.best
        return best.ticks if best else None

    def best_ask(self) -> int | None:
        best = self._book.asks.best
        return best.ticks if best else None

    def lots_at_best(self, is_bid: bool) -> int:
        best = (self._book.bids if is_bid else self._book.asks).best
        return best.lots if best else 0


class Participants:
    """The makers and takers of one instrument.

    The commands of one call are applied at once and in order, and what the engine answers to any
    command, theirs or a user's, is given to ``heard`` before the next call.

    Makers only post: what would meet an order is refused by the engine, and they look before they
    quote. A user's order on the wrong side of the price they believe in is taken by takers.

    Args:
        spec: The instrument.
        rng: The source of chance; with the same state and the same events heard, the same commands.
        view: The engine.
        rate: Events a second in the long run; most are one command.
        levels: Price levels a side that the makers keep up, users' own not counted.
        regime: The only regime; ``None`` lets them follow each other.
        mark: Price of the last trade in ticks, where they begin; 0: at the instrument's own. Of a
            price beyond ``cadenza.market.simulation.fair.TETHER`` they begin at the end of that.

    Raises:
        ValueError: If the rate or the number of levels is not positive.

    Attributes:
        crowd: Their behaviour.
        spec: The instrument.
    """

    def __init__(
        self,
        spec: SimulatedInstrument,
        rng: random.Random,
        view: EngineView,
        *,
        rate: float = 20.0,
        levels: int = LEVELS,
        regime: Regime | None = None,
        mark: int = 0,
    ) -> None:
        self.spec = spec
        sight = _BookSight(view.book)
        self.crowd = Crowd(spec, rng, sight, rate=rate, levels=levels, regime=regime, mark=mark)
        self._quotes: dict[str, Quote] = {}

    @property
    def regime(self) -> Regime:
        """The present regime."""
        return self.crowd.weather.regime

    def wait(self) -> int:
        """Draw the microseconds until ``next`` is due."""
        return self.crowd.wait()

    def open(self, now_ms: int) -> list[AnyCommand]:
        """The first quotes, around the last price and clear of users' orders."""
        return self._commands(self.crowd.repair(), now_ms)

    def next(self, now_ms: int) -> list[AnyCommand]:
        """The commands of one event."""
        return self._commands(self.crowd.act(), now_ms)

    def heard(self, events: Iterable[AnyEvent]) -> None:
        """Take note of what the engine answered to any command, users' included."""
        quotes = self._quotes
        for event in events:
            if isinstance(event, Trade):
                if event.maker_id in quotes:
                    self._traded(quotes[event.maker_id], event)
            elif isinstance(event, _ENDS) and event.order_id in quotes:
                self._ended(event.order_id)

    def _traded(self, quote: Quote, trade: Trade) -> None:
        self.crowd.taken(quote, trade.lots)
        if not trade.maker_leaves:
            self._ended(trade.maker_id)

    def _ended(self, order_id: str) -> None:
        self.crowd.gone(self._quotes.pop(order_id))

    def _commands(self, intents: list[Intent], now_ms: int) -> list[AnyCommand]:
        return [self._command(intent, now_ms) for intent in intents]

    def _command(self, intent: Intent, now_ms: int) -> AnyCommand:
        if isinstance(intent, Take):
            return _take(intent, now_ms)
        quote = intent.quote
        order_id = f"{MARK}m{quote.maker}-{quote.ref}"
        if isinstance(intent, Place):
            self._quotes[order_id] = quote
            return Submit(
                now=now_ms,
                order_id=order_id,
                owner=f"{MARK}maker{quote.maker}",
                side=_BUY if quote.is_bid else _SELL,
                type=OrderType.LIMIT_MAKER,
                lots=quote.lots,
                limit=quote.ticks,
            )
        if isinstance(intent, Resize):
            return Amend(now=now_ms, order_id=order_id, lots=quote.filled + quote.lots)
        return Cancel(now=now_ms, order_id=order_id)


class DriverStatistics(NamedTuple):
    """A driver's counters at one moment.

    Attributes:
        events: Events of all participants.
        commands: Commands submitted, those that opened the books included.
        lag_ms: Milliseconds that the driver is behind its own pace.
    """

    events: int = 0
    commands: int = 0
    lag_ms: float = 0.0


class ParticipantsDriver:
    """Drives the participants of any number of instruments on one clock.

    Args:
        submit: Takes the commands.
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


def _take(intent: Take, now_ms: int) -> Submit:
    """Every third taker sends market orders, protected by the same worst price."""
    is_market = intent.taker == 1
    return Submit(
        now=now_ms,
        order_id=f"{MARK}t{intent.taker}-{intent.ref}",
        owner=f"{MARK}taker{intent.taker}",
        side=_BUY if intent.is_buy else _SELL,
        type=OrderType.MARKET if is_market else OrderType.LIMIT,
        time_in_force=TimeInForce.IOC,
        lots=intent.lots,
        limit=0 if is_market else intent.worst,
        protection=intent.worst if is_market else 0,
    )
