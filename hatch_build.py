"""A wheel holds the browser libraries of the page: they are fetched when it is built."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageLibraries(BuildHookInterface):  # type: ignore[type-arg]  # it is generic in words only
    """Runs the locked step of `make page` unless its outcome is there.

    Without npm the wheel is built all the same, for whoever wants the client or needs no page; the
    gateway then says at ``/`` how to get them.
    """

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  the hook's signature
        """See ``BuildHookInterface``; a development install is left to `make page`."""
        if version == "editable":
            return
        sys.path.insert(0, str(Path(self.root) / "src"))
        from cadenza.dashboard.vendor import (  # noqa: PLC0415  likewise
            VendorError,
            missing,
            vendor,
        )

        if not missing():
            return
        try:
            vendor()
        except VendorError as error:
            self.app.display_warning(f"the wheel is without the libraries of the page: {error}")
