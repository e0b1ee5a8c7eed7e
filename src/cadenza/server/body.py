"""Reading the body of a request, up to a limit."""

from __future__ import annotations

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
