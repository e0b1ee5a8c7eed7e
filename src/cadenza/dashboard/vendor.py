"""The page's browser libraries, and the program that fetches them.

``python -m cadenza.dashboard.vendor`` does it; so does ``make page``, and the build of a wheel.

npm installs what ``package-lock.json`` names, checked by its hashes and without running any script
of a package, into a folder that is thrown away; the builds and their licences are kept.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

FOLDER: Final = Path(__file__).parent
VENDOR: Final = FOLDER / "vendor"
"""The folder of the builds. They are fetched by ``vendor``, and not part of the repository."""

NPM: Final = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
_LOCKED: Final = ("package.json", "package-lock.json")


class Build(NamedTuple):
    """One file of an npm package.

    Attributes:
        source: Its path below ``node_modules``.
        name: Its name in ``VENDOR``.
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


class VendorError(Exception):
    """The builds could not be fetched; the message says why, in words for people."""


def missing(folder: Path = VENDOR) -> list[str]:
    """The names of the builds that are not in a folder."""
    return [build.name for build in BUILDS if not (folder / build.name).is_file()]


def vendor(target: Path = VENDOR, npm: Sequence[str] = NPM) -> None:
    """Fetch the builds into a folder, which is replaced as a whole.

    Args:
        target: The folder.
        npm: The command that installs; it runs in a folder with the lock file.

    Raises:
        VendorError: npm is missing or has failed, it brought no such build, or the folder cannot
            be written.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="cadenza-page-") as name:
            work = Path(name)
            _install(work, npm)
            _keep(work / "node_modules", target)
    except OSError as error:
        raise VendorError(f"the builds cannot be written: {error}") from error


def _install(work: Path, npm: Sequence[str]) -> None:
    program = shutil.which(npm[0])
    if program is None:
        raise VendorError(f"{npm[0]} is not there: Node.js 18 or newer with npm is needed")
    for name in _LOCKED:
        shutil.copyfile(FOLDER / name, work / name)
    done = subprocess.run(  # noqa: S603 - a fixed command
        [program, *npm[1:]], cwd=work, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise VendorError(f"npm failed: {(done.stderr or done.stdout).strip()}")


def _keep(modules: Path, target: Path) -> None:
    # Beside the target, so that what is there is whole or not there at all.
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".vendor-", dir=target.parent) as name:
        fresh = Path(name) / "fresh"
        fresh.mkdir()
        for build in BUILDS:
            source = modules / build.source
            if not source.is_file():
                raise VendorError(f"the packages have no file {build.source}")
            shutil.copyfile(source, fresh / build.name)
        if target.exists():
            target.rename(Path(name) / "old")
        fresh.rename(target)


def main() -> None:
    """Fetch the builds, and say what came of it."""
    try:
        vendor()
    except VendorError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(1) from None
    sys.stdout.write(f"The page's libraries are in {VENDOR}\n")


if __name__ == "__main__":
    main()
