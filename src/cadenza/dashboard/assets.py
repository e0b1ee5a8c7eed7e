"""Files of the page: found by name, read once, and tagged for the browser's cache."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from cadenza.dashboard.vendor import FOLDER, VENDOR

PAGE: Final = FOLDER / "page"
INDEX: Final = "index.html"

TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
"""Content types by the ending of a name. Files with another ending are not served."""

_PART: Final = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
_NAME: Final = re.compile(rf"{_PART}(/{_PART}){{0,8}}", re.ASCII)
_VENDOR: Final = "vendor/"


class Asset(NamedTuple):
    """A file as it is served.

    Attributes:
        body: Its contents.
        content_type: The header of that name.
        etag: The header of that name: a hash of the body.
    """

    body: bytes
    content_type: str
    etag: str


class Assets:
    """Files of two folders: the page's own, and under ``vendor/`` the builds of other people.

    A file that changes on disk is read again, so a page can be written while a server runs.

    Args:
        page: The folder of the page.
        vendor: The folder of the builds.

    Attributes:
        vendor: As given.
    """

    def __init__(self, page: Path = PAGE, vendor: Path = VENDOR) -> None:
        self.vendor: Final = vendor
        self._page = page
        self._known: dict[Path, tuple[tuple[int, int], Asset]] = {}

    def find(self, name: str) -> Asset | None:
        """The file of a name such as ``main.js`` or ``vendor/a.js``; ``None`` if there is none."""
        if _NAME.fullmatch(name) is None:
            return None
        folder, inner = self._page, name
        if name.startswith(_VENDOR):
            folder, inner = self.vendor, name.removeprefix(_VENDOR)
        content_type = TYPES.get(Path(inner).suffix)
        return None if content_type is None else self._read(folder, inner, content_type)

    def _read(self, folder: Path, name: str, content_type: str) -> Asset | None:
        try:
            path = (folder / name).resolve(strict=True)
            if not path.is_relative_to(folder.resolve()) or not path.is_file():
                return None  # a link that leads out of the folder
            about = path.stat()
            state = (about.st_mtime_ns, about.st_size)
            known = self._known.get(path)
            if known is not None and known[0] == state:
                return known[1]
            body = path.read_bytes()
        except OSError:
            return None
        asset = Asset(body, content_type, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
        self._known[path] = (state, asset)
        return asset


def is_known(etag: str, if_none_match: str) -> bool:
    """Whether a browser has the file already (RFC 9110, section 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags
