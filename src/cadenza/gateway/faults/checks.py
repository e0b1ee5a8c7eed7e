"""Which faults may be asked for: limits, and fields that do not go together."""

from __future__ import annotations

from typing import Final

from cadenza.config import FaultsConfig
from cadenza.gateway.faults.errors import FaultRequestError
from cadenza.gateway.faults.specs import (
    PER_MILLE,
    AnyFault,
    Delay,
    Drop,
    Expire,
    Order,
    Stall,
    kind_of,
)

MAX_TEXT: Final = 255
"""Characters of a text in a target or a reason."""
MAX_REASON: Final = 120
"""Bytes of a disconnect reason: a close frame holds 123."""
MAX_COUNT: Final = 1_000_000
MIN_EVERY_MS: Final = 10
"""The shortest interval of what repeats."""
MIN_LIFETIME_MS: Final = 1000
"""Lifetimes on the wire count whole seconds."""

# What a client may be told in a close frame (RFC 6455) and by this protocol.
_CODES: Final = range(3000, 5000)


def check(fault: AnyFault, config: FaultsConfig) -> None:
    """Refuse what is out of bounds or contradicts itself.

    Raises:
        FaultRequestError: The first thing that is wrong, with its field.
    """
    _check_target(fault)
    _between("per_mille", fault.per_mille, 1, PER_MILLE)
    _between("count", fault.count, 0, MAX_COUNT)
    if fault.count and fault.lasts:
        raise FaultRequestError(
            "count", f"means nothing for the kind {kind_of(fault)}, which lasts until it is cleared"
        )
    _between("ttl_ms", fault.ttl_ms, 0, _ms(config.max_ttl))
    every = getattr(fault, "every_ms", 0)
    if every:
        _between("every_ms", every, MIN_EVERY_MS, _ms(config.max_ttl))
    for name in ("reason", "reject"):
        _short(name, getattr(fault, name, ""))
    match fault:
        case Drop():
            _check_drop(fault)
        case Delay() | Stall():
            _between("ms", fault.ms, 1, _ms(config.max_delay))
        case Expire() if fault.ms:
            _between("ms", fault.ms, MIN_LIFETIME_MS, _ms(config.max_ttl), " (or 0: now)")
        case Order():
            _check_order(fault, config)
        case _:
            pass


def _check_target(fault: AnyFault) -> None:
    for name in sorted(fault.target.given()):
        if name not in fault.targets:
            takes = ", ".join(sorted(fault.targets)) or "none"
            raise FaultRequestError(
                f"target.{name}",
                f"means nothing for the kind {kind_of(fault)}, which takes: {takes}",
            )
        _short(f"target.{name}", getattr(fault.target, name))


def _check_drop(fault: Drop) -> None:
    if fault.code and fault.code not in _CODES:
        raise FaultRequestError(
            "code", f"must be 0 or {_CODES.start} to {_CODES.stop - 1}, not {_shown(fault.code)}"
        )
    if fault.reason and not fault.code:
        raise FaultRequestError("reason", "is told beside a code only; there is none")
    if len(fault.reason.encode()) > MAX_REASON:
        raise FaultRequestError("reason", f"must not be longer than {MAX_REASON} bytes")


def _check_order(fault: Order, config: FaultsConfig) -> None:
    _between("delay_ms", fault.delay_ms, 0, _ms(config.max_delay))
    if fault.fill_permille is not None:
        _between("fill_permille", fault.fill_permille, 0, PER_MILLE)
    elif not fault.reject and not fault.delay_ms:
        raise FaultRequestError("", "an order fault needs reject, delay_ms or fill_permille")


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _between(field: str, value: int, least: int, most: int, more: str = "") -> None:
    if not least <= value <= most:
        raise FaultRequestError(field, f"must be {least} to {most}{more}, not {_shown(value)}")


def _shown(value: int) -> str:
    """A number as an error repeats it: huge ones only as such."""
    return str(value) if abs(value) < 10**18 else "a number of more than 18 digits"


def _short(field: str, text: str) -> None:
    if len(text) > MAX_TEXT:
        raise FaultRequestError(field, f"must not be longer than {MAX_TEXT} characters")
