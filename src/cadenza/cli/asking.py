"""What the commands with one question ask: publish, rpc, history, presence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from msgspec import Raw

from cadenza.cli.exits import Failure
from cadenza.cli.lines import info_fields, publication_json, publication_line
from cadenza.cli.output import emit, json_line, json_text, note, safe
from cadenza.cli.session import connected
from cadenza.cli.target import Target
from cadenza.client import Client, Position, Publication, ReplyError
from cadenza.protocol import codes

T = TypeVar("T")


async def publishing(target: Target, channel: str, payload: Raw) -> None:
    """Publish one message."""
    async with connected(target) as client:
        await client.publish(channel, payload)


async def calling(target: Target, method: str, params: Raw) -> None:
    """Print the answer to a call.

    Raises:
        Failure: The answer holds an error.
    """
    async with connected(target) as client:
        answer = await client.rpc(method, params)
    emit(json_text(answer))
    error = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(error, dict):
        words = [str(error[it]) for it in ("code", "message") if it in error]
        raise Failure(f"{method} was refused: {' '.join(words) or 'see the answer'}")


async def reading(
    target: Target,
    channel: str,
    limit: int,
    since: tuple[int, str] | None,
    *,
    is_reversed: bool,
    as_json: bool,
    is_quiet: bool,
) -> None:
    """Print a history."""
    position = None if since is None else Position(*since)
    async with connected(target) as client:
        page = await _as_subscriber(
            client,
            channel,
            lambda: client.history(channel, limit, since=position, reverse=is_reversed),
        )
    show: Callable[[Publication, int | None], str] = (
        publication_json if as_json else publication_line
    )
    for publication in reversed(page.publications) if is_reversed else page.publications:
        emit(show(publication, None))
    if not is_quiet:
        note(f"the stream is at {page.position.offset}:{page.position.epoch}")


async def attending(target: Target, channel: str, *, is_count: bool, as_json: bool) -> None:
    """Print who is in a channel, or how many."""
    async with connected(target) as client:
        if is_count:
            stats = await _as_subscriber(client, channel, lambda: client.presence_stats(channel))
            line = {"clients": stats.clients, "users": stats.users}
            words = f"{stats.clients} connections of {stats.users} users"
            emit(json_line(line) if as_json else words)
            return
        members = await _as_subscriber(client, channel, lambda: client.presence(channel))
    for info in sorted(members.values(), key=lambda it: (it.user, it.client)):
        fields: Any = info_fields(info)
        plain = safe(f"{info.user or '(anonymous)'} {info.client}")
        emit(json_line(fields) if as_json else plain)


async def _as_subscriber(client: Client, channel: str, ask: Callable[[], Awaitable[T]]) -> T:
    """Ask; where only subscribers may, subscribe and ask again."""
    try:
        return await ask()
    except ReplyError as error:
        if error.code != codes.PERMISSION_DENIED.code:
            raise
    await client.subscribe(channel, on_publication=_ignore)
    return await ask()


def _ignore(_: Publication) -> None:
    """A publication that nobody has asked for."""
