"""A client that applies the patches it is sent, as the SDKs do."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from cadenza.protocol import delta
from cadenza.protocol.messages import Publication, Reply
from support.realtime.engine_world import Client

TEXT = "the quick brown fox jumps over the lazy dog, again and again, é and 😀, until it is tired"


def payload_of(number: int) -> bytes:
    """Payloads that are like each other, with a character that a patch must not cut."""
    words = TEXT.split()
    words[number % len(words)] = "éèê"[number % 3] * 3
    return json.dumps({"n": number, "text": " ".join(words)}, ensure_ascii=False).encode()


class Model:
    """A client that keeps the last payload as its base, as the SDKs do."""

    def __init__(self, client: Client, channel: str = "c") -> None:
        self.client = client
        self.channel = channel
        self.base: bytes | None = None
        self.seen: list[bytes] = []
        self.patches = 0
        self.position: dict[str, Any] = {}
        self.subscribed = False
        self._handled = 0

    def catch_up(self) -> None:
        """Handle what came, in order."""
        replies = self.client.replies
        for reply in replies[self._handled :]:
            self._handle(reply)
        self._handled = len(replies)

    def _handle(self, reply: Reply) -> None:
        if reply.subscribe is not None:
            result = reply.subscribe
            assert result.delta
            self.subscribed = True
            if not result.recovered:
                self.base = None
            self.position = {"offset": result.offset, "epoch": result.epoch}
            for publication in result.publications:
                self._publication(publication)
        elif reply.push is not None and reply.push.pub is not None:
            self._publication(reply.push.pub)
        elif reply.push is not None and reply.push.unsubscribe is not None:
            self.subscribed = False

    def _publication(self, publication: Publication) -> None:
        data = bytes(publication.data)
        if self.client.transport.wire.codec.format == "json":
            data = msgspec.json.decode(data, type=str).encode()
        if publication.delta:
            assert self.base is not None, "a patch for a client without base"
            data = delta.apply(self.base, data)
            self.patches += 1
        self.base = data
        self.seen.append(data)
        if publication.offset:
            self.position["offset"] = publication.offset
