"""Keyword arguments and the fields they stand for."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields

import pytest

from cadenza.client import (
    ClientCallbacks,
    ClientOptions,
    SubscriptionCallbacks,
    SubscriptionOptions,
)
from cadenza.client.options import ConnectArguments, SubscribeArguments


@pytest.mark.parametrize(
    ("given", "kinds"),
    [
        (ConnectArguments, (ClientOptions, ClientCallbacks)),
        (SubscribeArguments, (SubscriptionOptions, SubscriptionCallbacks)),
    ],
)
def test_every_field_can_be_given(given, kinds):
    """Names and types of the keyword arguments are those of the fields, and none is in both."""
    found = [(field.name, field.type) for kind in kinds for field in fields(kind)]
    types = {name: value.__forward_arg__ for name, value in given.__annotations__.items()}
    assert types == dict(found)
    assert len(found) == len(types)


@pytest.mark.process
def test_nothing_of_the_server():
    """A plain install is enough, and the server's rooms stay asleep."""
    rooms = [f"cadenza.{it}" for it in ("server", "realtime", "market", "trading", "gateway")]
    extra = [*rooms, "uvicorn", "starlette", "redis", "jwt", "httptools", "yaml", "uvloop"]
    script = f"import sys, cadenza.client; print(*{set(extra)!r} & set(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == []
