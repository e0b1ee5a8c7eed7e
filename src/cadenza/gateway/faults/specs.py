"""The kinds of faults, each a type with its target and parameters, and their limits.

``faults.set`` takes one of these as JSON, told apart by ``kind``. Milliseconds are whole numbers,
shares are in thousandths. A field left out has the default that stands here.
"""

from __future__ import annotations

from typing import ClassVar, Final, TypeAlias

import msgspec

from cadenza.config import FaultsConfig
from cadenza.gateway.faults.errors import FaultRequestError

CONNECTIONS: Final = frozenset({"user", "client", "channel"})
"""Target fields of faults that concern connections."""
BOOKS: Final = frozenset({"channel", "instrument"})
"""Target fields of faults that concern order books."""
ORDERS: Final = frozenset({"account", "instrument", "client_order_id_prefix"})
"""Target fields of faults that concern orders."""
NOTHING: Final[frozenset[str]] = frozenset()

PER_MILLE: Final = 1000

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


class Target(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Whom a fault concerns: all that fits every field given. Without fields: everybody.

    Attributes:
        user: Connections of this user.
        client: The connection with this client id.
        channel: Connections subscribed to this channel; for books, the book of this channel.
        instrument: This instrument id.
        account: Orders of this account id.
        client_order_id_prefix: Orders whose client order id begins so.
    """

    user: str = ""
    client: str = ""
    channel: str = ""
    instrument: str = ""
    account: str = ""
    client_order_id_prefix: str = ""

    def given(self) -> frozenset[str]:
        """Names of the fields that are not empty."""
        return frozenset(name for name in self.__struct_fields__ if getattr(self, name))


class Fault(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"
):
    """What all kinds have in common.

    Attributes:
        target: Whom it concerns.
        per_mille: How probable it is that it hits where it could, in thousandths.
        count: It ends by itself after so many hits; 0: its time ends it.
        ttl_ms: It ends by itself after this time; 0: after ``faults.default_ttl``.
    """

    targets: ClassVar[frozenset[str]] = NOTHING
    """The target fields that the kind understands."""
    once: ClassVar[bool] = False
    """It hits when it is switched on and is over then, unless ``every_ms`` repeats it."""
    lasts: ClassVar[bool] = False
    """It is a state and not a series of hits, so that no number of them could end it."""

    target: Target = Target()
    per_mille: int = PER_MILLE
    count: int = 0
    ttl_ms: int = 0


class Drop(Fault, frozen=True, kw_only=True, tag="drop"):
    """Connections end.

    Attributes:
        code: The disconnect code that the client is told; 0: the connection is cut without a word.
        reason: What stands beside the code.
        every_ms: Do so again after each such interval; 0: once, now.
    """

    targets = CONNECTIONS
    once = True

    code: int = 0
    reason: str = ""
    every_ms: int = 0


class Delay(Fault, frozen=True, kw_only=True, tag="delay"):
    """What is written to connections leaves ``ms`` later, in order."""

    targets = CONNECTIONS

    ms: int


class Stall(Fault, frozen=True, kw_only=True, tag="stall"):
    """Nothing leaves to connections for ``ms``, pings neither; then everything, in order.

    A client that does not see pings for too long leaves, as it would on a network that stalls.

    Attributes:
        ms: How long.
        every_ms: Do so again after each such interval; 0: once, now.
    """

    targets = CONNECTIONS
    once = True

    ms: int
    every_ms: int = 0


class Expire(Fault, frozen=True, kw_only=True, tag="expire"):
    """Connection tokens expire early.

    Attributes:
        ms: What is left to each token, at least a second: connections and those that come get
            such a lifetime, and have to refresh. 0: connections end with 3005 now, and the
            tokens that were used before are expired (109) while the fault is on.
    """

    targets = frozenset({"user"})

    ms: int = 0


class BookGap(Fault, frozen=True, kw_only=True, tag="book_gap"):
    """The next DIFF payloads of books are left out, as many as ``count`` says; 0: one."""

    targets = BOOKS


class BookSnapshots(Fault, frozen=True, kw_only=True, tag="book_snapshots"):
    """Books publish a SNAPSHOT where they would publish a DIFF."""

    targets = BOOKS


class FeedUnhealthy(Fault, frozen=True, kw_only=True, tag="feed_unhealthy"):
    """Books are stale, as if their feed had lost track; a SNAPSHOT ends it."""

    targets = BOOKS
    lasts = True


class NodeUnhealthy(Fault, frozen=True, kw_only=True, tag="node_unhealthy"):
    """Health checks fail.

    Attributes:
        reason: What the log says.
    """

    lasts = True

    reason: str = "a fault was injected"


class Order(Fault, frozen=True, kw_only=True, tag="order"):
    """Orders are rejected, delayed or partly filled; see ``OrderFault``."""

    targets = ORDERS

    reject: str = ""
    delay_ms: int = 0
    fill_permille: int | None = None


AnyFault: TypeAlias = (
    Drop | Delay | Stall | Expire | BookGap | BookSnapshots | FeedUnhealthy | NodeUnhealthy | Order
)
KINDS: Final[dict[str, type[Fault]]] = {
    "drop": Drop,
    "delay": Delay,
    "stall": Stall,
    "expire": Expire,
    "book_gap": BookGap,
    "book_snapshots": BookSnapshots,
    "feed_unhealthy": FeedUnhealthy,
    "node_unhealthy": NodeUnhealthy,
    "order": Order,
}
"""Every kind by its name on the wire."""


def kind_of(fault: Fault) -> str:
    """The kind's name on the wire."""
    return str(type(fault).__struct_config__.tag)


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
