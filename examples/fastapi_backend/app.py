"""A backend to begin with: FastAPI with a login, rooms with permissions, and who is in them.

Run ``uvicorn --app-dir examples/fastapi_backend app:app``. ``POST /login`` gives a token;
with it a client of the Centrifugo protocol connects to ``/realtime/connection/websocket`` and
subscribes to ``room:NAME`` if it is a member. ``GET /rooms/NAME`` says who is there and what was
said. Copy the folder, put your database where ``PASSWORDS`` and ``MEMBERS`` are, and keep the test.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from cadenza.config import Config, HttpApiConfig
from cadenza.protocol.codes import EXPIRED, INVALID_TOKEN, PERMISSION_DENIED
from cadenza.realtime import (
    ChannelRules,
    CommandError,
    ConnectEvent,
    ConnectReply,
    Disconnected,
    Duration,
    Handlers,
    Namespace,
    Node,
    RefreshEvent,
    SubscribeEvent,
    SubscribeReply,
)
from cadenza.server.app import create_app

SECRET = os.environ.get("SESSION_SECRET") or secrets.token_hex(32)
TOKEN_SECONDS = 3600
# In earnest: a table of users with hashes of passwords, and one of members.
PASSWORDS = {"ann": "correct horse", "bob": "battery staple", "eve": "let me in"}
MEMBERS = {"lobby": {"ann", "bob", "eve"}, "board": {"ann", "bob"}}


def claims_of(token: str) -> dict[str, Any]:
    """What a token of ``/login`` says.

    Raises:
        jwt.PyJWTError: It is none, or it has run out.
    """
    claims: dict[str, Any] = jwt.decode(
        token, SECRET, algorithms=["HS256"], options={"require": ["sub", "exp"]}
    )
    return claims


def is_member(user: str, room: str) -> bool:
    """Whether a user may be in a room."""
    return user in MEMBERS.get(room, ())


# What clients of the node may do.


def who_is_it(event: ConnectEvent | RefreshEvent) -> ConnectReply:
    """The token of the login is the token of the connection, at first and when it is renewed."""
    try:
        claims = claims_of(event.token)
    except jwt.ExpiredSignatureError:
        raise CommandError(EXPIRED) from None
    except jwt.PyJWTError:
        raise Disconnected(INVALID_TOKEN) from None
    info = json.dumps({"name": claims["sub"]}).encode()
    return ConnectReply(user=claims["sub"], expire_at=claims["exp"], info=info)


def may_subscribe(event: SubscribeEvent) -> SubscribeReply:
    """Only members; the reason is for the log, clients see ``103 permission denied``."""
    namespace, _, room = event.channel.partition(":")
    if namespace != "room" or not is_member(event.connection.user, room):
        raise CommandError(PERMISSION_DENIED, "only the members of a room may be in it")
    return SubscribeReply()


node = Node(
    rules=ChannelRules(
        namespaces=(
            Namespace(
                name="room",
                presence=True,
                join_leave=True,
                force_push_join_leave=True,
                history_size=100,
                history_ttl=Duration(3600),
                force_recovery=True,
                allow_presence_for_subscriber=True,
                allow_history_for_subscriber=True,
            ),
        )
    ),
    handlers=Handlers(connect=who_is_it, refresh=who_is_it, subscribe=may_subscribe),
)


# The REST API beside it.


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """A mounted application has no lifespan of its own: start and stop the node here."""
    await node.start()
    try:
        yield
    finally:
        await node.shutdown()


app = FastAPI(lifespan=lifespan)


class Login(BaseModel):
    """Who logs in."""

    user: str
    password: str


class Message(BaseModel):
    """What is said in a room."""

    text: str


def session(header: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> str:
    """The user of a request."""
    try:
        return str(claims_of(header.credentials)["sub"])
    except jwt.PyJWTError:
        raise HTTPException(401, "log in again") from None


User = Annotated[str, Depends(session)]


def check_member(user: str, room: str) -> None:
    """A room that one may not enter looks like one that does not exist."""
    if not is_member(user, room):
        raise HTTPException(404, "no such room")


@app.post("/login")
async def login(given: Login) -> dict[str, str]:
    """A token, for this API and for the connection."""
    known = PASSWORDS.get(given.user, "")
    if not known or not hmac.compare_digest(known.encode(), given.password.encode()):
        raise HTTPException(401, "wrong user or password")
    claims = {"sub": given.user, "exp": int(time.time()) + TOKEN_SECONDS}
    return {"token": jwt.encode(claims, SECRET, algorithm="HS256")}


@app.get("/rooms/{room}")
async def look(room: str, user: User) -> dict[str, Any]:
    """Who is in a room at this moment, and the last that was said."""
    check_member(user, room)
    clients = await node.who(f"room:{room}")
    page = await node.history(f"room:{room}", limit=20, reverse=True)
    return {
        "who": sorted({info.user for info in clients.values()}),
        "said": [json.loads(bytes(publication.data)) for publication in page.publications],
    }


@app.post("/rooms/{room}/messages")
async def say(room: str, message: Message, user: User) -> dict[str, int]:
    """Publish to everybody in a room."""
    check_member(user, room)
    data = json.dumps({"from": user, "text": message.text}).encode()
    result = await node.publish(f"room:{room}", data)
    return {"offset": result.position.offset}


app.mount(
    "/realtime", create_app(node, Config(http_api=HttpApiConfig(disabled=True)), manage_node=False)
)
