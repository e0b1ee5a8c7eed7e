"""The documented API: models against the documents, calls against the real server."""

from __future__ import annotations

import asyncio
import threading

import msgspec
import pytest

import cadenza
from cadenza import (
    BlockingWebSocketApi,
    Configuration,
    HandshakeError,
    WebSocketApi,
    WsCommand,
    WsConnectRequest,
    WsHistoryRequest,
    WsPresenceRequest,
    WsPresenceStatsRequest,
    WsPublishRequest,
    WsReply,
    WsRPCRequest,
    WsSubscribeRequest,
    WsUnsubscribeRequest,
)
from cadenza.client import api
from cadenza.client.websocket_api import models as ws_models
from cadenza.client.websocket_api import models as ws_reply

CONFIG = {
    "channel": {
        "namespaces": [
            {
                "name": "news",
                "history_size": 10,
                "history_ttl": "60s",
                "presence": True,
                "allow_subscribe_for_client": True,
                "allow_publish_for_client": True,
                "allow_history_for_client": True,
                "allow_presence_for_client": True,
            }
        ]
    }
}

FIELDS = {
    "WsCommand": "id* connect subscribe unsubscribe publish presence presenceStats history ping"
    " send rpc refresh subRefresh",
    "WsConnectRequest": "token* data subs name version",
    "WsSubscribeRequest": "channel* token recover epoch offset data positioned recoverable"
    " joinLeave delta",
    "WsUnsubscribeRequest": "channel*",
    "WsPublishRequest": "channel* data*",
    "WsPresenceRequest": "channel*",
    "WsPresenceStatsRequest": "channel*",
    "WsHistoryRequest": "channel* limit since reverse",
    "WsSendRequest": "data",
    "WsRefreshRequest": "token*",
    "WsSubRefreshRequest": "channel* token*",
    "WsReply": "id error push connect subscribe unsubscribe publish presence presenceStats history"
    " ping rpc refresh subRefresh",
    "WsError": "code* message* temporary",
    "WsConnectResult": "client version expires ttl data subs ping pong session node time",
    "WsSubscribeResult": "expires ttl recoverable epoch publications recovered offset positioned"
    " data delta",
    "WsPresenceResult": "presence",
    "WsPresenceStatsResult": "numClients numUsers",
    "WsHistoryResult": "publications epoch offset",
    "WsRefreshResult": "client version expires ttl",
    "WsSubRefreshResult": "expires ttl",
    "WsStreamPosition": "offset epoch",
    "WsPublication": "data info offset tags delta time channel",
    "WsClientInfo": "user client connInfo chanInfo",
    "WsPush": "channel pub join leave unsubscribe message subscribe connect disconnect refresh",
    "WsJoin": "info",
    "WsLeave": "info",
    "WsUnsubscribePush": "code reason",
    "WsMessage": "data",
    "WsSubscribePush": "recoverable epoch offset positioned data",
    "WsConnectPush": "client version data",
    "WsDisconnect": "code reason reconnect",
    "WsRefreshPush": "expires ttl",
}
"""The fields of the documents; required ones have a star."""


@pytest.mark.parametrize("name", FIELDS)
def test_the_fields_are_those_of_the_documents(name):
    """All of them, in their names, with what is required."""
    fields = msgspec.structs.fields(getattr(api, name))
    shown = [field.encode_name + "*" * field.required for field in fields]
    assert shown == FIELDS[name].split()


FULL = {
    "id": 7,
    "connect": {
        "client": "c",
        "data": {"numClients": {"connInfo": 1}},
        "subs": {"news": {"epoch": "e", "publications": [{"data": [1], "offset": 1}]}},
    },
    "presenceStats": {"numClients": 2, "numUsers": 1},
    "push": {
        "channel": "news",
        "pub": {"data": "text", "info": {"user": "u", "client": "c", "connInfo": {"a_b": 1}}},
    },
}


def test_documents_and_wire():
    """Both forms say the same; payloads are never touched."""
    reply = WsReply.from_dict(FULL)
    wire = reply.to_wire()
    assert wire["presence_stats"] == {"num_clients": 2, "num_users": 1}
    assert wire["push"]["pub"]["info"]["conn_info"] == {"a_b": 1}
    assert wire["connect"]["data"] == {"numClients": {"connInfo": 1}}
    assert WsReply.from_wire(wire) == reply
    assert WsReply.from_wire(wire).to_dict() == FULL
    assert WsReply.from_json(reply.to_json()) == reply


def test_what_is_required():
    """A missing field is named."""
    with pytest.raises(msgspec.ValidationError, match="missing required field `id`"):
        WsCommand.from_dict({"connect": {"token": "t"}})
    with pytest.raises(TypeError, match="id"):
        WsCommand(connect=WsConnectRequest(token="t"))


def test_no_token_is_shown():
    """Neither by the configuration nor by the models that hold one."""
    secret = "very-secret"
    shown = [
        Configuration(access_token=secret),
        WsConnectRequest(token=secret),
        ws_models.WsRefreshRequest(token=secret),
        ws_models.WsSubRefreshRequest(channel="c", token=secret),
        WsCommand(id=1, connect=WsConnectRequest(token=secret)),
        ws_models.WsSubscribeRequest(channel="c", token=secret),
    ]
    assert [it for it in map(repr, shown) if secret in it] == []


def test_the_servers_of_the_documents():
    """Production is the default."""
    assert Configuration().host == cadenza.PRODUCTION
    assert cadenza.UAT == "wss://cadenza-ws-uat.algo724.com/connection/websocket"
    with pytest.raises(cadenza.UsageError, match="ws://"):
        Configuration("http://127.0.0.1")


async def test_the_example_of_the_documents(server, token):
    """As WebSocketApi.md has it, in Python."""
    configuration = Configuration(server.ws, access_token=token("ann"))
    api_instance = WebSocketApi(configuration)
    ws_command = WsCommand(id=1, connect=WsConnectRequest(token=token("ann"), name="mine"))
    connection = await api_instance.websocket_connect(ws_command)
    assert connection.status == 101
    assert connection.data.id == 1
    assert connection.data.connect.client
    await connection.close()


@pytest.mark.parametrize("kind", ["text", "plain", "async"])
async def test_every_command(server, token, kind):
    """Replies, pushes and errors, over one connection."""

    async def later():
        return token("ann")

    given = {"text": token("ann"), "plain": lambda: token("ann"), "async": later}[kind]
    configuration = Configuration(server.ws, access_token=given)
    async with asyncio.timeout(20), WebSocketApi(configuration).websocket_connect() as it:
        sub = await it.send(WsCommand(id=2, subscribe=WsSubscribeRequest(channel="news:a")))
        assert (sub.id, sub.error) == (2, None)
        request = WsPublishRequest(channel="news:a", data={"text": "hi"})
        assert (await it.send(WsCommand(id=3, publish=request))).publish == {}
        push = await anext(it)
        assert (push.push.channel, push.push.pub.data) == ("news:a", {"text": "hi"})
        page = await it.send(WsCommand(id=4, history=WsHistoryRequest(channel="news:a", limit=5)))
        assert page.history.publications[0].data == {"text": "hi"}
        who = await it.send(WsCommand(id=5, presence=WsPresenceRequest(channel="news:a")))
        assert [info.user for info in who.presence.presence.values()] == ["ann"]
        stats = WsPresenceStatsRequest(channel="news:a")
        assert (await it.send(WsCommand(id=6, presence_stats=stats))).presence_stats.num_users == 1
        rpc = WsRPCRequest(method="query.trading_account.list", data={})
        assert (await it.send(WsCommand(id=7, rpc=rpc))).rpc.data["data"]
        refused = await it.send(WsCommand(id=8, subscribe=WsSubscribeRequest(channel="no:such")))
        assert (refused.error.code, refused.error.message) == (102, "unknown channel")
        left = await it.send(WsCommand(id=9, unsubscribe=WsUnsubscribeRequest(channel="news:a")))
        assert left.unsubscribe == {}


async def test_refusals(server, token):
    """What is no WebSocket is told with its HTTP status, a bad token with the server's code."""
    wrong = server.ws.replace("/connection/websocket", "/nothing")
    with pytest.raises(HandshakeError) as caught:
        await WebSocketApi(Configuration(wrong)).websocket_connect()
    assert caught.value.status == 404
    with pytest.raises(cadenza.ConnectionLostError) as lost:
        await WebSocketApi(Configuration(server.ws, "bad")).websocket_connect()
    assert lost.value.close_code == 3500


def test_blocking(server, token):
    """The same without an event loop; no thread stays."""
    before = threading.active_count()
    api_instance = BlockingWebSocketApi(Configuration(server.ws, token("bob")))
    with api_instance.websocket_connect() as it:
        assert it.data.connect.client
        it.send(WsCommand(id=2, subscribe=WsSubscribeRequest(channel="news:b")))
        it.send(WsCommand(id=3, publish=WsPublishRequest(channel="news:b", data=1)))
        assert next(iter(it)).push.pub.data == 1
    with pytest.raises(cadenza.ClosedError):
        it.send(WsCommand(id=4, rpc=WsRPCRequest(method="m")))
    with pytest.raises(cadenza.ConnectionLostError):
        BlockingWebSocketApi(Configuration(server.ws, "bad")).websocket_connect()
    assert threading.active_count() == before


async def test_pings_are_answered(peer):
    """The server's ping does not reach the user."""
    opening = asyncio.ensure_future(WebSocketApi(Configuration(peer.url, "t"))._open(None))
    line = await peer.accept()
    await line.welcome(ping=25, pong=True)
    async with await opening as it:
        await line.send_text("{}")
        assert await line.command() == {}
        await line.send({"push": {"channel": "a", "pub": {"data": 5}}})
        assert (await anext(it)).push.pub.data == 5
        await line.close(3001, "shutdown")
        with pytest.raises(cadenza.ConnectionLostError, match="3001 shutdown"):
            await anext(it)


def test_every_model_is_exported():
    """What the documents name can be imported from the package."""
    names = {
        name
        for module in (ws_models, ws_reply)
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, ws_models.WsModel)
    }
    assert names <= set(api.__all__)
