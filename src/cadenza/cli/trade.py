"""``cadenza trade``: submits one order."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

import cadenza
from cadenza.cli.account_session import account_session
from cadenza.cli.exits import Exit, Failure
from cadenza.cli.options import (
    AccountOption,
    JsonOption,
    ProfileOption,
    Protocol,
    ProtocolOption,
    TokenFileOption,
    UrlOption,
)
from cadenza.cli.order_table import emit_orders
from cadenza.cli.output import is_terminal
from cadenza.cli.program import perform
from cadenza.cli.target import Target, find_target

_WORDS: Final = {
    "price": "at",
    "stop_price": "stop",
    "time_in_force": "",
    "take_profit": "take profit",
    "stop_loss": "stop loss",
}


class Side(StrEnum):
    """The side of an order."""

    BUY = "buy"
    SELL = "sell"


def trade(  # noqa: PLR0917 - typer reads the options from the parameters
    side: Annotated[Side, typer.Argument(help="Side of the order.", case_sensitive=False)],
    instrument: Annotated[str, typer.Argument(metavar="INSTRUMENT", help="As PAPER:BTC/USDT.")],
    quantity: Annotated[str, typer.Argument(metavar="QUANTITY", help="In the base asset.")],
    price: Annotated[str | None, typer.Option("--price", "-p", help="The limit.")] = None,
    order_type: Annotated[
        str | None,
        typer.Option("--type", help="As STOP_LIMIT; without it LIMIT with a price, else MARKET."),
    ] = None,
    stop_price: Annotated[
        str | None, typer.Option("--stop-price", help="The trigger of stops and take-profits.")
    ] = None,
    time_in_force: Annotated[
        str | None, typer.Option("--time-in-force", help="GTC, IOC, FOK, DAY or GTX.")
    ] = None,
    post_only: Annotated[bool, typer.Option("--post-only", help="Never take.")] = False,
    is_quote: Annotated[
        bool, typer.Option("--quote", help="QUANTITY is an amount of the quote asset.")
    ] = False,
    take_profit: Annotated[
        str | None, typer.Option("--take-profit", help="Trigger of an exit in profit.")
    ] = None,
    stop_loss: Annotated[
        str | None, typer.Option("--stop-loss", help="Trigger of an exit in loss.")
    ] = None,
    client_order_id: Annotated[
        str | None,
        typer.Option(
            "--client-order-id", help="Your id for it; the same id makes no second order."
        ),
    ] = None,
    wait: Annotated[
        float | None,
        typer.Option(
            "--wait", metavar="SECONDS", min=0.1, help="Wait for its end; exit 1 if not filled."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    account: AccountOption = None,
    json: JsonOption = False,
    url: UrlOption = None,
    profile: ProfileOption = None,
    token_file: TokenFileOption = None,
    protocol: ProtocolOption = Protocol.JSON,
) -> None:
    """Submit an order and print it.

    It is printed as the venue has acknowledged it. At a terminal it asks first; anywhere else it
    wants --yes. An order whose acknowledgement is lost is sent again under the same name, so that
    there is one order.
    """
    target = find_target(url, profile, token_file, protocol)
    given = {
        "side": side.value.upper(),
        "instrument": instrument,
        "quote_quantity" if is_quote else "quantity": quantity,
        "price": price,
        "type": order_type,
        "stop_price": stop_price,
        "time_in_force": time_in_force,
        "post_only": post_only or None,
        "take_profit": take_profit,
        "stop_loss": stop_loss,
    }
    terms = {name: value for name, value in given.items() if value is not None}
    if not yes:
        confirm(_question(side, instrument, quantity, terms))

    perform(lambda: _submit(target, account, terms, client_order_id, wait, as_json=json))


def confirm(question: str) -> None:
    """Ask at a terminal; anywhere else refuse.

    Raises:
        Failure: The answer is no, or nobody is there to answer.
    """
    if not is_terminal(sys.stdin) or not is_terminal(sys.stderr):
        nobody = "there is no terminal to ask at: --yes says that you mean it"
        raise Failure(nobody, Exit.USAGE)
    if not typer.confirm(question, err=True):
        raise Failure("not confirmed, nothing was sent")


def _question(side: Side, instrument: str, quantity: str, terms: Mapping[str, object]) -> str:
    kind = terms.get("type") or ("LIMIT" if "price" in terms else "MARKET")
    amount = f"{instrument} for {quantity}" if "quote_quantity" in terms else ""
    words = [side.value, amount or f"{quantity} {instrument}", str(kind)]
    for name, word in _WORDS.items():
        if name in terms:
            words.append(f"{word} {terms[name]}")
    return " ".join(words) + "?"


async def _submit(
    target: Target,
    account_id: str | None,
    terms: Mapping[str, Any],
    client_order_id: str | None,
    wait: float | None,
    *,
    as_json: bool,
) -> None:
    """Submit an order and print it; with ``wait``, when it has ended or so many seconds are over.

    Raises:
        Failure: It was not taken, or it ended without being filled.
    """
    async with account_session(target, account_id) as account:
        try:
            order = await account.submit(client_order_id=client_order_id, **terms)
        except cadenza.OrderRejectedError as error:
            if error.order is not None:
                emit_orders([error.order], as_json=as_json)
            raise Failure(f"the order was not taken: {error.message}") from error
        trouble: cadenza.ClientError | None = None
        if wait is not None:
            try:
                await order.filled(timeout=wait)
            except (cadenza.OrderEndedError, TimeoutError) as error:
                trouble = error if isinstance(error, cadenza.ClientError) else None
        emit_orders([order], as_json=as_json)
        if trouble is not None:
            raise Failure(str(trouble)) from trouble
