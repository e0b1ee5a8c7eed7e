"""Every state against every event, for clients and subscriptions."""

from __future__ import annotations

import pytest

from cadenza.client.states import (
    CLIENT,
    SUBSCRIPTION,
    ClientEvent,
    ClientMove,
    ClientState,
    SubscriptionEvent,
    SubscriptionMove,
    SubscriptionState,
)

CLIENT_ROWS = """
                disconnected        connecting          connected
CONNECT         connecting DIAL     -                   -
DISCONNECT      -                   disconnected END    disconnected END
ESTABLISHED     -                   connected WELCOME   -
TEMPORARY       -                   connecting RETRY    -
TOKEN_EXPIRED   -                   connecting RENEW    -
REFUSED         -                   disconnected END    disconnected END
TOKEN_FAILED    -                   connecting RETRY    -
UNAUTHORIZED    -                   disconnected END    disconnected END
LOST            -                   connecting RETRY    connecting RETRY
TERMINATED      -                   disconnected END    disconnected END
NO_PING         -                   -                   connecting RETRY
UNANSWERED      -                   -                   connecting RETRY
"""

SUBSCRIPTION_ROWS = """
                unsubscribed        subscribing             subscribed
SUBSCRIBE       subscribing ASK     -                       -
UNSUBSCRIBE     -                   unsubscribed LEAVE      unsubscribed LEAVE
CONNECTED       -                   subscribing ASK         -
LOST            -                   subscribing PAUSE       subscribing PAUSE
RESULT          -                   subscribed WELCOME      -
TEMPORARY       -                   subscribing RETRY       -
TOKEN_EXPIRED   -                   subscribing RENEW       -
REFUSED         -                   unsubscribed END        unsubscribed LEAVE
UNAUTHORIZED    -                   unsubscribed END        unsubscribed LEAVE
UNANSWERED      -                   subscribing RECONNECT   -
PUSHED_OUT      -                   unsubscribed END        unsubscribed END
PUSHED_AGAIN    -                   -                       subscribing ASK
"""


def cells(text, states, events, moves):
    """The rows as ``(state, event, next state, move)``; ``-`` stays and ignores."""
    for row in text.strip().splitlines()[1:]:
        name, *words = row.split()
        for state in states:
            first = words.pop(0)
            if first == "-":
                yield state, events[name], state, moves.IGNORE
            else:
                yield state, events[name], states(first), moves[words.pop(0)]


CLIENT_CELLS = list(cells(CLIENT_ROWS, ClientState, ClientEvent, ClientMove))
SUBSCRIPTION_CELLS = list(
    cells(SUBSCRIPTION_ROWS, SubscriptionState, SubscriptionEvent, SubscriptionMove)
)


@pytest.mark.parametrize(("state", "event", "after", "move"), CLIENT_CELLS)
def test_client(state, event, after, move):
    """A client does what the specification's table says."""
    assert CLIENT[state, event] == (after, move)


@pytest.mark.parametrize(("state", "event", "after", "move"), SUBSCRIPTION_CELLS)
def test_subscription(state, event, after, move):
    """A subscription does what the specification's table says."""
    assert SUBSCRIPTION[state, event] == (after, move)


def test_the_rows_are_all():
    """No state and no event is left out, here or there."""
    assert {it[:2] for it in CLIENT_CELLS} == set(CLIENT)
    assert {it[:2] for it in SUBSCRIPTION_CELLS} == set(SUBSCRIPTION)
    assert len(CLIENT) == len(ClientState) * len(ClientEvent)
    assert len(SUBSCRIPTION) == len(SubscriptionState) * len(SubscriptionEvent)
