"""Errors that are raised more than once."""

from __future__ import annotations

import asyncio

import pytest

from cadenza.client import (
    AccountClosedError,
    ApiError,
    CallTimeoutError,
    ConnectionLostError,
    DisconnectedError,
    UnsubscribedError,
)
from cadenza.client.errors import again
from support.client.peer_world import connected


@pytest.mark.parametrize(
    "error",
    [
        DisconnectedError(3500, "invalid token"),
        ConnectionLostError(1, "closed"),
        UnsubscribedError("news", 2000, "out"),
        CallTimeoutError("rpc", 1.0),
        ApiError("m", 30001, "no", temporary=True),
        AccountClosedError("a", "closed"),
    ],
)
def test_again(error):
    """Everything but the object and its traceback is the same."""
    error.__cause__ = ValueError("why")
    copy = again(error)
    assert copy is not error
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))
    assert copy.__cause__ is error.__cause__


async def test_two_tasks_get_two_errors(client, peer):
    """One object in two tasks would mix the frames of their tracebacks."""
    line = await connected(client, peer)
    calls = [asyncio.ensure_future(client.rpc("x")) for _ in range(2)]
    await line.command("rpc")
    line.cut()
    one, two = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(one, ConnectionLostError)
    assert one is not two


def test_a_rejection_without_a_number():
    """No 0 before the venue's word."""
    assert str(ApiError("submit", 0, "WOULD_TAKE")) == "submit was refused: WOULD_TAKE"
