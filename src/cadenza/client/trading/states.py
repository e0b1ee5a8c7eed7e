"""The life of an account's copy as a table: the next state and the move, by state and event."""

from __future__ import annotations

import enum
from typing import Final


class AccountState(enum.Enum):
    """How current the copy of an account is."""

    LOADING = "loading"
    """The state has not come yet."""
    LIVE = "live"
    """The copy has every event that the venue has sent."""
    STALE = "stale"
    """The connection is lost: the copy is as of that moment."""
    SYNCING = "syncing"
    """Events were missed: a new state has come, and orders that ended meanwhile are asked for."""
    BEHIND = "behind"
    """As SYNCING, and the connection was lost before the answers came."""
    CLOSED = "closed"
    """The copy is not kept current any more."""


class CopyEvent(enum.Enum):
    """The events that a copy meets."""

    ANEW = "subscribed, with a state and nothing recovered"
    BACK = "subscribed, and everything missed is recovered"
    LOST = "the connection is lost"
    FOUND_OUT = "the questions after a gap are answered"
    END = "closed, or ended by the server"


class CopyMove(enum.Enum):
    """The moves that events lead to."""

    NOTHING = "nothing"
    START = "take the state over"
    ASK = "keep the state, and ask what happened in the gap"
    ASK_ON = "go on asking, if that has ended with the connection"
    CATCH_UP = "take over the state, the answers, and the events that came since"
    CLOSE = "tell everybody who waits"


_F, _H, _S = AccountState, CopyEvent, CopyMove

COPY: Final[dict[tuple[AccountState, CopyEvent], tuple[AccountState, CopyMove]]] = {
    (_F.LOADING, _H.ANEW): (_F.LIVE, _S.START),
    (_F.LOADING, _H.BACK): (_F.LIVE, _S.START),
    (_F.LOADING, _H.LOST): (_F.LOADING, _S.NOTHING),
    (_F.LOADING, _H.FOUND_OUT): (_F.LOADING, _S.NOTHING),
    (_F.LOADING, _H.END): (_F.CLOSED, _S.CLOSE),
    (_F.LIVE, _H.ANEW): (_F.SYNCING, _S.ASK),
    (_F.LIVE, _H.BACK): (_F.LIVE, _S.NOTHING),
    (_F.LIVE, _H.LOST): (_F.STALE, _S.NOTHING),
    (_F.LIVE, _H.FOUND_OUT): (_F.LIVE, _S.NOTHING),
    (_F.LIVE, _H.END): (_F.CLOSED, _S.CLOSE),
    (_F.STALE, _H.ANEW): (_F.SYNCING, _S.ASK),
    (_F.STALE, _H.BACK): (_F.LIVE, _S.NOTHING),
    (_F.STALE, _H.LOST): (_F.STALE, _S.NOTHING),
    (_F.STALE, _H.FOUND_OUT): (_F.STALE, _S.NOTHING),
    (_F.STALE, _H.END): (_F.CLOSED, _S.CLOSE),
    (_F.SYNCING, _H.ANEW): (_F.SYNCING, _S.ASK),
    (_F.SYNCING, _H.BACK): (_F.SYNCING, _S.ASK_ON),
    (_F.SYNCING, _H.LOST): (_F.BEHIND, _S.NOTHING),
    (_F.SYNCING, _H.FOUND_OUT): (_F.LIVE, _S.CATCH_UP),
    (_F.SYNCING, _H.END): (_F.CLOSED, _S.CLOSE),
    (_F.BEHIND, _H.ANEW): (_F.SYNCING, _S.ASK),
    (_F.BEHIND, _H.BACK): (_F.SYNCING, _S.ASK_ON),
    (_F.BEHIND, _H.LOST): (_F.BEHIND, _S.NOTHING),
    (_F.BEHIND, _H.FOUND_OUT): (_F.STALE, _S.CATCH_UP),
    (_F.BEHIND, _H.END): (_F.CLOSED, _S.CLOSE),
    **{(_F.CLOSED, happening): (_F.CLOSED, _S.NOTHING) for happening in _H},
}
