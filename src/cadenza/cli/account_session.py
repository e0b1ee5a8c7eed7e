"""An account that a command follows, from its connection to its close."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import cadenza
from cadenza.cli.exits import Exit, Failure
from cadenza.cli.session import Notes, opened, silent
from cadenza.cli.target import Target


@asynccontextmanager
async def account_session(
    target: Target, account_id: str | None, notes: Notes = silent
) -> AsyncIterator[cadenza.Account]:
    """A trading account whose orders, balances and positions are up to date.

    Args:
        target: The server and the identity.
        account_id: The account; without it the profile's, or the only one there is.
        notes: Hears what becomes of the connection.

    Raises:
        Failure: No account is named and there is not exactly one; or the venue's own words.
    """
    async with opened(target, notes=notes) as session:
        try:
            chosen = account_id or target.account or None
            async with await session.client.account(chosen) as account:
                yield account
        except cadenza.AccountChoiceError as error:
            which = ", ".join(error.choices) or "none"
            several = f"which account? Give --account or a profile one; there is {which}"
            raise Failure(several, Exit.USAGE) from error
        except cadenza.OutcomeUnknownError as error:
            unknown = f"{error}; cadenza orders shows what there is"
            raise Failure(unknown, Exit.UNREACHABLE) from error
        except cadenza.ApiError as error:
            raise Failure(reason_of(error)) from error


def reason_of(error: cadenza.ClientError) -> str:
    """An error in words; a refusal of the venue with its number."""
    if isinstance(error, cadenza.ApiError):
        return f"{error.errno} {error.message}"
    return str(error)
