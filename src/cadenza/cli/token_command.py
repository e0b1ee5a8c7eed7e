"""Runs the command of a profile that prints a token."""

from __future__ import annotations

import asyncio
import shlex
from typing import Final

from cadenza.cli.exits import Exit, Failure

COMMAND_SECONDS: Final = 30.0


async def output_of(command: str) -> str:
    """What a command prints; run without a shell.

    Raises:
        Failure: It cannot be run, fails, or takes too long. Never repeats what it printed.
    """
    try:
        words = shlex.split(command)
        process = await asyncio.create_subprocess_exec(
            *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
        )
    except (OSError, ValueError, TypeError) as error:
        why = getattr(error, "strerror", None) or error
        raise Failure(f"cannot run token_command: {why}", Exit.UNAUTHORIZED) from None
    try:
        async with asyncio.timeout(COMMAND_SECONDS):
            output, _ = await process.communicate()
    except TimeoutError:
        late = f"token_command gave no token within {COMMAND_SECONDS:g} s"
        raise Failure(late, Exit.UNAUTHORIZED) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        failed = f"token_command ended with exit code {process.returncode}"
        raise Failure(failed, Exit.UNAUTHORIZED)
    return output.decode(errors="replace")
