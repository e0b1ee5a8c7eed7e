"""Tokens: they are asked from the program, and refreshed before they expire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from cadenza.client.backoff import Backoff
from cadenza.client.callbacks import Tasks
from cadenza.client.errors import (
    ClientError,
    ConnectionLostError,
    ReplyError,
    TokenError,
    UnauthorizedError,
)
from cadenza.client.options import ClientOptions
from cadenza.client.pending_calls import Done
from cadenza.clock import Timer
from cadenza.protocol.messages import Reply

Fetch = Callable[[], Awaitable[str]]


async def fetch_token(fetch: Fetch, what: str, code: int) -> str:
    """Ask the program for a token.

    Raises:
        UnauthorizedError: The program has no token, or gave an empty one.
        TokenError: The program raised any other error.
    """
    try:
        token = await fetch()
    except UnauthorizedError:
        raise
    except Exception as error:
        raise TokenError(what, error, code=code) from error
    if not token:
        raise UnauthorizedError(f"{what} gave no token")
    return token


class Refresh:
    """Keeps the token of one connection or subscription fresh.

    Args:
        tasks: The tasks of the client.
        options: The options of the client.
        what: The function of the program, for errors.
        code: The code of its failures.
        fetch: Asks the program for a token. Without it nothing is refreshed: the server ends the
            connection or subscription when it expires.
        send: Sends a token to the server; its second argument takes the reply.
        report: Called with errors after which it is tried again.
        give_up: Called with errors after which it is not.
    """

    def __init__(
        self,
        tasks: Tasks,
        options: ClientOptions,
        what: str,
        code: int,
        *,
        fetch: Fetch | None,
        send: Callable[[str, Done], None],
        report: Callable[[ClientError], None],
        give_up: Callable[[ClientError], None],
    ) -> None:
        self._tasks = tasks
        self._clock = options.clock
        self._what = what
        self._code = code
        self._fetch = fetch
        self._send = send
        self._report = report
        self._give_up = give_up
        self._pause = Backoff(*options.refresh_retry, options.random)
        self._timer: Timer | None = None
        self._round = 0

    def schedule(self, *, expires: bool, ttl: int) -> None:
        """Refresh the token in ``ttl`` seconds, if it expires at all."""
        self.cancel()
        if expires and self._fetch is not None:
            self._again(ttl)

    def cancel(self) -> None:
        """Stop refreshing; a refresh under way is ignored."""
        self._round += 1
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _again(self, seconds: float) -> None:
        number = self._round
        self._timer = self._clock.call_later(
            seconds, lambda: void(self._tasks.spawn(self._renew(number), self._what))
        )

    async def _renew(self, number: int) -> None:
        if self._fetch is None:
            return
        try:
            token = await fetch_token(self._fetch, self._what, self._code)
        except UnauthorizedError as error:
            if number == self._round:
                self._give_up(error)
        except TokenError as error:
            self._retry(number, error)
        else:
            if number == self._round:
                self._send(token, lambda answer: self._answered(number, answer))

    def _answered(self, number: int, answer: Reply | ClientError) -> None:
        if number != self._round or isinstance(answer, ConnectionLostError):
            return
        if isinstance(answer, ReplyError) and not answer.retryable:
            self._give_up(answer)
        elif isinstance(answer, ClientError):
            self._retry(number, answer)
        elif (result := answer.refresh or answer.sub_refresh) is not None:
            self._pause.reset()
            self.schedule(expires=result.expires, ttl=result.ttl)

    def _retry(self, number: int, error: ClientError) -> None:
        if number == self._round:
            self._report(error)
            self._again(self._pause.next())


def void(_: object) -> None:
    """Drop the result of a callback."""
