"""Output of commands: results on standard output, everything else on standard error."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import IO, Any, Final

import msgspec

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_STYLES: Final = {"dim": "2", "bold": "1", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_NUMBERS: Final = frozenset(
    [
        "price",
        "quantity",
        "filled",
        "average",
        "total",
        "free",
        "locked",
        "entry",
        "unrealized",
        "realized",
    ]
)
"""Columns that are aligned to the right."""


def emit(line: str) -> None:
    """Print one line of the result at once; a closed pipe is a ``BrokenPipeError``."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def note(sentence: str) -> None:
    """Tell the user something that is not part of the result."""
    sys.stderr.write(safe(sentence) + "\n")
    sys.stderr.flush()


def warn(sentence: str) -> None:
    """Tell the user of something to put right."""
    note(f"warning: {sentence}")


def safe(text: str) -> str:
    """Text of others with control and direction characters escaped: a terminal would obey them."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def is_terminal(stream: IO[Any]) -> bool:
    """Whether a stream goes to a terminal."""
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def has_colour(stream: IO[Any]) -> bool:
    """Whether a stream shows colours, and the user wants them (https://no-color.org)."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and is_terminal(stream)


def paint(text: str, style: str) -> str:
    """Text in a style, where standard output shows colours; pass it through ``safe`` before."""
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if has_colour(sys.stdout) else text


def json_line(value: Any) -> str:
    """A value as one line of JSON; ``Raw`` stands as it is."""
    return msgspec.json.encode(value).decode()


def plain(value: Any) -> Any:
    """A value whose decimals are texts in plain notation: 0.00, never 0E-2."""
    match value:
        case Decimal():
            return f"{value:f}"
        case dict():
            return {name: plain(it) for name, it in value.items()}
        case list():
            return [plain(it) for it in value]
    return value


def json_text(value: Any) -> str:
    """A value as JSON: indented at a terminal, else in one line."""
    text = msgspec.json.encode(value)
    if is_terminal(sys.stdout):
        return msgspec.json.format(text, indent=2).decode()
    return text.decode()


def emit_table(header: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Print a table of named values; ``None`` leaves its cell empty.

    Args:
        header: Names of the columns; they choose from what the rows hold.
        rows: The values. Without any, standard error says so and nothing is printed.
    """
    if not rows:
        note("there are none")
        return
    texts = [["" if row[it] is None else str(plain(row[it])) for it in header] for row in rows]
    right = frozenset(at for at, name in enumerate(header) if name in _NUMBERS)
    for line in table(header, texts, right=right):
        emit(line)


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, right: frozenset[int]
) -> list[str]:
    """Lines of a plain table.

    Args:
        header: Names of the columns.
        rows: The cells, as many a row as there are columns.
        right: Places of the columns that are aligned to the right: numbers.
    """
    cells = [header, *([safe(cell) for cell in row] for row in rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(header))]

    def line(row: Sequence[str]) -> str:
        padded = (
            cell.rjust(widths[at]) if at in right else cell.ljust(widths[at])
            for at, cell in enumerate(row)
        )
        return "  ".join(padded).rstrip()

    return [paint(line(header), "dim"), *map(line, cells[1:])]
