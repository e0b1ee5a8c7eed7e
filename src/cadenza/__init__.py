"""Cadenza: a real-time trading gateway that speaks the Centrifugo client protocol, and its SDK.

``cadenza.connect(url, token=...)`` is where a client begins. Everything of ``cadenza.client`` can
be had from here too; it is imported when it is first used.
"""

from __future__ import annotations

import importlib
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cadenza.client import Client, Overflow, Publication, Subscription, connect

try:
    __version__ = version("cadenza")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0"

__all__ = ["Client", "Overflow", "Publication", "Subscription", "__version__", "connect"]


def __getattr__(name: str) -> Any:
    """The SDK's names; imported late, as the server and the wire need none of it."""
    if name.startswith("_"):
        raise AttributeError(f"module 'cadenza' has no attribute {name!r}")
    client = importlib.import_module("cadenza.client")
    if name not in client.__all__:
        raise AttributeError(f"module 'cadenza' has no attribute {name!r}")
    return getattr(client, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *importlib.import_module("cadenza.client").__all__])
