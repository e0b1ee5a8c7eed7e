"""What can go wrong for a user of the SDK: one tree, which says whose fault it is."""

from __future__ import annotations

import enum

TIMEOUT = 1
TRANSPORT_CLOSED = 2
CLIENT_CLOSED = 4
CONNECT_TOKEN = 5
REFRESH_TOKEN = 6
UNSUBSCRIBED = 7
SUBSCRIBE_TOKEN = 8
SUBSCRIPTION_REFRESH_TOKEN = 9
CONNECTION_CLOSED = 11
BAD_CONFIGURATION = 12
DENIED = frozenset({401, 403})
"""HTTP statuses that the same request would meet again."""
TOKEN_EXPIRED = 109
FIRST_SERVER_CODE = 100
"""Codes below are local to a client. Source: Centrifugo client SDK specification."""


class Fault(enum.Enum):
    """Who can do something about an error."""

    CALLER = "caller"
    """The program that uses the SDK: the same call fails again."""
    SERVER = "server"
    NETWORK = "network"
    """The line: whether a command was carried out is not known."""
    APPLICATION = "application"
    """A function that the program handed in, such as ``get_token``."""


class ClientError(Exception):
    """Base of everything the SDK raises.

    Attributes:
        code: A number of the protocol: below 100 local to this client, else the server's.
        fault: Who can do something about it.
    """

    fault = Fault.CALLER

    def __init__(self, message: str, *, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class UsageError(ClientError, ValueError):
    """A call or an option that cannot be right."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code=BAD_CONFIGURATION)


class ReplyError(ClientError):
    """The server answered a command with an error.

    Attributes:
        message: The server's words.
        temporary: Whether the same command may succeed later.
        command: What was asked, such as ``publish``.
    """

    def __init__(self, command: str, code: int, message: str, *, temporary: bool = False) -> None:
        super().__init__(f"{command} was refused: {code} {message}", code=code)
        self.command = command
        self.message = message
        self.temporary = temporary
        self.fault = Fault.SERVER if temporary else Fault.CALLER

    @property
    def retryable(self) -> bool:
        """Whether to try again by the rules of the protocol, 109 aside (that needs a token)."""
        return self.temporary or self.code < FIRST_SERVER_CODE


class CallTimeoutError(ClientError, TimeoutError):
    """No answer in time; ``seconds`` says how long was waited. The outcome is not known."""

    fault = Fault.NETWORK

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__(f"{what}: no answer within {seconds:g} s", code=TIMEOUT)
        self.what = what
        self.seconds = seconds


class ConnectionLostError(ClientError, ConnectionError):
    """The connection ended before a command was answered. The outcome is not known.

    Attributes:
        close_code: The code of the close frame, or a local one; ``reason`` its words.
    """

    fault = Fault.NETWORK

    def __init__(self, close_code: int, reason: str) -> None:
        super().__init__(f"connection lost: {close_code} {reason}", code=CONNECTION_CLOSED)
        self.close_code = close_code
        self.reason = reason


class TransportError(ClientError, ConnectionError):
    """No connection could be opened to ``url``.

    Attributes:
        status: The HTTP status of a server that answered, and refused; ``None`` if none did.
    """

    fault = Fault.NETWORK

    def __init__(self, url: str, detail: str, *, status: int | None = None) -> None:
        super().__init__(f"cannot connect to {url}: {detail}", code=TRANSPORT_CLOSED)
        self.url = url
        self.status = status

    @property
    def is_denied(self) -> bool:
        """Whether the server does not want this client: 401 or 403, which no retry changes."""
        return self.status in DENIED


class DisconnectedError(ClientError, ConnectionError):
    """The client is disconnected for good: the server's last word, or ``disconnect()``.

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
    """The subscription of ``channel`` has ended; ``server_code`` and ``reason`` say why."""

    def __init__(self, channel: str, server_code: int, reason: str) -> None:
        super().__init__(
            f"unsubscribed from {channel!r}: {server_code} {reason}", code=UNSUBSCRIBED
        )
        self.channel = channel
        self.server_code = server_code
        self.reason = reason


class TokenError(ClientError):
    """``get_token`` raised; its exception is the cause. It is called again later."""

    fault = Fault.APPLICATION

    def __init__(self, what: str, error: BaseException, *, code: int) -> None:
        super().__init__(f"{what} failed: {type(error).__name__}", code=code)


class UnauthorizedError(ClientError):
    """For ``get_token`` to raise: there is no token for this user, and no retry will help."""

    fault = Fault.APPLICATION

    def __init__(self, message: str = "unauthorized") -> None:
        super().__init__(message, code=1)


class BufferOverflowError(ClientError):
    """Publications of ``channel`` came faster than they were taken, and ``fail`` was the policy.

    Attributes:
        size: How many the buffer holds.
        dropped: How many were not kept.
    """

    def __init__(self, channel: str, size: int, dropped: int) -> None:
        message = f"{channel!r}: the buffer of {size} publications overflowed, {dropped} dropped"
        super().__init__(message)
        self.channel = channel
        self.size = size
        self.dropped = dropped


class ApiError(ClientError):
    """The venue answered a call with an error.

    Attributes:
        method: The call, such as ``command.trade_order.cancel``.
        errno: The venue's number, ``AABBB``: two digits for the module, three for the error.
        message: Its words.
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
    """No answer came within the time: whether the venue did it is not known.

    What kept the answer back is the cause. The account's copy tells as soon as it is live again.

    Attributes:
        method: The call.
        client_order_id: Of a submit: sending it again under this name makes no second order.
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
