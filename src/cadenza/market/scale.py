"""Exact conversion between decimal strings and whole steps.

Inside the house a price is a number of ticks and a quantity a number of lots; on the wire both stay
the strings they came as. Strings repeat (a price level is updated many times), so each scale
remembers the ones it has seen: a lookup then costs one dictionary access.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from cadenza.market.errors import DecimalError, OffStepError

# Books of a thousand levels a side fit several times over; at most about 1 MiB a scale.
CACHE_LIMIT: Final = 8192

_PLAIN: Final = re.compile(r"[0-9]{1,40}(?:\.[0-9]{1,40})?")


class DecimalScale(dict[str, int]):
    """Maps decimal strings to whole steps: ``scale["61837.63"]`` is 6183763 with step 0.01.

    Args:
        step: The step as a positive decimal string.
        kind: The measure, "price" or "quantity", for error messages.
        sign: 1, or -1 to negate the results (``order_book.Ladder`` orders bids so).

    Raises:
        OffStepError: On a lookup of a number between two steps.
        DecimalError: On a lookup of anything else than a plain non-negative decimal.
    """

    __slots__ = ("_decimals", "_power", "_sign", "_template", "_unit", "kind", "step")

    def __init__(self, step: str, kind: str, *, sign: int = 1) -> None:
        super().__init__()
        if not _PLAIN.fullmatch(step) or not step.strip("0."):
            raise DecimalError(f"{kind} step", step)
        self.step = step
        self.kind = kind
        self._sign = sign
        _, _, fraction = step.partition(".")
        self._decimals = len(fraction.rstrip("0"))
        self._unit = int(Decimal(step).scaleb(self._decimals))
        self._power = 10**self._decimals
        # An order event writes a dozen numbers: a ready template is a third of a nested format.
        self._template = f"%d.%0{self._decimals}d" if self._decimals else ""

    def negated(self) -> DecimalScale:
        """The same scale with the results negated."""
        return DecimalScale(self.step, self.kind, sign=-self._sign)

    def format(self, steps: int) -> str:
        """The canonical text of a number of steps, with as many decimals as the step has."""
        units = abs(steps) * self._unit
        template = self._template
        return template % divmod(units, self._power) if template else str(units)

    def nearest(self, text: str) -> str:
        """The multiple of the step that is nearest to a plain decimal."""
        return self.format(int((Decimal(text) / Decimal(self.step)).to_integral_value()))

    def __missing__(self, text: str) -> int:
        steps = self._sign * self._parse(text)
        if len(self) >= CACHE_LIMIT:
            self.clear()
        self[text] = steps
        return steps

    def _parse(self, text: str) -> int:
        if not _PLAIN.fullmatch(text):
            raise DecimalError(self.kind, text)
        whole, _, fraction = text.partition(".")
        decimals = self._decimals
        units = int(whole + fraction[:decimals].ljust(decimals, "0"))
        steps, rest = divmod(units, self._unit)
        if rest or fraction[decimals:].strip("0"):
            raise OffStepError(self.kind, text, self.step, self.nearest(text))
        return steps
