"""Cadenza: a real-time trading gateway that speaks the Centrifugo client protocol, and its SDK.

``cadenza.connect(url, token=...)`` is where a client begins. Everything of ``cadenza.client`` can
be had from here too; it is imported when it is first used.
"""

from __future__ import annotations

import importlib
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cadenza.client import *  # noqa: F403  what a type checker should see is what there is
    from cadenza.client.api import *  # noqa: F403  as above

try:
    __version__ = version("cadenza")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0"

__all__ = ["__version__"]


_PARTS: Final = ("cadenza.client", "cadenza.client.api")


def __getattr__(name: str) -> Any:
    """The SDK's names; imported late, as the server and the wire need none of it."""
    if not name.startswith("_"):
        for part in map(importlib.import_module, _PARTS):
            if name in part.__all__:
                return getattr(part, name)
    raise AttributeError(f"module 'cadenza' has no attribute {name!r}")


def __dir__() -> list[str]:
    names = [name for part in _PARTS for name in importlib.import_module(part).__all__]
    return sorted([*globals(), *names])
