"""The program around a command: however it ends, there is an exit code and at most one sentence."""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

import typer

from cadenza.cli.exits import Exit, Failure
from cadenza.cli.output import note


def run_program(program: Callable[[], object]) -> NoReturn:
    """Run the whole program, and end the process with one of the codes of ``exits``."""
    _prepare()
    try:
        try:
            program()
            code: int | str | None = Exit.OK
        except SystemExit as ending:
            code = ending.code
        except Failure as failure:
            note(f"error: {failure}")
            code = failure.code
        except KeyboardInterrupt:
            code = Exit.INTERRUPTED
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = _stop_writing()
    sys.exit(code)


def perform(job: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run the asynchronous part of a command to its end.

    Raises:
        Failure: It has failed.
        typer.Exit: A signal has ended it.
    """
    from cadenza.cli.job import outcome  # noqa: PLC0415 - the SDK loads when needed

    try:
        code = outcome(job)
    except BrokenPipeError:
        code = _stop_writing()
    if code is not Exit.OK:
        raise typer.Exit(code)


def _prepare() -> None:
    """Escape letters that the terminal lacks, and silence the SDK's log: commands say it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    logging.getLogger("cadenza.client").addHandler(logging.NullHandler())


def _stop_writing() -> Exit:
    """End quietly when nobody reads the output any more, which is not a failure."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(nothing, stream.fileno())
    os.close(nothing)
    return Exit.OK
