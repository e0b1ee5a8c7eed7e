"""What commands print: results on standard output, everything else on standard error."""

from __future__ import annotations

import os
import re
import sys
from decimal import Decimal
from typing import IO, Any, Final

import msgspec

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_STYLES: Final = {"dim": "2", "bold": "1", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def emit(line: str) -> None:
    """Print one line of the result at once; a closed pipe is a ``BrokenPipeError``."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def note(sentence: str) -> None:
    """Tell the user something that is no result."""
    sys.stderr.write(safe(sentence) + "\n")
    sys.stderr.flush()


def warn(sentence: str) -> None:
    """Tell the user of something that should be otherwise."""
    note(f"warning: {sentence}")


def safe(text: str) -> str:
    """Text of others without what a terminal would obey: control and direction characters."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def is_terminal(stream: IO[Any]) -> bool:
    """Whether somebody looks at it."""
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def has_colour(stream: IO[Any]) -> bool:
    """Whether it shows colours, and the user wants them (https://no-color.org)."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and is_terminal(stream)


def paint(text: str, style: str) -> str:
    """Text in a style, where standard output shows it; ``text`` has been made safe before."""
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
    """A value as JSON for people at a terminal, for programs in one line."""
    text = msgspec.json.encode(value)
    if is_terminal(sys.stdout):
        return msgspec.json.format(text, indent=2).decode()
    return text.decode()


def table(header: list[str], rows: list[list[str]], *, right: frozenset[int]) -> list[str]:
    """Lines of a plain table.

    Args:
        header: Names of the columns.
        rows: As many texts each.
        right: Columns that are aligned to the right: numbers.
    """
    cells = [header, *([safe(cell) for cell in row] for row in rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(header))]

    def line(row: list[str]) -> str:
        padded = (
            cell.rjust(widths[at]) if at in right else cell.ljust(widths[at])
            for at, cell in enumerate(row)
        )
        return "  ".join(padded).rstrip()

    return [paint(line(header), "dim"), *map(line, cells[1:])]
