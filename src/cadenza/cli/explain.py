"""Errors of the SDK, each explained in a sentence that says what to do, with an exit code."""

from __future__ import annotations

from typing import Final

from cadenza.cli.exits import Exit, Failure
from cadenza.client.errors import (
    CallTimeoutError,
    ClientError,
    ConnectionLostError,
    DisconnectedError,
    ReplyError,
    TokenError,
    TransportError,
    UnauthorizedError,
    UnsubscribedError,
    UsageError,
)
from cadenza.protocol import codes

GET_TOKEN: Final = "give a token in CADENZA_TOKEN, a profile or --token-file"  # noqa: S105 - words
_ADVICE: Final[dict[int, tuple[Exit, str]]] = {
    codes.UNAUTHORIZED.code: (Exit.UNAUTHORIZED, GET_TOKEN),
    codes.UNKNOWN_CHANNEL.code: (
        Exit.FAILED,
        "the server has no such channel or instrument (yet): check the name",
    ),
    codes.PERMISSION_DENIED.code: (
        Exit.UNAUTHORIZED,
        "this user may not do that here: use another token, or ask the operator",
    ),
    codes.METHOD_NOT_FOUND.code: (Exit.FAILED, "the server has no such method: check the name"),
    codes.NOT_AVAILABLE.code: (Exit.FAILED, "the server has this switched off"),
    codes.TOKEN_EXPIRED.code: (Exit.UNAUTHORIZED, "get a new token"),
    codes.EXPIRED.code: (Exit.UNAUTHORIZED, "get a new token"),
    codes.UNRECOVERABLE_POSITION.code: (
        Exit.FAILED,
        "the stream has begun anew since: leave --since out",
    ),
    codes.CONNECTION_EXPIRED.code: (Exit.UNAUTHORIZED, "get a new token"),
    codes.INVALID_TOKEN.code: (
        Exit.UNAUTHORIZED,
        "the token is missing or not one of this server: " + GET_TOKEN,
    ),
    codes.PERMISSION_DENIED_CLOSE.code: (Exit.UNAUTHORIZED, GET_TOKEN),
}
"""The exit code and the advice for a code of the protocol."""


def explain(error: ClientError) -> Failure:
    """The end of a command that failed with an error of the SDK."""
    reason = error.__cause__ if isinstance(error, CallTimeoutError) else error
    match reason:
        case TransportError():
            return _transport(reason)
        case TokenError():
            why = reason.__cause__
            return why if isinstance(why, Failure) else Failure(str(reason), Exit.UNAUTHORIZED)
        case UnauthorizedError():
            return Failure(f"{reason}: {GET_TOKEN}", Exit.UNAUTHORIZED)
    code, sentence = _usual(error), str(error)
    number = error.server_code if isinstance(error, UnsubscribedError) else error.code
    if isinstance(error, (ReplyError, UnsubscribedError, DisconnectedError)):
        code, advice = _ADVICE.get(number, (code, ""))
        sentence += f"; {advice}" if advice else ""
    return Failure(sentence, code)


def _usual(error: ClientError) -> Exit:
    if isinstance(error, UsageError):
        return Exit.USAGE
    lost = isinstance(error, (ConnectionLostError, TimeoutError))
    return Exit.UNREACHABLE if lost else Exit.FAILED


def _transport(error: TransportError) -> Failure:
    if error.is_denied:
        return Failure(f"{error}; {GET_TOKEN}", Exit.UNAUTHORIZED)
    if error.status is not None:
        advice = "does the address end in the server's WebSocket path (/connection/websocket)?"
    else:
        advice = "is the server running (cadenza serve), and is the address right (--url)?"
    return Failure(f"{error}; {advice}", Exit.UNREACHABLE)
