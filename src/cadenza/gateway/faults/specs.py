"""What a caller asks for: each kind of fault as a type, with its target and parameters.

``faults.set`` takes one of these as JSON, told apart by ``kind``. Milliseconds are whole numbers,
shares are in thousandths. A field left out has the default that stands here.
"""

from __future__ import annotations

from typing import ClassVar, Final, TypeAlias

import msgspec

CONNECTIONS: Final = frozenset({"user", "client", "channel"})
"""Target fields of faults that concern connections."""
BOOKS: Final = frozenset({"channel", "instrument"})
"""Target fields of faults that concern order books."""
ORDERS: Final = frozenset({"account", "instrument", "client_order_id_prefix"})
"""Target fields of faults that concern orders."""
NOTHING: Final[frozenset[str]] = frozenset()

PER_MILLE: Final = 1000


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
