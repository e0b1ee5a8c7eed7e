"""The state machine of one subscription: it decides synchronously, and never waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from cadenza.client.backoff import Backoff
from cadenza.client.deltas import Deltas
from cadenza.client.errors import (
    SUBSCRIBE_TOKEN,
    SUBSCRIPTION_REFRESH_TOKEN,
    TOKEN_EXPIRED,
    CallTimeoutError,
    ClientError,
    ConnectionLostError,
    ReplyError,
    TokenError,
    UnauthorizedError,
)
from cadenza.client.host import ClientHost
from cadenza.client.options import SubscriptionOptions
from cadenza.client.pending_calls import Done
from cadenza.client.states import (
    SUBSCRIPTION,
    SubscriptionEvent,
    SubscriptionMove,
    SubscriptionState,
)
from cadenza.client.tokens import Refresh, fetch_token
from cadenza.client.values import Cause, StreamPosition, Subscribed, decode, encode_optional
from cadenza.clock import Timer
from cadenza.protocol import codes, messages
from cadenza.protocol.errors import DeltaError
from cadenza.protocol.messages import ChannelRequest, Command, Reply, SubscribeResult

SUBSCRIBE_CALLED: Final = Cause(0, "subscribe called")
UNSUBSCRIBE_CALLED: Final = Cause(0, "unsubscribe called")
UNAUTHORIZED: Final = Cause(1, "unauthorized")
SUBSCRIBE_TIMEOUT: Final = Cause(3, "subscribe timeout")
BAD_DELTA: Final = Cause(1, "bad delta")
UNSUBSCRIBE_ERROR: Final = Cause(4, "unsubscribe error")

# Looked up for each publication.
_SUBSCRIBED: Final = SubscriptionState.SUBSCRIBED


class Owner(Protocol):
    """The public face of the subscription, which is told what happens to it."""

    def on_state(self, state: SubscriptionState, why: Cause) -> None:
        """It is subscribing, or it has ended."""

    def on_welcome(self, event: Subscribed) -> None:
        """It is subscribed."""

    def on_publication(self, publication: messages.Publication) -> None:
        """A publication, live or recovered."""

    def on_trouble(self, error: ClientError) -> None:
        """Something failed and is tried again."""


class Subscriber:
    """One channel's subscription as a state machine over ``states.SUBSCRIPTION``.

    Args:
        host: The client.
        channel: The name of the channel.
        options: The options of the subscription.
        owner: Told what happens.

    Attributes:
        state: Unsubscribed, subscribing or subscribed.
        position: The position of the last publication that was delivered; ``None`` where the
            server does not watch it.
        gaps: How many times missed publications could not be recovered.
        duplicates: How many publications were dropped because they had been delivered before.
    """

    def __init__(
        self, host: ClientHost, channel: str, options: SubscriptionOptions, owner: Owner
    ) -> None:
        self.state = SubscriptionState.UNSUBSCRIBED
        self.position = StreamPosition(*options.since) if options.since else None
        self.gaps = 0
        self.duplicates = 0
        self._host = host
        self._channel = channel
        self._options = options
        self._owner = owner
        self._token = options.token
        self._recover = options.since is not None
        self._tracked = False
        self._asked = 0
        self._timer: Timer | None = None
        timing = host.options
        self._backoff = Backoff(
            timing.min_resubscribe_delay, timing.max_resubscribe_delay, timing.random
        )
        self._deltas = Deltas(is_json=host.is_json)
        self._refresh = Refresh(
            host.tasks,
            timing,
            f"get_token of {channel!r}",
            SUBSCRIPTION_REFRESH_TOKEN,
            fetch=self._fetch if options.get_token else None,
            send=self._send_token,
            report=owner.on_trouble,
            give_up=self._refused,
        )
        self._moves: dict[SubscriptionMove, Callable[[Cause], None]] = {
            SubscriptionMove.ASK: self._ask,
            SubscriptionMove.RETRY: self._retry,
            SubscriptionMove.RENEW: self._renew,
            SubscriptionMove.PAUSE: self._pause,
            SubscriptionMove.RECONNECT: self._reconnect,
            SubscriptionMove.LEAVE: self._leave,
            SubscriptionMove.END: self._end,
        }

    def happen(self, event: SubscriptionEvent, why: Cause = SUBSCRIBE_CALLED) -> None:
        """Take an event: change the state, and make the move of the table."""
        before = self.state
        self.state, move = SUBSCRIPTION[before, event]
        if self.state is SubscriptionState.SUBSCRIBING and before is not self.state:
            self._owner.on_state(self.state, why)
        if move in self._moves:
            self._moves[move](why)

    def pushed_out(self, push: messages.UnsubscribePush) -> None:
        """The server has unsubscribed the connection from the channel."""
        code = codes.Unsubscribe(push.code, push.reason)
        if code.code == codes.STATE_INVALIDATED_UNSUBSCRIBE.code:
            self.invalidate()
        again = code.resubscribe
        event = SubscriptionEvent.PUSHED_AGAIN if again else SubscriptionEvent.PUSHED_OUT
        self.happen(event, Cause(push.code, push.reason))

    def invalidate(self) -> None:
        """Drop the token and the position: the next subscribe reports a gap."""
        self._token = ""
        self._lose_position()

    def _lose_position(self) -> None:
        self._deltas.forget()
        if self.position is not None:
            self.position = StreamPosition(0, "_")

    def publication(self, publication: messages.Publication) -> None:
        """Take a publication: move the position, and pass it on."""
        if self.state is not _SUBSCRIBED:
            return
        place = self.position
        if self._tracked and publication.offset and place is not None:
            if publication.offset <= place.offset and not publication.epoch:
                self.duplicates += 1
                return
            place = StreamPosition(publication.offset, publication.epoch or place.epoch)
        if self._deltas.is_on:
            try:
                publication = self._deltas.whole(publication)
            except DeltaError as error:
                self._bad_delta(error)
                return
        self.position = place
        self._owner.on_publication(publication)

    def _bad_delta(self, error: DeltaError) -> None:
        """Reconnect, as no later patch could be read; the next subscribe reports the gap."""
        self._lose_position()
        wrong = ClientError(f"{self._channel!r}: a patch that does not fit: {error}")
        self._owner.on_trouble(wrong)
        self.happen(SubscriptionEvent.LOST, BAD_DELTA)  # what else was recovered is not read
        self._host.give_up(BAD_DELTA)

    def _ask(self, _: Cause) -> None:
        self._stop()
        if not self._host.is_connected:
            return
        self._asked += 1
        if self._options.get_token is not None and not self._token:
            self._host.tasks.spawn(self._ask_with_token(self._asked), "subscription token")
        else:
            self._send()

    async def _ask_with_token(self, number: int) -> None:
        try:
            token = await fetch_token(
                self._fetch, f"get_token of {self._channel!r}", SUBSCRIBE_TOKEN
            )
        except UnauthorizedError:
            if number == self._asked:
                self.happen(SubscriptionEvent.UNAUTHORIZED, UNAUTHORIZED)
        except TokenError as error:
            if number == self._asked:
                self._owner.on_trouble(error)
                self.happen(SubscriptionEvent.TEMPORARY)
        else:
            if number == self._asked:
                self._token = token
                self._send()

    async def _fetch(self) -> str:
        ask = self._options.get_token
        return await ask(self._channel) if ask is not None else ""

    def _send(self) -> None:
        number, options = self._asked, self._options
        request = messages.SubscribeRequest(
            channel=self._channel,
            token=self._token,
            data=encode_optional(options.data, as_json=self._host.is_json),
            positioned=options.positioned,
            recoverable=options.recoverable,
            join_leave=options.join_leave,
            delta=options.delta,
            tf=options.tags_filter,
        )
        if self._recover and self.position is not None:
            request.recover = True
            request.offset, request.epoch = self.position
        self._host.start(
            Command(subscribe=request), "subscribe", lambda it: self._answered(number, it)
        )

    def _answered(self, number: int, answer: Reply | ClientError) -> None:
        if number != self._asked or isinstance(answer, ConnectionLostError):
            return
        if isinstance(answer, CallTimeoutError):
            self.happen(SubscriptionEvent.UNANSWERED, SUBSCRIBE_TIMEOUT)
        elif isinstance(answer, ReplyError):
            self._judge(answer)
        elif isinstance(answer, Reply) and answer.subscribe is not None:
            self.happen(SubscriptionEvent.RESULT)
            self._welcome(answer.subscribe)
        else:
            self.happen(SubscriptionEvent.UNANSWERED, SUBSCRIBE_TIMEOUT)

    def _judge(self, error: ReplyError) -> None:
        why = Cause(error.code, error.message)
        if error.code == TOKEN_EXPIRED and self._options.get_token is not None:
            self._owner.on_trouble(error)
            self.happen(SubscriptionEvent.TOKEN_EXPIRED, why)
        elif error.retryable:
            self._owner.on_trouble(error)
            self.happen(SubscriptionEvent.TEMPORARY, why)
        else:
            self.happen(SubscriptionEvent.REFUSED, why)

    def _welcome(self, result: SubscribeResult) -> None:
        self._backoff.reset()
        self._recover = result.recoverable
        self._deltas.is_on = result.delta
        self._tracked = result.recoverable or result.positioned
        self.position = self._place_before(result) if self._tracked else None
        self.gaps += result.was_recovering and not result.recovered
        self._refresh.schedule(expires=result.expires, ttl=result.ttl)
        self._owner.on_welcome(
            Subscribed(result.was_recovering, result.recovered, self.position, decode(result.data))
        )
        for publication in result.publications:
            self.publication(publication)

    def _place_before(self, result: SubscribeResult) -> StreamPosition:
        """Where the consumer stands before the publications of a result."""
        asked, place = self.position, StreamPosition(result.offset, result.epoch)
        if asked is not None and asked.epoch != place.epoch and result.publications:
            # A recovery repeats the offset that was asked for, which means nothing in a new stream.
            first = result.publications[0].offset
            return StreamPosition(min(place.offset, max(0, first - 1)), place.epoch)
        return place

    def _retry(self, _: Cause) -> None:
        self._stop()
        again = self._host.options.clock.call_later
        self._timer = again(self._backoff.next(), lambda: self._ask(SUBSCRIBE_CALLED))

    def _renew(self, why: Cause) -> None:
        self._token = ""
        self._retry(why)

    def _pause(self, _: Cause) -> None:
        self._stop()

    def _reconnect(self, why: Cause) -> None:
        self._host.give_up(why)

    def _leave(self, why: Cause) -> None:
        self._end(why)
        if self._host.is_connected:
            request = ChannelRequest(channel=self._channel)
            self._host.start(Command(unsubscribe=request), "unsubscribe", self._left)

    def _left(self, answer: Reply | ClientError) -> None:
        if isinstance(answer, ClientError) and not isinstance(answer, ConnectionLostError):
            self._host.give_up(UNSUBSCRIBE_ERROR)

    def _end(self, why: Cause) -> None:
        self._stop()
        self._host.forget(self._channel)
        self._owner.on_state(SubscriptionState.UNSUBSCRIBED, why)

    def _stop(self) -> None:
        self._asked += 1
        self._refresh.cancel()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refused(self, error: ClientError) -> None:
        if isinstance(error, UnauthorizedError):
            self.happen(SubscriptionEvent.UNAUTHORIZED, UNAUTHORIZED)
        else:
            self.happen(SubscriptionEvent.REFUSED, Cause(error.code, str(error)))

    def _send_token(self, token: str, done: Done) -> None:
        self._token = token
        request = messages.SubRefreshRequest(channel=self._channel, token=token)
        self._host.start(Command(sub_refresh=request), "sub_refresh", done)
