"""The catalogue of what an operation can answer instead of a result.

A code is ``AABBB``: two digits for the module (`MODULES`), three for the error. The same entry
answers over RPC (``code``, ``message``, ``temporary``) and over REST (``errno``, ``error``, the
name in ``details.code``, and the HTTP status). The API publishes no table of its own; its HTTP
statuses are 200, 400, 401, 403, 404, 409, 429, 500 and 503, and what HTTP itself demands (405, 413)
is added.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from cadenza.gateway.operations import error_table as table
from cadenza.gateway.operations.error_table import MODULES, ErrorEntry
from cadenza.models import ErrorDetails, RpcError

__all__ = ["CATALOGUE", "MODULES", "ErrorEntry", "OperationError", "Problem", "cut"]

LONGEST_VALUE: Final = 60
"""Characters of a client's own value that an answer repeats."""
LONGEST_MESSAGE: Final = 600

CATALOGUE: Final = tuple(value for value in vars(table).values() if isinstance(value, ErrorEntry))
"""Every entry, by rising code."""


def cut(text: str, longest: int = LONGEST_VALUE) -> str:
    """A text, shortened where a client sent too much of it."""
    return text if len(text) <= longest else f"{text[:longest]}..."


class Problem(NamedTuple):
    """What else an answer says about an error.

    Attributes:
        field: The request's field that is to blame, a path such as ``tradeOrder.limitPrice``.
        required: What would have been right: valid values, or the fields that are missing.
        provided: What was given instead.
        facts: Anything else a program may want, JSON values by name.
    """

    field: str = ""
    required: tuple[str, ...] = ()
    provided: tuple[str, ...] = ()
    facts: dict[str, Any] | None = None


class OperationError(Exception):
    """An operation says no.

    Args:
        entry: Which error of the catalogue.
        message: A sentence about this case; empty: the entry's own.
        field: The request's field that is to blame.
        required: What would have been right.
        provided: What was given instead; long values are cut.
        **facts: Anything else a program may want, as JSON values.
    """

    def __init__(
        self,
        entry: ErrorEntry,
        message: str = "",
        *,
        field: str = "",
        required: tuple[str, ...] = (),
        provided: tuple[str, ...] = (),
        **facts: Any,
    ) -> None:
        self.entry = entry
        self.message = cut(message or entry.sentence, LONGEST_MESSAGE)
        self.problem = Problem(field, required, tuple(map(cut, provided)), facts or None)
        super().__init__(f"{entry.code} {entry.name}: {self.message}")

    def rpc(self) -> RpcError:
        """The error as RPC answers it."""
        entry = self.entry
        return RpcError(code=entry.code, message=self.message, temporary=entry.temporary)

    def details(self, action: str) -> ErrorDetails:
        """The ``details`` of a REST answer to the operation ``action``."""
        field, required, provided, facts = self.problem
        given: dict[str, Any] = {"code": self.entry.name}
        pairs = {
            "resource": field,
            "action": action,
            "required": required,
            "provided": provided,
            "metadata": facts,
        }
        given |= {name: value for name, value in pairs.items() if value}
        return ErrorDetails(**given)
