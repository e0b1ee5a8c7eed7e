r"""Regular expressions of a configuration, which Centrifugo reads as RE2, for Python's ``re``.

They mean the same here as there: ``$`` is the very end of the text (Python's also matches before
a final newline), and ``\d``, ``\w``, ``\s`` are ASCII. What only one of the two knows is refused,
so that no pattern silently checks something other than its author thinks.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from cadenza.config.errors import PatternError

_SPACE: Final = r"\t\n\f\r "
_POSIX: Final = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-\\~",
    "lower": "a-z",
    "print": " -\\~",
    "punct": r"!-/:-@\[-`{-\~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_GROUP: Final = re.compile(r"\?(?::|P<\w+>|<(?=[^=!])\w+>|[is]*(?:-[is]+)?[:)])")
_REPEAT: Final = re.compile(r"\{(\d+)(,?)(\d*)\}")
_HEX: Final = re.compile(r"([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\}")


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """A pattern of a configuration, ready for ``search``.

    Raises:
        PatternError: It cannot be used; the message says where and why.
    """
    return _compile(_Translation(pattern).run())


def _compile(translated: str) -> re.Pattern[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Python warns of sets that it may read otherwise one day
        try:
            return re.compile(translated, re.ASCII)
        except (
            re.error,
            FutureWarning,
            DeprecationWarning,
            OverflowError,
            RecursionError,
        ) as error:
            raise PatternError(str(error)) from None


def may_take_long(pattern: str) -> bool:
    """Whether a repetition is repeated, ``(a+)+``: harmless in RE2, but not in Python."""
    translation = _Translation(pattern)
    translation.run()
    return translation.nested


def fixed_choices(pattern: str, group: str) -> tuple[str, ...] | None:
    """The texts that a named group matches, if it lists fixed ones: ``(?P<t>one|two)``."""
    found = re.search(rf"\(\?P?<{re.escape(group)}>((?:[\w|-]|\\\.)+)\)", pattern, re.ASCII)
    return tuple(found[1].replace("\\.", ".").split("|")) if found else None


class _Translation:
    """One walk over a pattern from left to right."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.out: list[str] = []
        self.nested = False
        self._atom_repeats = False
        self._group_repeats = [False]
        self._handlers: dict[str, Callable[[], str]] = {
            "\\": lambda: self._escape(in_set=False),
            "[": self._set,
            "(": self._open,
            ")": self._close,
            "$": lambda: self._take("$", r"\Z"),
            "*": lambda: self._repeat("*", endless=True),
            "+": lambda: self._repeat("+", endless=True),
            "?": lambda: self._repeat("?", endless=False),
            "{": self._braces,
        }

    def run(self) -> str:
        while self.at < len(self.text):
            character = self.text[self.at]
            handler = self._handlers.get(character)
            if handler is None:
                self._atom_repeats = False
                self.at += 1
            self.out.append(handler() if handler else character)
        return "".join(self.out)

    def _take(self, source: str, translated: str) -> str:
        self.at += len(source)
        self._atom_repeats = False
        return translated

    def _refuse(self, what: str) -> PatternError:
        return PatternError(f"{what} at position {self.at} is not portable")

    def _escape(self, *, in_set: bool) -> str:
        letter = self.text[self.at + 1 : self.at + 2]
        if letter in tuple("dDwWaftnrv"):
            return self._take("\\" + letter, "\\" + letter)
        if letter == "s":
            return self._take(r"\s", _SPACE if in_set else f"[{_SPACE}]")
        if letter == "x":
            return self._code_point()
        if letter and letter.isascii() and not letter.isalnum():
            return self._take("\\" + letter, re.escape(letter))
        outside = {"S": rf"[^{_SPACE}]", "b": r"\b", "B": r"\B", "A": r"\A", "z": r"\Z"}
        if not in_set and letter in outside:
            return self._take("\\" + letter, outside[letter])
        if not in_set and letter == "Q":
            body, _, _ = self.text[self.at + 2 :].partition(r"\E")
            return self._take(rf"\Q{body}\E", re.escape(body))
        raise self._refuse(f"\\{letter}")

    def _code_point(self) -> str:
        found = _HEX.match(self.text, self.at + 2)
        if not found or (code := int(found[1] or found[2], 16)) > 0x10FFFF:
            raise self._refuse("\\x")
        return self._take("\\x" + found[0], re.escape(chr(code)))

    def _set(self) -> str:
        start = re.compile(r"\[\^?\]?").match(self.text, self.at)
        assert start is not None  # noqa: S101 - the caller saw the bracket
        out = [self._take(start[0], start[0].replace("]", r"\]"))]
        while self.at < len(self.text) and self.text[self.at] != "]":
            character = self.text[self.at]
            if posix := re.compile(r"\[:(\^?)(\w+):\]").match(self.text, self.at):
                if posix[1] or posix[2] not in _POSIX:
                    raise self._refuse(posix[0])
                out.append(self._take(posix[0], _POSIX[posix[2]]))
            elif character == "\\":
                out.append(self._escape(in_set=True))
            else:
                out.append(
                    self._take(character, f"\\{character}" if character in "[&~|" else character)
                )
        if self.at >= len(self.text):
            raise PatternError("a set of characters has no end")
        return "".join(out) + self._take("]", "]")

    def _open(self) -> str:
        self._group_repeats.append(False)
        if self.text[self.at + 1 : self.at + 2] != "?":
            return self._take("(", "(")
        found = _GROUP.match(self.text, self.at + 1)
        if not found or (found[0].endswith(")") and (self.at or "-" in found[0])):
            raise self._refuse(self.text[self.at : self.at + 3])
        if found[0].endswith(")"):
            self._group_repeats.pop()
        body = found[0].replace("?<", "?P<")
        return self._take("(" + found[0], "(" + body)

    def _close(self) -> str:
        self.at += 1
        self._atom_repeats = self._group_repeats.pop() if len(self._group_repeats) > 1 else False
        self._group_repeats[-1] |= self._atom_repeats
        return ")"

    def _braces(self) -> str:
        found = _REPEAT.match(self.text, self.at)
        if found:
            return self._repeat(found[0], endless=bool(found[2]) and not found[3])
        if re.compile(r"\{,\d*\}").match(self.text, self.at):
            raise self._refuse("{,")
        return self._take("{", r"\{")

    def _repeat(self, sign: str, *, endless: bool) -> str:
        self.at += len(sign)
        if self.text[self.at : self.at + 1] == "+":
            raise self._refuse(f"{sign}+")
        if endless:
            self.nested |= self._atom_repeats
            self._group_repeats[-1] = self._atom_repeats = True
        lazy = self.text[self.at : self.at + 1] == "?"
        self.at += lazy
        return sign + "?" * lazy
