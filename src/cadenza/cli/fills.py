"""``cadenza fills``: prints the fills of an account."""

from __future__ import annotations

from typing import Any, Final

import cadenza
from cadenza.cli.account_session import account_session
from cadenza.cli.arguments import time_argument
from cadenza.cli.options import (
    AccountOption,
    InstrumentOption,
    JsonOption,
    ProfileOption,
    Protocol,
    ProtocolOption,
    SinceOption,
    TokenFileOption,
    UrlOption,
)
from cadenza.cli.output import emit, emit_table, json_line, plain
from cadenza.cli.program import perform
from cadenza.cli.target import Target, find_target
from cadenza.models import iso_of

_COLUMNS: Final = (
    "time",
    "instrument",
    "side",
    "quantity",
    "price",
    "cost",
    "fee",
    "role",
    "order",
)


def fills(  # noqa: PLR0917 - typer reads the options from the parameters
    since: SinceOption = None,
    instrument: InstrumentOption = None,
    account: AccountOption = None,
    json: JsonOption = False,
    url: UrlOption = None,
    profile: ProfileOption = None,
    token_file: TokenFileOption = None,
    protocol: ProtocolOption = Protocol.JSON,
) -> None:
    """Print what was bought and sold, the oldest first."""
    start = time_argument(since)
    target = find_target(url, profile, token_file, protocol)

    perform(lambda: _list(target, account, start, instrument, as_json=json))


async def _list(
    target: Target,
    account_id: str | None,
    since: int | None,
    instrument: str | None,
    *,
    as_json: bool,
) -> None:
    async with account_session(target, account_id) as account:
        rows = [_fields(it) for it in await account.fills(since=since, instrument=instrument)]
    if not as_json:
        emit_table(_COLUMNS, rows)
        return
    for row in rows:
        emit(json_line(row))


def _fields(fill: cadenza.Execution) -> dict[str, Any]:
    shown: dict[str, Any] = plain(
        {
            "time": iso_of(fill.at),
            "instrument": fill.instrument,
            "side": fill.side.value,
            "quantity": fill.quantity,
            "price": fill.price,
            "cost": fill.cost,
            "fee": " ".join(f"{amount:f} {asset}" for asset, amount in fill.fees.items()),
            "role": "MAKER" if fill.is_maker else "TAKER",
            "order": fill.order_id,
            "client_order_id": fill.client_order_id,
            "execution": fill.execution_id,
        }
    )
    return shown
