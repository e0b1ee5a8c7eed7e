"""The tables of codes, from the protocol's catalogue."""

from __future__ import annotations

from typing import TypeVar

from cadenza.protocol import codes
from generators.source import attribute_docs, one_line, table

CodeT = TypeVar("CodeT")
_DOCS = attribute_docs(codes)


def _named(kind: type[CodeT]) -> list[tuple[str, CodeT]]:
    return [(name, value) for name, value in vars(codes).items() if isinstance(value, kind)]


def errors() -> str:
    """Errors in replies."""
    rows = [
        [str(error.code), error.message, "yes" if error.temporary else "", one_line(_DOCS[name])]
        for name, error in _named(codes.ErrorCode)
    ]
    return table(["Code", "Message", "Temporary", "Meaning"], rows)


def disconnects() -> str:
    """Disconnects."""
    rows = [
        [
            str(end.code),
            end.reason,
            "reconnects" if end.reconnect else "stays away",
            one_line(_DOCS[name]),
        ]
        for name, end in _named(codes.Disconnect)
    ]
    return table(["Code", "Reason", "A client", "Meaning"], rows)


def unsubscribes() -> str:
    """Unsubscribes that go over the wire."""
    rows = [
        [
            str(end.code),
            end.reason,
            "subscribes again" if end.resubscribe else "stays unsubscribed",
            one_line(_DOCS.get(name, "")),
        ]
        for name, end in _named(codes.Unsubscribe)
        if end.code >= 2000
    ]
    return table(["Code", "Reason", "A client", "Meaning"], rows)
