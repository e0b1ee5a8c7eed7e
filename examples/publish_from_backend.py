"""A backend publishes through the HTTP server API, with the standard library only.

Usage: ``CADENZA_API_KEY=... python examples/publish_from_backend.py CHANNEL JSON``. It prints the
offset of the publication. The key is ``http_api.key`` of the server's configuration; a sandbox
prints it at its start. The channel's namespace must be configured. ``CADENZA_URL`` names another
server, by its WebSocket address as everywhere or by its HTTP one.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.parse
import urllib.request
import uuid
from typing import Any


class ApiError(Exception):
    """The API answered with an error, for example 102: the namespace is not configured."""


def http_address(url: str) -> str:
    """The server's HTTP address: ``http://127.0.0.1:8000`` for a WebSocket address there."""
    parts = urllib.parse.urlsplit(url)
    return f"{'https' if parts.scheme in {'wss', 'https'} else 'http'}://{parts.netloc}"


def call(url: str, key: str, method: str, **params: Any) -> dict[str, Any]:
    """Call a method of the server API and return its result."""
    request = urllib.request.Request(  # noqa: S310 - the address is the operator's own
        f"{url}/api/{method}",
        data=json.dumps(params).encode(),
        headers={"X-API-Key": key, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310 - as above
        answer = json.load(response)
    if "error" in answer:
        raise ApiError(f"{answer['error']['code']} {answer['error']['message']}")
    result: dict[str, Any] = answer["result"]
    return result


def main() -> None:
    """Publish once, safely: a repeat with the same key within 5 minutes publishes nothing."""
    channel, payload = sys.argv[1:3]
    result = call(
        http_address(os.environ.get("CADENZA_URL", "ws://127.0.0.1:8000/connection/websocket")),
        os.environ["CADENZA_API_KEY"],
        "publish",
        channel=channel,
        data=json.loads(payload),
        idempotency_key=str(uuid.uuid4()),
    )
    print(f"published to {channel} at offset {result.get('offset', 0)}")


if __name__ == "__main__":
    main()
