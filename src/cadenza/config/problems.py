"""What can be wrong with a configuration: errors that stop the start, warnings that do not."""

from __future__ import annotations

import msgspec


class ConfigWarning(msgspec.Struct, frozen=True):
    """Something that does not work as the file says; the server starts nevertheless."""

    path: str
    """The option, ``"client.proxy.connect"``, or the environment variable that set it."""
    sentence: str

    def __str__(self) -> str:
        return f"{self.path}: {self.sentence}"


class Problem(msgspec.Struct, frozen=True):
    """One mistake. Never carries the value of a secret."""

    path: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.path}: {self.sentence}" if self.path else self.sentence


class ConfigError(ValueError):
    """The operator's configuration cannot be used; ``problems`` has every mistake found."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems

    @classmethod
    def single(cls, path: str, sentence: str) -> ConfigError:
        """An error of one problem."""
        return cls((Problem(path, sentence),))


class Report:
    """Collects what is found on the way, so that one start shows all mistakes.

    Args:
        sources: Option path to the environment variable or flag that set it: problems are
            reported under the name that the operator wrote.
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
