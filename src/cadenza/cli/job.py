"""The event loop of a command: signals end it, errors of the SDK become sentences."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine
from typing import Any

from cadenza.cli.exits import Exit, Failure
from cadenza.cli.explain import explain
from cadenza.client.errors import ClientError


def outcome(job: Callable[[], Coroutine[Any, Any, None]]) -> Exit:
    """The exit code with which a job ends, once it has.

    Raises:
        Failure: It has failed.
        BrokenPipeError: Nobody reads its output any more.
    """
    try:
        return asyncio.run(_watched(job()))
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except ClientError as error:
        raise explain(error) from error
    except BrokenPipeError:
        raise
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        raise Failure(what) from error


async def _watched(job: Coroutine[Any, Any, None]) -> Exit:
    """Run it as a task that SIGTERM cancels, as Ctrl-C does."""
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(job)
    terminated: list[bool] = []

    def terminate() -> None:
        terminated.append(True)
        task.cancel()

    # Where there are no such signals the system ends the process by itself.
    with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
        loop.add_signal_handler(signal.SIGTERM, terminate)
    try:
        await task
    except asyncio.CancelledError:
        if not terminated:
            raise
        return Exit.TERMINATED
    return Exit.OK
