"""The errors of the SDK: one tree, whose members say who can do something about them.

::

    ClientError
    |-- UsageError             a call or an option that cannot be right
    |-- TransportError         no connection could be opened
    |-- ConnectionLostError    the connection ended before a command was answered
    |-- DisconnectedError      the client is disconnected for good
    |-- ClosedError            the client was closed
    |-- UnsubscribedError      a subscription has ended
    |-- CallTimeoutError       no answer in time
    |-- ReplyError             the server refused a command of the protocol
    |-- ApiError               the API refused a call
    |-- OutcomeUnknownError    whether the API has carried out a call is not known
    |-- TokenError             ``get_token`` failed
    |-- UnauthorizedError      there is no token
    `-- BufferOverflowError    publications came faster than they were taken

``market/errors.py`` adds the errors of books, ``trading/errors.py`` those of accounts and orders.
"""

from __future__ import annotations

import enum
from typing import Final

TIMEOUT: Final = 1
TRANSPORT_CLOSED: Final = 2
CLIENT_CLOSED: Final = 4
CONNECT_TOKEN: Final = 5
REFRESH_TOKEN: Final = 6
UNSUBSCRIBED: Final = 7
SUBSCRIBE_TOKEN: Final = 8
SUBSCRIPTION_REFRESH_TOKEN: Final = 9
CONNECTION_CLOSED: Final = 11
BAD_CONFIGURATION: Final = 12
DENIED: Final = frozenset({401, 403})
"""HTTP statuses that the same request would meet again."""
TOKEN_EXPIRED: Final = 109
FIRST_SERVER_CODE: Final = 100
"""Codes below it are local to a client. Source: Centrifugo client SDK specification."""


class Fault(enum.Enum):
    """The party that can do something about an error."""

    CALLER = "caller"
    """The program that uses the SDK: the same call would fail again."""
    SERVER = "server"
    """The server: the same call may succeed later."""
    NETWORK = "network"
    """The network: whether a command was carried out is not known."""
    APPLICATION = "application"
    """A function that the program has given, such as ``get_token``."""


class ClientError(Exception):
    """Base of all errors of the SDK.

    Attributes:
        code: A number of the protocol: below 100 local to this client, else the server's.
        fault: The party that can do something about it.
    """

    fault = Fault.CALLER

    def __init__(self, message: str, *, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class UsageError(ClientError, ValueError):
    """A call or an option cannot be right; nothing was sent."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code=BAD_CONFIGURATION)


class ReplyError(ClientError):
    """The server answered a command of the protocol with an error.

    Attributes:
        command: The command, such as ``publish``; the method if it was an ``rpc`` of the API.
        message: The server's words.
        temporary: Whether the same command may succeed later.
    """

    def __init__(self, command: str, code: int, message: str, *, temporary: bool = False) -> None:
        super().__init__(f"{command} was refused: {code} {message}", code=code)
        self.command = command
        self.message = message
        self.temporary = temporary
        self.fault = Fault.SERVER if temporary else Fault.CALLER

    @property
    def retryable(self) -> bool:
        """Whether the protocol says to try again; 109 aside, which needs a new token."""
        return self.temporary or self.code < FIRST_SERVER_CODE


class CallTimeoutError(ClientError, TimeoutError):
    """No answer came in time. The outcome is not known.

    Attributes:
        what: The call, for people.
        seconds: How long it was waited for.
    """

    fault = Fault.NETWORK

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__(f"{what}: no answer within {seconds:g} s", code=TIMEOUT)
        self.what = what
        self.seconds = seconds


class ConnectionLostError(ClientError, ConnectionError):
    """The connection ended before a command was answered. The outcome is not known.

    Attributes:
        close_code: The code of the close frame, or a local one.
        reason: The words that came with it.
    """

    fault = Fault.NETWORK

    def __init__(self, close_code: int, reason: str) -> None:
        super().__init__(f"connection lost: {close_code} {reason}", code=CONNECTION_CLOSED)
        self.close_code = close_code
        self.reason = reason


class TransportError(ClientError, ConnectionError):
    """No connection could be opened.

    Attributes:
        url: The address.
        status: The HTTP status of a server that refused; ``None`` if none answered.
    """

    fault = Fault.NETWORK

    def __init__(self, url: str, detail: str, *, status: int | None = None) -> None:
        super().__init__(f"cannot connect to {url}: {detail}", code=TRANSPORT_CLOSED)
        self.url = url
        self.status = status

    @property
    def is_denied(self) -> bool:
        """Whether the server rejects this client: 401 or 403, which no retry changes."""
        return self.status in DENIED


class DisconnectedError(ClientError, ConnectionError):
    """The client is disconnected for good, by the server or by ``disconnect()``.

    Attributes:
        reason: The words that came with ``code``.
    """

    fault = Fault.SERVER

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"disconnected: {code} {reason}", code=code)
        self.reason = reason


class ClosedError(ClientError):
    """The client was closed; make a new one."""

    def __init__(self) -> None:
        super().__init__("the client is closed", code=CLIENT_CLOSED)


class UnsubscribedError(ClientError):
    """A subscription has ended.

    Attributes:
        channel: The channel.
        server_code: The server's number for the cause, or a local one.
        reason: The words that came with it.
    """

    def __init__(self, channel: str, server_code: int, reason: str) -> None:
        super().__init__(
            f"unsubscribed from {channel!r}: {server_code} {reason}", code=UNSUBSCRIBED
        )
        self.channel = channel
        self.server_code = server_code
        self.reason = reason


class TokenError(ClientError):
    """``get_token`` raised; its exception is the cause. The client calls it again later."""

    fault = Fault.APPLICATION

    def __init__(self, what: str, error: BaseException, *, code: int) -> None:
        super().__init__(f"{what} failed: {type(error).__name__}", code=code)


class UnauthorizedError(ClientError):
    """There is no token for this user, and no retry will help: raised by ``get_token``."""

    fault = Fault.APPLICATION

    def __init__(self, message: str = "unauthorized") -> None:
        super().__init__(message, code=1)


class BufferOverflowError(ClientError):
    """Publications came faster than they were taken, and ``Overflow.FAIL`` was the policy.

    Attributes:
        channel: The channel.
        size: How many publications the buffer holds.
        dropped: How many publications were dropped.
    """

    def __init__(self, channel: str, size: int, dropped: int) -> None:
        message = f"{channel!r}: the buffer of {size} publications overflowed, {dropped} dropped"
        super().__init__(message)
        self.channel = channel
        self.size = size
        self.dropped = dropped


class ApiError(ClientError):
    """The API answered a call with an error, of trading or of market data.

    Attributes:
        method: The method, such as ``command.trade_order.cancel``.
        errno: The API's number, ``AABBB``: two digits for the module, three for the error.
        message: The API's words.
        temporary: Whether the same call may succeed later.
    """

    def __init__(self, method: str, errno: int, message: str, *, temporary: bool = False) -> None:
        super().__init__(f"{method} was refused: {errno} {message}", code=errno)
        self.method = method
        self.errno = errno
        self.message = message
        self.temporary = temporary
        self.fault = Fault.SERVER if temporary else Fault.CALLER


class OutcomeUnknownError(ClientError, TimeoutError):
    """No answer came in time: whether the venue has carried out the call is not known.

    The error that kept the answer back is the cause. The account shows the outcome as soon as it
    is live again.

    Attributes:
        method: The method, such as ``command.trade_order.submit``.
        client_order_id: The name of a submitted order, under which sending it again makes no
            second order; else empty.
    """

    fault = Fault.NETWORK

    def __init__(self, method: str, seconds: float, client_order_id: str = "") -> None:
        again = f"; client_order_id {client_order_id!r} makes a retry safe" * bool(client_order_id)
        super().__init__(
            f"{method}: no answer within {seconds:g} s, the outcome is not known{again}",
            code=TIMEOUT,
        )
        self.method = method
        self.client_order_id = client_order_id
