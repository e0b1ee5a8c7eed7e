"""Refusals: the errors with which a handler says no.

::

    Exception
    ├── CommandError   the command fails with an error of ``codes``, the connection goes on
    └── Disconnected   the connection ends with a disconnect of ``codes``
"""

from __future__ import annotations

from cadenza.protocol.codes import Disconnect, ErrorCode


class CommandError(Exception):
    """Answer the command with this error. Applications have the codes 400 to 1999."""

    def __init__(self, error: ErrorCode) -> None:
        super().__init__(f"{error.code} {error.message}")
        self.error = error


class Disconnected(Exception):  # noqa: N818 - the protocol's own word for it
    """End the connection. Applications have the codes 4000 to 4999."""

    def __init__(self, disconnect: Disconnect) -> None:
        super().__init__(f"{disconnect.code} {disconnect.reason}")
        self.disconnect = disconnect
