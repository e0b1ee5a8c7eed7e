"""Names for orders, which make a retry safe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cadenza.client.errors import UsageError

BYTES: Final = 16
LONGEST_PREFIX: Final = 64
"""The venue takes names of 128 characters."""


class OrderIds:
    """Makes a client order id for each intent: a prefix and 128 random bits.

    Args:
        random_bytes: The source of chance, such as ``os.urandom``.
        prefix: What each begins with, so that a program knows its own orders.
    """

    def __init__(self, random_bytes: Callable[[int], bytes], prefix: str = "") -> None:
        if len(prefix) > LONGEST_PREFIX or not prefix.isprintable():
            raise UsageError(f"an order prefix is printable, at most {LONGEST_PREFIX} characters")
        self._random_bytes = random_bytes
        self._prefix = prefix

    def __call__(self) -> str:
        """The next id."""
        return self._prefix + self._random_bytes(BYTES).hex()
