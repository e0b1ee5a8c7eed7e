"""Coroutines that answer at once when they can.

The engine's commands are coroutines, as a broker or an application may have to wait. With
everything in memory none of them does, and a client is answered in the same turn of the loop,
without a task. Only the one that really has to wait becomes a task, from there on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Generator
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")
MaybeAwaitable: TypeAlias = T | Awaitable[T]


def waits(result: object) -> bool:
    """Whether a result has to be awaited: spares hot paths the coroutine of ``settle``."""
    return hasattr(result, "__await__")


async def settle(result: MaybeAwaitable[T]) -> T:
    """The result itself, waiting for it only if it has to be waited for.

    An awaitable gets a task of its own, so that it may use timeouts and cancellation scopes even
    where the caller runs without a task.
    """
    if hasattr(result, "__await__"):
        return await asyncio.ensure_future(result)
    return result


def start(coroutine: Coroutine[Any, None, None]) -> asyncio.Task[None] | None:
    """Run a coroutine now, up to where it waits; then hand the rest to a task.

    Returns:
        The task, or ``None`` if the coroutine is over.
    """
    try:
        waiting_for = coroutine.send(None)
    except StopIteration:
        return None
    return asyncio.get_running_loop().create_task(_rest(coroutine, waiting_for))


async def _rest(coroutine: Coroutine[Any, None, None], waiting_for: Any) -> None:
    await _Resumed(coroutine, waiting_for)


class _Resumed:
    """Awaiting this first waits for what the coroutine stopped at, then goes on with it."""

    __slots__ = ("_coroutine", "_waiting_for")

    def __init__(self, coroutine: Coroutine[Any, None, None], waiting_for: Any) -> None:
        self._coroutine = coroutine
        self._waiting_for = waiting_for

    def __await__(self) -> Generator[Any, Any, None]:
        waiting_for = self._waiting_for
        try:
            while True:
                try:
                    value = yield waiting_for
                except BaseException as error:  # noqa: BLE001 - handed on, as ``yield from`` would
                    waiting_for = self._coroutine.throw(error)
                else:
                    waiting_for = self._coroutine.send(value)
        except StopIteration:
            return
