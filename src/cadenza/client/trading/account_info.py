"""An account as the list of accounts shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from msgspec import UNSET

from cadenza.client.fields import text_of
from cadenza.client.raw import millis
from cadenza.models import RpcTradingAccount, TradingAccountStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountInfo:
    """What an account is.

    Attributes:
        account_id: Its id.
        nickname: The owner's name for it.
        venue: Its main venue.
        status: Whether it can trade.
        created_at: Milliseconds since the epoch, UTC.
        raw: As the venue sent it.
    """

    account_id: str
    nickname: str
    venue: str
    status: TradingAccountStatus | None
    created_at: int
    raw: Any = field(repr=False, compare=False)


def info_of(data: RpcTradingAccount, raw: Any) -> AccountInfo:
    """An account of the wire."""
    return AccountInfo(
        account_id=text_of(data.trading_account_id),
        nickname=text_of(data.nickname),
        venue=text_of(data.venue),
        status=None if data.status is UNSET else data.status,
        created_at=millis(data.created_at),
        raw=raw,
    )
