"""``cadenza amend``: changes the terms of an order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

import cadenza
from cadenza.cli.account_session import account_session, reason_of
from cadenza.cli.exits import Failure
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
from cadenza.cli.program import perform
from cadenza.cli.target import Target, find_target


def amend(  # noqa: PLR0917 - typer reads the options from the parameters
    order: Annotated[str, typer.Argument(metavar="ORDER", help="Its id, or client order id.")],
    price: Annotated[str | None, typer.Option("--price", "-p", help="The new limit.")] = None,
    quantity: Annotated[
        str | None,
        typer.Option("--quantity", "-q", help="The whole new quantity, the filled part included."),
    ] = None,
    stop_price: Annotated[str | None, typer.Option("--stop-price", help="The new trigger.")] = None,
    account: AccountOption = None,
    json: JsonOption = False,
    url: UrlOption = None,
    profile: ProfileOption = None,
    token_file: TokenFileOption = None,
    protocol: ProtocolOption = Protocol.JSON,
) -> None:
    """Change an open order, and print it as it is now.

    What is left out stays as it is. Only a smaller quantity keeps the place in the queue.
    """
    given = {"price": price, "quantity": quantity, "stop_price": stop_price}
    terms = {name: value for name, value in given.items() if value is not None}
    if not terms:
        raise typer.BadParameter("give a new one", param_hint="--price, --quantity, --stop-price")
    target = find_target(url, profile, token_file, protocol)

    perform(lambda: _amend(target, account, order, terms, as_json=json))


async def _amend(
    target: Target, account_id: str | None, name: str, terms: Mapping[str, str], *, as_json: bool
) -> None:
    """Change an order and print it.

    Raises:
        Failure: It has ended, or the venue refused.
    """
    async with account_session(target, account_id) as account:
        try:
            order = await account.amend(
                name,
                price=terms.get("price"),
                quantity=terms.get("quantity"),
                stop_price=terms.get("stop_price"),
            )
        except (cadenza.OrderEndedError, cadenza.ApiError) as error:
            raise Failure(f"{name}: {reason_of(error)}") from error
        emit_orders([order], as_json=as_json)
