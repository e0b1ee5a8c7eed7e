"""The browser libraries of other people that the page uses: released builds, from npm."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

FOLDER: Final = Path(__file__).parent
VENDOR: Final = FOLDER / "vendor"
"""Where the builds lie. They are fetched, and not part of the repository: see ``vendoring``."""


class Build(NamedTuple):
    """One file of an npm package.

    Attributes:
        source: Its path below ``node_modules``.
        name: What it is called here.
    """

    source: str
    name: str


BUILDS: Final = (
    Build("centrifuge/dist/centrifuge.js", "centrifuge.js"),
    Build("centrifuge/LICENSE", "centrifuge.LICENSE.txt"),
    # Inside of centrifuge.js.
    Build("events/LICENSE", "events.LICENSE.txt"),
    Build(
        "lightweight-charts/dist/lightweight-charts.standalone.production.mjs",
        "lightweight-charts.mjs",
    ),
    Build("lightweight-charts/LICENSE", "lightweight-charts.LICENSE.txt"),
)


def missing(folder: Path = VENDOR) -> list[str]:
    """Names of the builds that are not there."""
    return [build.name for build in BUILDS if not (folder / build.name).is_file()]
