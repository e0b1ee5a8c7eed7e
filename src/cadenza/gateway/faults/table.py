"""The faults that are on: set, counted, and ended by a call, by their time or by their count."""

from __future__ import annotations

import logging
import random
from collections import Counter, deque
from collections.abc import Iterable
from typing import Final, Protocol

import msgspec

from cadenza.config import FaultsConfig
from cadenza.gateway.faults.errors import TooManyFaultsError, UnknownFaultError
from cadenza.gateway.faults.specs import PER_MILLE, AnyFault, BookGap, Fault, check, kind_of
from cadenza.realtime import Clock
from cadenza.realtime.timers import Deadline, Timers

logger: Final = logging.getLogger("cadenza.gateway.faults")

ENDED_KEPT: Final = 32
"""Ended faults that are still listed with their hits."""


class FaultReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A fault as callers see it.

    Attributes:
        id: The name by which it is cleared.
        fault: The fault as it was asked for.
        hits: How often it has hit.
        set_at: When it was switched on, in Unix milliseconds.
        ends_at: When it ends, or ended, by its time.
        ended: Why it is off: cleared, expired, spent or done; empty while it is on.
    """

    id: str
    fault: AnyFault
    hits: int
    set_at: int
    ends_at: int
    ended: str = ""


class ActiveFault:
    """A fault that is on."""

    __slots__ = ("_table", "beat", "ended", "ends_at", "expiry", "hits", "id", "set_at", "spec")

    def __init__(self, table: FaultTable, number: int, spec: AnyFault, now_ms: int) -> None:
        self._table = table
        self.id = f"fault-{number}"
        self.spec = spec
        self.hits = 0
        self.set_at = now_ms
        self.ends_at = now_ms + spec.ttl_ms
        self.ended = ""
        self.expiry: Deadline | None = None
        self.beat: Deadline | None = None

    @property
    def limit(self) -> int:
        """Hits after which it ends; 0: no number of them ends it."""
        return self.spec.count or int(isinstance(self.spec, BookGap))

    @property
    def is_spent(self) -> bool:
        """Whether it may hit no more."""
        return bool(self.ended) or 0 < self.limit <= self.hits

    def strikes(self) -> bool:
        """Whether it hits here and now. A hit is counted, and the last one ends it."""
        return self._table.strike(self)

    def report(self) -> FaultReport:
        """As callers see it."""
        return FaultReport(
            id=self.id,
            fault=self.spec,
            hits=self.hits,
            set_at=self.set_at,
            ends_at=self.ends_at,
            ended=self.ended,
        )


class Injector(Protocol):
    """What carries out some kinds of faults. Nothing here waits."""

    def check(self, spec: AnyFault) -> None:
        """Raises ``FaultRequestError`` for what cannot be carried out here."""

    def act(self, fault: ActiveFault) -> None:
        """The fault was switched on, or its ``every_ms`` has passed once more."""

    def ended(self, fault: ActiveFault) -> None:
        """The fault is no longer on; it is not in the table any more."""


class FaultTable:
    """All faults of a gateway.

    Args:
        config: The ``faults`` section: whether there are faults at all, and their limits.
        clock: The time.
        chance: Decides where a fault is only probable, unless ``faults.seed`` is configured.

    Attributes:
        is_enabled: Whether faults can be switched on at all.
        counts: Hits by kind.
    """

    def __init__(self, config: FaultsConfig, clock: Clock, chance: random.Random) -> None:
        self.is_enabled: Final = config.enabled
        self.counts: Final[Counter[str]] = Counter()
        self._config = config
        self._clock = clock
        self._timers = Timers(clock)
        # Chance here is for tests to repeat, and guards nothing.
        self._chance = chance if config.seed is None else random.Random(config.seed)  # noqa: S311 - see above
        self._injectors: dict[type[Fault], Injector] = {}
        self._active: dict[str, ActiveFault] = {}
        # A tuple a kind, rebuilt at each change: whoever goes through one may end faults.
        self._by_kind: dict[type[Fault], tuple[ActiveFault, ...]] = {}
        self._ended: deque[ActiveFault] = deque(maxlen=ENDED_KEPT)
        self._number = 0

    def __len__(self) -> int:
        return len(self._active)

    def close(self) -> None:
        """End all faults."""
        self.clear()
        self._timers.close()

    def carries(self, injector: Injector, kinds: Iterable[type[Fault]]) -> None:
        """Let an injector carry out these kinds."""
        for kind in kinds:
            self._injectors[kind] = injector

    def of(self, kind: type[Fault]) -> tuple[ActiveFault, ...]:
        """The faults of a kind that are on."""
        return self._by_kind.get(kind, ())

    def reports(self) -> tuple[list[FaultReport], list[FaultReport]]:
        """Faults that are on, and those that ended last."""
        on = [fault.report() for fault in self._active.values()]
        return on, [fault.report() for fault in self._ended]

    def set(self, spec: AnyFault) -> FaultReport:
        """Switch a fault on.

        Raises:
            FaultRequestError: It is out of bounds, contradicts itself, or names what is not there.
            TooManyFaultsError: As many are on as may be.
        """
        check(spec, self._config)
        injector = self._injectors[type(spec)]
        injector.check(spec)
        if len(self._active) >= self._config.max_active:
            raise TooManyFaultsError(self._config.max_active)
        if not spec.ttl_ms:
            ttl = min(self._config.default_ttl, self._config.max_ttl)
            spec = msgspec.structs.replace(spec, ttl_ms=round(ttl * 1000))
        self._number += 1
        fault = ActiveFault(self, self._number, spec, round(self._clock.time() * 1000))
        self._active[fault.id] = fault
        self._sort(type(spec))
        fault.expiry = self._timers.after(spec.ttl_ms / 1000, lambda: self._end(fault, "expired"))
        logger.warning("%s set: %s", fault.id, msgspec.json.encode(spec).decode())
        self._act(fault, injector)
        return fault.report()

    def clear(self, fault_id: str = "", kind: type[Fault] | None = None) -> list[str]:
        """Switch off one fault, all of a kind, or all; the ids of those that were on.

        Raises:
            UnknownFaultError: There is none of that id.
        """
        if fault_id and fault_id not in self._active:
            raise UnknownFaultError(fault_id, self._active)
        chosen = [
            fault
            for fault in self._active.values()
            if fault_id in {"", fault.id} and (kind is None or type(fault.spec) is kind)
        ]
        for fault in chosen:
            self._end(fault, "cleared")
        return [fault.id for fault in chosen]

    def strike(self, fault: ActiveFault) -> bool:
        """See ``ActiveFault.strikes``."""
        if fault.is_spent:
            return False
        spec = fault.spec
        if spec.per_mille < PER_MILLE and self._chance.randrange(PER_MILLE) >= spec.per_mille:
            return False
        fault.hits += 1
        self.counts[kind_of(spec)] += 1
        if fault.hits == fault.limit:
            # Later, as whoever asked is in the middle of something that the end would change.
            self._clock.call_soon(lambda: self._end(fault, "spent"))
        return True

    def _act(self, fault: ActiveFault, injector: Injector) -> None:
        """Let it do what it does, and come back for more if it repeats."""
        fault.beat = None
        injector.act(fault)
        if fault.ended or not fault.spec.once:
            return
        every_ms: int = getattr(fault.spec, "every_ms", 0)
        if every_ms:
            fault.beat = self._timers.after(every_ms / 1000, lambda: self._act(fault, injector))
        else:
            self._end(fault, "done")

    def _end(self, fault: ActiveFault, why: str) -> None:
        if fault.ended:
            return
        fault.ended = why
        for deadline in (fault.expiry, fault.beat):
            if deadline is not None:
                deadline.cancel()
        del self._active[fault.id]
        self._sort(type(fault.spec))
        self._ended.append(fault)
        logger.warning("%s %s after %d hits", fault.id, why, fault.hits)
        self._injectors[type(fault.spec)].ended(fault)

    def _sort(self, kind: type[Fault]) -> None:
        self._by_kind[kind] = tuple(
            fault for fault in self._active.values() if type(fault.spec) is kind
        )
