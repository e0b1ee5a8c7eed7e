"""Errors of a configuration, and of the single values in it."""

from __future__ import annotations

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """One mistake. Never carries the value of a secret."""

    path: str
    """The option, ``"http_server.port"``, with the environment variable or flag that set it; or the
    path of the file. Empty if the mistake concerns the whole configuration."""
    sentence: str
    """The second half of a sentence that begins with the path."""

    def __str__(self) -> str:
        return f"{self.path}: {self.sentence}" if self.path else self.sentence


class ConfigError(ValueError):
    """The operator's configuration cannot be used.

    Args:
        problems: Every mistake that was found.

    Attributes:
        problems: As given.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems

    @classmethod
    def single(cls, path: str, sentence: str) -> ConfigError:
        """An error of one problem."""
        return cls((Problem(path, sentence),))


class MismatchError(ValueError):
    """A value has the wrong type; the message says what it must be and what it is."""


class PatternError(ValueError):
    """A pattern is malformed, or would not mean the same in RE2 and in Python."""


class PemError(ValueError):
    """A text is not a public key of the kind that is wanted; the message says what it is."""
