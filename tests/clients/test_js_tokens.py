"""centrifuge-js and tokens that expire: callbacks, refreshes, refusals."""

from __future__ import annotations

import asyncio
import time

CONFIG = {
    "channel": {
        "namespaces": [
            {"name": "open", "allow_subscribe_for_client": True, "allow_publish_for_client": True},
            {"name": "priv", "allow_publish_for_subscriber": True},
        ]
    },
    "client": {
        "expired_close_delay": "1s",
        "expired_sub_close_delay": "1s",
        "presence_update_interval": "1s",
    },
}
SECONDS = 3
RENEWALS = 4
"""The fourth token is asked for when the first one and its grace are over."""


def soon() -> int:
    """A lifetime that a slow machine can still connect and subscribe within."""
    return int(time.time()) + 4


class Issuer:
    """Makes short-lived tokens, each with its number in ``info``."""

    def __init__(self, token, user, **claims) -> None:
        self._token = token
        self._user = user
        self._claims = claims
        self._issued = 0
        self._enough = asyncio.Event()

    def __call__(self):
        self._issued += 1
        if self._issued == RENEWALS:
            self._enough.set()
        return self._token(
            self._user, exp=time.time() + SECONDS, info={"token": self._issued}, **self._claims
        )

    async def has_renewed(self):
        """Wait until the first token could not have carried it."""
        async with asyncio.timeout(RENEWALS * SECONDS + 10):
            await self._enough.wait()


async def test_an_expiring_connection_is_refreshed_and_stays(js, token, channel):
    """The client renews its token before each end, and the server goes by the new one."""
    issuer, name = Issuer(token, "ada"), channel("open")
    client = await js.connect(token=issuer)
    await client.event("connecting")
    await client.subscribe(name)
    await issuer.has_renewed()
    await client.publish(name, 1)
    info = (await client.event("publication", name))["info"]
    assert info["connInfo"]["token"] >= RENEWALS - 1
    assert client.unseen("connecting") == []


async def test_an_expiring_subscription_is_refreshed_and_stays(js, token, channel):
    """The same for the token of a private channel."""
    name = channel("priv")
    issuer = Issuer(token, "ada", channel=name)
    client = await js.connect(token=token("ada"))
    await client.subscribe(name, token=issuer)
    await client.event("subscribing", name)
    await issuer.has_renewed()
    await client.call("publish", {"$data": 1}, channel=name)
    info = (await client.event("publication", name))["info"]
    assert info["chanInfo"]["token"] >= RENEWALS - 1
    assert client.unseen("subscribing") == []


async def test_a_connection_that_is_not_refreshed_ends_with_3005(js, token):
    """Without a new token the client is closed after the grace, and may come again."""
    tokens = iter([token(exp=soon())])
    client = await js.connect(token=lambda: next(tokens, {"error": "no more tokens"}))
    await client.event("connected")
    assert (await client.event("connecting", code=3005))["reason"] == "connection expired"


async def test_a_subscription_that_is_not_refreshed_ends_with_2501(js, token, channel):
    """Without a new token the client is made to subscribe again, which needs one too."""
    name = channel("priv")
    tokens = iter([token("ada", channel=name, exp=soon())])
    client = await js.connect(token=token("ada"))
    await client.subscribe(name, token=lambda: next(tokens, {"error": "no more tokens"}))
    ended = await client.event("subscribing", name, code=2501)
    assert ended["reason"] == "subscription expired"


async def test_an_expired_token_is_renewed_at_the_door(js, token):
    """Error 109 makes the client ask for another token and come in with it."""
    tokens = iter([token(exp=time.time() - 5), token(exp=time.time() + 3600)])
    client = await js.connect(token=lambda: next(tokens))
    assert (await client.event("error"))["error"]["code"] == 109
    await client.event("connected")


async def test_a_user_without_a_right_to_a_token_is_disconnected(js, token):
    """An unauthorized answer of the callback ends the client with code 1."""
    client = await js.connect(token=lambda: {"unauthorized": True})
    assert (await client.event("disconnected"))["code"] == 1


async def test_somebody_elses_subscription_token_is_not_accepted(js, token, channel):
    """A subscription token of another user ends the connection for good."""
    name = channel("priv")
    client = await js.connect(token=token("ada"))
    await client.want(name, token=lambda: token("bob", channel=name))
    assert (await client.event("disconnected"))["code"] == 3500
