"""Single values of a file, an environment variable or a flag, read as the option's type.

As lenient as Centrifugo, which reads ``"8000"`` as a number and ``1`` as true.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, Literal, get_args, get_origin

from cadenza.config.errors import MismatchError
from cadenza.realtime.duration import Duration

REDACTED: Final = "***"
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False", ""})
_SHORTEST_NANOSECONDS: Final = 1_000_000


class Secret(str):
    """Compares and encodes like the text it holds, and prints as ``***``.

    ``repr()``, ``str()`` and ``format()`` are all redacted, so that no log line, traceback or
    f-string gives it away; ``reveal`` is the one way to the text.
    """

    __slots__ = ()

    def reveal(self) -> str:
        """The text itself, as a plain string."""
        return str.__str__(self)

    def __repr__(self) -> str:
        return repr(str(self))

    def __str__(self) -> str:
        return REDACTED if self else ""

    def __format__(self, spec: str, /) -> str:
        return format(str(self), spec)


def kind(value: object) -> str:
    """The type of a value in an operator's words."""
    names: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "true or false"),
        (int, "a whole number"),
        (float, "a number"),
        (str, "a text"),
        (Mapping, "a section"),
        ((list, tuple), "a list"),
        (date, "a date"),
    )
    for types, name in names:
        if isinstance(value, types):
            return name
    return "nothing" if value is None else type(value).__name__


def read_scalar(type_: Any, value: object) -> object:
    """A value as ``type_``: one of the types above, a ``Literal`` or a union of such.

    Raises:
        MismatchError: It is of another type; the message never has the value of a secret.
    """
    if get_origin(type_) is Literal:
        return _choice(get_args(type_), value)
    if (reader := _READERS.get(type_)) is not None:
        return reader(value)
    alternatives = [option for option in get_args(type_) if option is not type(None)]
    if value is None and type(None) in get_args(type_):
        return None
    for option in alternatives[:-1]:
        try:
            return read_scalar(option, value)
        except MismatchError:
            continue
    return read_scalar(alternatives[-1], value)


def _mismatch(expected: str, value: object) -> MismatchError:
    return MismatchError(f"must be {expected}, not {kind(value)}")


def _bool(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, str)) and (text := str(value)) in _TRUE | _FALSE:
        return text in _TRUE
    raise _mismatch("true or false", value)


def _int(value: object) -> int:
    if isinstance(value, bool):
        raise _mismatch("a whole number", value)
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        try:
            return int(value, 0) if value else 0
        except ValueError:
            pass
    raise _mismatch("a whole number", value)


def _float(value: object) -> float:
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
        if math.isfinite(number):
            return number
    raise _mismatch("a number", value)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    raise _mismatch("a text", value)


def _secret(value: object) -> Secret:
    return value if isinstance(value, Secret) else Secret(_text(value))


def _duration(value: object) -> Duration:
    if isinstance(value, Duration):
        return value
    if isinstance(value, str):
        try:
            return Duration.parse(value) if value else Duration(0)
        except ValueError as error:
            raise MismatchError(str(error)) from None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _mismatch('a duration like "25s"', value)
    # A bare number counts nanoseconds, as in Go; nobody means that for a small one.
    if 0 < value < _SHORTEST_NANOSECONDS:
        raise MismatchError(f'must be a duration with its unit, like "{value}s" or "{value}ms"')
    return Duration(value / 1e9)


def _choice(choices: tuple[str, ...], value: object) -> str:
    if isinstance(value, str) and value in choices:
        return value
    shown = ", ".join(f'"{choice}"' for choice in choices)
    what = f'"{value}"' if isinstance(value, str) else kind(value)
    raise MismatchError(f"must be one of {shown}, not {what}")


_READERS: Final[dict[Any, Callable[[object], object]]] = {
    bool: _bool,
    int: _int,
    float: _float,
    str: _text,
    Secret: _secret,
    Duration: _duration,
}
