"""The report on a configuration: errors, which stop the start, and warnings, which do not."""

from __future__ import annotations

import msgspec

from cadenza.config.errors import ConfigError, Problem


class ConfigWarning(msgspec.Struct, frozen=True):
    """Something that does not work as written; the server starts nevertheless."""

    path: str
    """The option, ``"client.proxy.connect"``, with the environment variable or flag that set it."""
    sentence: str
    """The second half of a sentence that begins with the path."""

    def __str__(self) -> str:
        return f"{self.path}: {self.sentence}"


class Report:
    """A list of what was found, so that one start shows all mistakes.

    Args:
        sources: Option path to the environment variable or flag that set it: problems are
            reported under the name that the operator wrote. May grow later.

    Attributes:
        problems: The mistakes so far.
        warnings: The warnings so far.
    """

    __slots__ = ("_sources", "problems", "warnings")

    def __init__(self, sources: dict[str, str] | None = None) -> None:
        self._sources = {} if sources is None else sources
        self.problems: list[Problem] = []
        self.warnings: list[ConfigWarning] = []

    def name(self, path: str) -> str:
        """The option as the operator wrote it."""
        source = self._sources.get(path)
        return f"{source} ({path})" if source else path

    def is_from_file(self, path: str) -> bool:
        """Whether no environment variable and no flag set the option."""
        return path not in self._sources

    def error(self, path: str, sentence: str) -> None:
        """Note a mistake."""
        self.problems.append(Problem(self.name(path), sentence))

    def warn(self, path: str, sentence: str) -> None:
        """Note something that will not work as written."""
        self.warnings.append(ConfigWarning(self.name(path), sentence))

    def raise_if_wrong(self) -> None:
        """Stop when there was a mistake.

        Raises:
            ConfigError: With all of them.
        """
        if self.problems:
            raise ConfigError(tuple(self.problems))
