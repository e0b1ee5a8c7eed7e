"""The life of a connection as a table: what a client sends, in which state, and what that means."""

from __future__ import annotations

import enum
from typing import Final

from cadenza.protocol.messages import Command


class State(enum.Enum):
    """Where a connection is in its life."""

    NEW = "new"
    """Open, and nobody yet: waits for ``connect``."""
    CONNECTED = "connected"
    REFUSED = "refused"
    """Its ``connect`` was answered with an error: nothing more is read, it ends as stale."""
    CLOSED = "closed"


class Input(enum.Enum):
    """What a client may send."""

    CONNECT = "connect"
    COMMAND = "command"
    SEND = "send"
    PING = "ping"
    """The ``ping`` command, which no client sends: the protocol's ping is the server's."""
    PONG = "pong"
    """A message without id that is no ``send``; usually without anything."""
    NOTHING = "nothing"
    """An id and no request that is known."""


class Move(enum.Enum):
    """What a connection does with it."""

    CONNECT = "connect"
    RUN = "run"
    PONG = "pong"
    PING = "ping"
    IGNORE = "ignore"
    CLOSE = "close"
    """Disconnect 3501: that was not the protocol."""


MOVES: Final[dict[tuple[State, Input], Move]] = {
    (State.NEW, Input.CONNECT): Move.CONNECT,
    (State.NEW, Input.COMMAND): Move.CLOSE,
    (State.NEW, Input.SEND): Move.CLOSE,
    (State.NEW, Input.PING): Move.CLOSE,
    (State.NEW, Input.PONG): Move.CLOSE,
    (State.NEW, Input.NOTHING): Move.CLOSE,
    (State.CONNECTED, Input.CONNECT): Move.CLOSE,
    (State.CONNECTED, Input.COMMAND): Move.RUN,
    (State.CONNECTED, Input.SEND): Move.RUN,
    (State.CONNECTED, Input.PING): Move.PING,
    (State.CONNECTED, Input.PONG): Move.PONG,
    (State.CONNECTED, Input.NOTHING): Move.CLOSE,
    **{(State.REFUSED, given): Move.IGNORE for given in Input},
    **{(State.CLOSED, given): Move.IGNORE for given in Input},
}

# In the order in which the server looks for a request where several are set.
REQUESTS: Final = (
    "subscribe",
    "unsubscribe",
    "publish",
    "presence",
    "presence_stats",
    "history",
    "rpc",
    "send",
    "refresh",
    "sub_refresh",
)


def classify(command: Command) -> tuple[Input, str]:
    """What a command is, and the name of its request."""
    if command.connect is not None:
        return (Input.CONNECT if command.id else Input.PONG), "connect"
    if command.ping is not None:
        return (Input.PING if command.id else Input.PONG), "ping"
    for name in REQUESTS:
        if getattr(command, name) is not None:
            if name == "send":
                return Input.SEND, name
            return (Input.COMMAND if command.id else Input.PONG), name
    return (Input.NOTHING if command.id else Input.PONG), ""
