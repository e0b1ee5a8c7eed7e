"""The lives of a client and of a subscription as tables: the next state and the move, by event.

Source: Centrifugo client SDK specification.
"""

from __future__ import annotations

import enum
from typing import Final


class ClientState(enum.Enum):
    """The states of a client."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    CONNECTED = "connected"


class ClientEvent(enum.Enum):
    """The events of a client."""

    CONNECT = "connect called"
    DISCONNECT = "disconnect called"
    ESTABLISHED = "connect result"
    TEMPORARY = "connect error that may pass"
    TOKEN_EXPIRED = "connect error 109"  # noqa: S105 - the name of an event
    REFUSED = "connect error that stays"
    TOKEN_FAILED = "get_token raised"  # noqa: S105 - the name of an event
    UNAUTHORIZED = "no token will come"
    LOST = "transport closed, or a code that reconnects"
    TERMINATED = "a code that does not reconnect"
    NO_PING = "no ping in time"
    UNANSWERED = "subscribe or unsubscribe unanswered"


class ClientMove(enum.Enum):
    """The moves of a client, to which events lead."""

    DIAL = "open a connection"
    WELCOME = "tell the subscriptions"
    RETRY = "open another connection after a pause"
    RENEW = "drop the token, then as RETRY"
    END = "close, and tell everybody why"
    IGNORE = "nothing"


_A, _B, _C = ClientState.DISCONNECTED, ClientState.CONNECTING, ClientState.CONNECTED

CLIENT: Final[dict[tuple[ClientState, ClientEvent], tuple[ClientState, ClientMove]]] = {
    **{
        (state, event): (state, ClientMove.IGNORE) for state in ClientState for event in ClientEvent
    },
    (_A, ClientEvent.CONNECT): (_B, ClientMove.DIAL),
    (_B, ClientEvent.DISCONNECT): (_A, ClientMove.END),
    (_B, ClientEvent.ESTABLISHED): (_C, ClientMove.WELCOME),
    (_B, ClientEvent.TEMPORARY): (_B, ClientMove.RETRY),
    (_B, ClientEvent.TOKEN_EXPIRED): (_B, ClientMove.RENEW),
    (_B, ClientEvent.REFUSED): (_A, ClientMove.END),
    (_B, ClientEvent.TOKEN_FAILED): (_B, ClientMove.RETRY),
    (_B, ClientEvent.UNAUTHORIZED): (_A, ClientMove.END),
    (_B, ClientEvent.LOST): (_B, ClientMove.RETRY),
    (_B, ClientEvent.TERMINATED): (_A, ClientMove.END),
    (_C, ClientEvent.DISCONNECT): (_A, ClientMove.END),
    (_C, ClientEvent.REFUSED): (_A, ClientMove.END),  # of a refresh
    (_C, ClientEvent.UNAUTHORIZED): (_A, ClientMove.END),
    (_C, ClientEvent.LOST): (_B, ClientMove.RETRY),
    (_C, ClientEvent.TERMINATED): (_A, ClientMove.END),
    (_C, ClientEvent.NO_PING): (_B, ClientMove.RETRY),
    (_C, ClientEvent.UNANSWERED): (_B, ClientMove.RETRY),
}


class SubscriptionState(enum.Enum):
    """The states of a subscription."""

    UNSUBSCRIBED = "unsubscribed"
    SUBSCRIBING = "subscribing"
    SUBSCRIBED = "subscribed"


class SubscriptionEvent(enum.Enum):
    """The events of a subscription."""

    SUBSCRIBE = "subscribe called"
    UNSUBSCRIBE = "unsubscribe called"
    CONNECTED = "the client connected"
    LOST = "the client's connection ended"
    RESULT = "subscribe result"
    TEMPORARY = "subscribe error that may pass, or get_token raised"
    TOKEN_EXPIRED = "subscribe error 109"  # noqa: S105 - the name of an event
    REFUSED = "subscribe error that stays"
    UNAUTHORIZED = "no token will come"
    UNANSWERED = "no answer to subscribe in time"
    PUSHED_OUT = "push unsubscribe below 2500"
    PUSHED_AGAIN = "push unsubscribe from 2500"


class SubscriptionMove(enum.Enum):
    """The moves of a subscription, to which events lead."""

    ASK = "send subscribe, if the client is connected"
    WELCOME = "take the result, deliver what was recovered"
    RETRY = "ASK after a pause"
    RENEW = "drop the token, then as RETRY"
    PAUSE = "wait for the client"
    RECONNECT = "the connection cannot be trusted: a new one"
    LEAVE = "send unsubscribe, then as END"
    END = "tell everybody why"
    IGNORE = "nothing"


_U = SubscriptionState.UNSUBSCRIBED
_S = SubscriptionState.SUBSCRIBING
_D = SubscriptionState.SUBSCRIBED
_E = SubscriptionEvent
_M = SubscriptionMove

SUBSCRIPTION: Final[
    dict[
        tuple[SubscriptionState, SubscriptionEvent],
        tuple[SubscriptionState, SubscriptionMove],
    ]
] = {
    **{(state, event): (state, _M.IGNORE) for state in SubscriptionState for event in _E},
    (_U, _E.SUBSCRIBE): (_S, _M.ASK),
    (_S, _E.UNSUBSCRIBE): (_U, _M.LEAVE),
    (_S, _E.CONNECTED): (_S, _M.ASK),
    (_S, _E.LOST): (_S, _M.PAUSE),
    (_S, _E.RESULT): (_D, _M.WELCOME),
    (_S, _E.TEMPORARY): (_S, _M.RETRY),
    (_S, _E.TOKEN_EXPIRED): (_S, _M.RENEW),
    (_S, _E.REFUSED): (_U, _M.END),
    (_S, _E.UNAUTHORIZED): (_U, _M.END),
    (_S, _E.UNANSWERED): (_S, _M.RECONNECT),
    (_S, _E.PUSHED_OUT): (_U, _M.END),
    (_D, _E.UNSUBSCRIBE): (_U, _M.LEAVE),
    (_D, _E.LOST): (_S, _M.PAUSE),
    (_D, _E.REFUSED): (_U, _M.LEAVE),  # of a sub_refresh
    (_D, _E.UNAUTHORIZED): (_U, _M.LEAVE),
    (_D, _E.PUSHED_OUT): (_U, _M.END),
    (_D, _E.PUSHED_AGAIN): (_S, _M.ASK),
}
