"""``cadenza pnl``: prints what trading has earned or lost."""

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
    "instrument",
    "fills",
    "quantity",
    "entry",
    "price",
    "realized",
    "unrealized",
    "fees",
    "net",
    "currency",
)


def pnl(  # noqa: PLR0917 - typer reads the options from the parameters
    since: SinceOption = None,
    instrument: InstrumentOption = None,
    account: AccountOption = None,
    json: JsonOption = False,
    url: UrlOption = None,
    profile: ProfileOption = None,
    token_file: TokenFileOption = None,
    protocol: ProtocolOption = Protocol.JSON,
) -> None:
    """Print realized and unrealized profit, fees and what is left, for each instrument.

    It is computed from the fills, so deposits are no profit. With --since only the fills from then
    on count, as if nothing had been held before.
    """
    start = time_argument(since)
    target = find_target(url, profile, token_file, protocol)

    perform(lambda: _show(target, account, start, instrument, as_json=json))


async def _show(
    target: Target,
    account_id: str | None,
    since: int | None,
    instrument: str | None,
    *,
    as_json: bool,
) -> None:
    async with account_session(target, account_id) as account:
        found = await account.pnl(since=since, instrument=instrument)
    rows = [_fields(it) for it in found.instruments.values()]
    totals = [found.of(it) for it in found.currencies]
    start = iso_of(found.since) if found.since else ""
    if as_json:
        nets = {part.currencies[0]: plain(part.net) for part in totals}
        emit(json_line({"since": start, "net": nets, "instruments": rows}))
        return
    emit_table(_COLUMNS, rows)
    for part in totals:
        emit(f"net {part.net:+.2f} {part.currencies[0]} since {start}")
    if not totals:
        emit("net 0.00, as nothing was filled")


def _fields(part: cadenza.InstrumentPnl) -> dict[str, Any]:
    shown: dict[str, Any] = plain(
        {
            "instrument": part.instrument,
            "fills": part.fills,
            "quantity": part.quantity,
            "entry": part.entry_price,
            "price": part.price,
            "realized": part.realized,
            "unrealized": part.unrealized,
            "fees": part.fees,
            "net": part.net,
            "currency": part.currency,
        }
    )
    return shown
