"""Helpers that several files of this folder use."""

from __future__ import annotations

import json

import msgspec


def check(payload, kind):
    """The payload, read strictly as the struct that the surface promises."""
    known = {field.encode_name for field in msgspec.structs.fields(kind)}
    assert set(payload) <= known
    return msgspec.json.decode(json.dumps(payload), type=kind)
