"""Calls of the user's functions: plain ones at once, async ones in order in a task."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")

Callback = Callable[[T], Awaitable[None] | None]
"""A function of one argument, plain or async."""

logger: Final = logging.getLogger("cadenza.client")


def is_async(function: Callable[..., Any]) -> bool:
    """Whether calling a function gives a coroutine."""
    called = getattr(function, "__call__", None)  # noqa: B004 - inspected, not tested for
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called)


class Tasks:
    """The tasks of one client: none fails unseen, none stays.

    Attributes:
        errors: How many exceptions callbacks and tasks have raised; each was logged.
    """

    def __init__(self) -> None:
        self.errors = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, coroutine: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run a coroutine until it ends or the client closes."""
        task = asyncio.get_running_loop().create_task(coroutine, name=f"cadenza {name}")
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def report(self, where: str, error: BaseException) -> None:
        """Log and count an exception that must not be lost."""
        self.errors += 1
        logger.error("%s raised %s", where, type(error).__name__, exc_info=error)

    async def close(self) -> None:
        """Cancel all except the current task, and wait until they are gone."""
        while others := self._tasks - {asyncio.current_task()}:
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            self._tasks -= others

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.report(task.get_name(), error)


class Dispatcher:
    """Delivers events to callbacks, to async ones one after another.

    Args:
        tasks: The tasks of the client.
    """

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._queue: deque[tuple[Callback[Any], Any, str]] = deque()
        self._worker: asyncio.Task[None] | None = None

    def call(self, callback: Callback[T] | None, value: T, where: str) -> None:
        """Call a plain callback now; queue the call of an async one.

        Args:
            callback: The callback; ``None`` does nothing.
            value: Its argument.
            where: The name of the callback, for the log.
        """
        if callback is None:
            return
        if is_async(callback):
            self._queue.append((callback, value, where))
            if self._worker is None or self._worker.done():
                self._worker = self._tasks.spawn(self._work(), "events")
            return
        try:
            callback(value)
        except Exception as error:  # noqa: BLE001 - a callback's fault is not the connection's
            self._tasks.report(where, error)

    async def _work(self) -> None:
        while self._queue:
            callback, value, where = self._queue.popleft()
            await call_async(self._tasks, callback, value, where)


async def call_async(tasks: Tasks, callback: Callback[T], value: T, where: str) -> None:
    """Await a callback; its exception is reported."""
    try:
        result = callback(value)
        if result is not None:
            await result
    except Exception as error:  # noqa: BLE001 - a callback's fault is not the connection's
        tasks.report(where, error)
