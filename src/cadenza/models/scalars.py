"""The scalar types of the payloads: decimal strings and times.

Money, prices and quantities travel as strings in plain notation. The API's own clients refuse an
exponent (``1E-8``), a leading dot (``.5``) and a plus sign, so the patterns refuse them here too.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

Dec = Annotated[str, msgspec.Meta(pattern=r"^-?\d+(\.\d+)?$")]
"""A decimal string, for example ``"-0.25"``."""

PositiveDec = Annotated[str, msgspec.Meta(pattern=r"^\d+(\.\d+)?$")]
"""A decimal string without a minus sign."""

Millis = int
"""Milliseconds since the Unix epoch, UTC."""
