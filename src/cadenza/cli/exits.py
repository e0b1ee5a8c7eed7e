"""Exit codes in one table, and the error that carries one."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Exit(IntEnum):
    """Exit codes of every command."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    UNAUTHORIZED = 4
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS: Final[dict[Exit, str]] = {
    Exit.OK: "done; also when the reader of a pipe has had enough (`| head`)",
    Exit.FAILED: "refused or failed: the sentence on standard error says what",
    Exit.USAGE: "a wrong argument, option, profile or file; nothing was sent",
    Exit.UNREACHABLE: "no connection, or no answer in time",
    Exit.UNAUTHORIZED: "no token, one that is not accepted, or no permission",
    Exit.INTERRUPTED: "Ctrl-C (SIGINT); what was received has been written",
    Exit.TERMINATED: "SIGTERM, likewise",
}
"""The meaning of each code, as the documentation shows it."""


class Failure(Exception):  # noqa: N818 - it says how a command ends, which need not be a bug
    """Ends a command: one sentence for the user, and the exit code."""

    def __init__(self, sentence: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(sentence)
        self.code = code
