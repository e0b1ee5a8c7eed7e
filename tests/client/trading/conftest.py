"""Traders: clients of a real server whose venue has no participants but these."""

from __future__ import annotations

import asyncio
import contextlib
import itertools

import httpx
import pytest

import cadenza.client

USERS = itertools.count()


@pytest.fixture(params=["json", "protobuf"])
def protocol(request):
    """Both encodings."""
    return request.param


@pytest.fixture
def connect(request, processes, token):
    """Makes clients that reconnect at once; of the module's server, unless told another."""

    def make(user="trader", url="", **options):
        kinds = ("min_reconnect", "max_reconnect", "min_resubscribe", "max_resubscribe")
        pauses = dict.fromkeys((f"{kind}_delay" for kind in kinds), 0.01)
        given = {"token": token(user), "timeout": 10.0, **pauses} | options
        return cadenza.client.connect(url or request.getfixturevalue("server").ws, **given)

    return make


@pytest.fixture
def fault(server):
    """Faults of the module's server, each for as long as its ``async with`` lasts."""

    @contextlib.asynccontextmanager
    async def on(kind, **params):
        given = {"method": "faults.set", "params": {"kind": kind, **params}}
        async with httpx.AsyncClient(headers={"X-API-Key": server.api_key}) as http:
            answer = (await http.post(f"{server.url}/api/rpc", json=given)).json()
            yield
            given = {
                "method": "faults.clear",
                "params": {"id": answer["result"]["data"]["fault"]["id"]},
            }
            assert "result" in (await http.post(f"{server.url}/api/rpc", json=given)).json()

    return on


@pytest.fixture
def user():
    """A user whom no other test knows."""
    return f"user-{next(USERS)}"


@pytest.fixture
async def desk(connect, user):
    """An account of a new user."""
    async with connect(user) as client, await client.account() as account:
        yield account
        await account.cancel_all()
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not [task for task in left if task.get_name().startswith("cadenza")]


@pytest.fixture
async def other(connect, user):
    """The account of somebody who takes the other side."""
    async with contextlib.AsyncExitStack() as stack:
        client = await stack.enter_async_context(connect(f"{user}-other"))
        account = await stack.enter_async_context(await client.account())
        yield account
        await account.cancel_all()
