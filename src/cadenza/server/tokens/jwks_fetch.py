"""Getting a key set over HTTP, with the standard library in a thread."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from http.client import HTTPException, HTTPMessage
from typing import IO, Final, TypeAlias
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

TIMEOUT: Final = 3.0
MAX_BYTES: Final = 262_144
_CHUNK: Final = 16_384

Fetch: TypeAlias = Callable[[str], Awaitable[bytes]]
"""Gets the document at a URL, or raises ``FetchError``."""


class FetchError(Exception):
    """The document could not be had; the message says why."""


class _Redirects(HTTPRedirectHandler):
    """Few of them, and never from https to less."""

    max_redirections = 3

    def redirect_request(  # noqa: PLR0917 - the signature is urllib's
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        scheme = urlsplit(newurl).scheme
        if scheme != "https" and scheme != urlsplit(req.full_url).scheme:
            raise FetchError(f"the server redirects to a {scheme or 'malformed'} URL")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> OpenerDirector:
    """One that knows http and https only, no files and no ftp."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        HTTPHandler(),
        HTTPSHandler(),
        HTTPDefaultErrorHandler(),
        HTTPErrorProcessor(),
        _Redirects(),
    ):
        opener.add_handler(handler)
    opener.addheaders = [("User-Agent", "cadenza"), ("Accept", "application/json")]
    return opener


async def fetch_jwks(url: str, *, seconds: float = TIMEOUT, max_bytes: int = MAX_BYTES) -> bytes:
    """The body of an answer with status 200.

    Args:
        url: http or https.
        seconds: For all of it.
        max_bytes: Size of the body that is still read.

    Raises:
        FetchError: No answer in time, another status, too large.
    """
    if urlsplit(url).scheme not in {"http", "https"}:
        raise FetchError("the URL is not http or https")
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.to_thread(_get, url, seconds, max_bytes)
    except TimeoutError:
        raise FetchError(f"no answer within {seconds:g} s") from None


def _get(url: str, timeout: float, max_bytes: int) -> bytes:
    deadline = time.monotonic() + timeout
    body = bytearray()
    try:
        with _opener().open(url, timeout=timeout) as response:
            if response.status != 200:
                raise FetchError(f"the answer has status {response.status}")
            while chunk := response.read1(_CHUNK):
                body += chunk
                if len(body) > max_bytes:
                    raise FetchError(f"the answer is larger than {max_bytes} bytes")
                if time.monotonic() > deadline:
                    raise FetchError(f"no whole answer within {timeout:g} s")
    except HTTPError as error:
        error.close()
        raise FetchError(f"the answer has status {error.code}") from None
    except (OSError, HTTPException, ValueError) as error:
        raise FetchError(f"{type(error).__name__}: {error}") from None
    return bytes(body)
