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

Uuid = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
        extra_json_schema={"format": "uuid"},
    ),
]
"""A UUID in its text form; the API's own clients refuse any other id."""
