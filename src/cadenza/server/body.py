"""Reading what a request carries as bytes: its body, up to a limit, and parts of its query."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request


class BodyTooLarge(Exception):  # noqa: N818 - HTTP's own words for 413
    """The request's body is longer than the configuration allows."""


async def read_body(request: Request, limit: int) -> bytes:
    """The request's body, of at most ``limit`` bytes.

    Raises:
        BodyTooLarge: There is more; the rest was not read.
    """
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise BodyTooLarge
        parts.append(part)
    return b"".join(parts)


def query_bytes(request: Request, name: str) -> bytes:
    """A parameter of the query, whatever its bytes are; empty: there is none.

    Starlette's own would have replaced what is not UTF-8, so that nobody could tell any more.
    """
    query: bytes = request.scope["query_string"]
    # Latin-1 has a character for each byte, so nothing is lost on the way.
    for key, value in parse_qsl(query.decode("latin-1"), encoding="latin-1"):
        if key == name:
            return value.encode("latin-1")
    return b""
