"""The server API over HTTP: keys, forms, errors, batches."""

from __future__ import annotations

import asyncio
import base64
import json

import httpx
import pytest

from cadenza.realtime import CommandError, Node
from cadenza.server.api import endpoint
from cadenza.server.api.methods import NOT_FOUND
from cadenza.server.app import create_app

API_KEY = "unit-test-api-key"
KEYED = {"X-API-Key": API_KEY}


async def post(web, running, method, body=b"{}", headers=KEYED, **options):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    url = f"{running.http}/api/{method}"
    return await web.post(url, content=content, headers=headers, **options)


@pytest.mark.parametrize(
    ("headers", "params", "status"),
    [
        ({"X-API-Key": API_KEY}, {}, 200),
        ({"Authorization": f"apikey {API_KEY}"}, {}, 200),
        ({"Authorization": f"ApiKey {API_KEY}"}, {}, 200),
        ({}, {"api_key": API_KEY}, 200),
        ({"X-API-Key": "wrong"}, {"api_key": API_KEY}, 200),
        ({}, {}, 401),
        ({"X-API-Key": ""}, {}, 401),
        ({"X-API-Key": "wrong"}, {}, 401),
        ({"X-API-Key": API_KEY + "x"}, {}, 401),
        ({"X-API-Key": API_KEY[:-1]}, {}, 401),
        ({"X-API-Key": b"\xff\xfe"}, {}, 401),
        ({"Authorization": API_KEY}, {}, 401),
        ({"Authorization": f"Bearer {API_KEY}"}, {}, 401),
        ({"Authorization": "apikey"}, {}, 401),
        ({}, {"api_key": ""}, 401),
        ({}, {"api_key": "ü\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")}, 401),
    ],
)
async def test_keys(serve, web, headers, params, status):
    """One right key in one of three places is enough; 401 has no body."""
    running = await serve()
    response = await post(web, running, "info", headers=headers, params=params)
    assert response.status_code == status
    assert (response.content == b"") == (status == 401)


async def test_without_a_configured_key_nobody_comes_in(serve, web):
    """An empty key is no key, not even for an empty header."""
    running = await serve(http_api={"key": ""})
    for headers in ({}, {"X-API-Key": ""}, {"Authorization": "apikey"}):
        assert (await post(web, running, "info", headers=headers)).status_code == 401
    assert (await post(web, running, "info", params={"api_key": ""})).status_code == 401


@pytest.mark.parametrize(
    ("site", "headers", "status"),
    [
        ("cross-site", {}, 403),
        ("cross-site", KEYED, 200),
        ("same-site", {}, 200),
        ("same-origin", {}, 200),
        ("none", {}, 200),
    ],
)
async def test_without_a_key_a_foreign_page_is_refused(serve, web, site, headers, status):
    """``insecure`` is for those who can reach the port, not for every page that they visit."""
    running = await serve(http_api={"key": API_KEY, "insecure": True})
    for path in ("api/info", "api"):
        url = f"{running.http}/{path}"
        body = b'{"method": "info", "params": {}}' if path == "api" else b"{}"
        given = {"Sec-Fetch-Site": site, **headers}
        answer = await web.post(url, content=body, headers=given)
        assert answer.status_code == status


async def test_insecure_asks_for_no_key(serve, web):
    """``http_api.insecure`` is for experiments."""
    running = await serve(http_api={"key": "", "insecure": True})
    assert (await post(web, running, "info", headers={})).status_code == 200


async def test_a_disabled_api_is_not_there(serve, web):
    """404, with the right key as well."""
    running = await serve(http_api={"disabled": True})
    assert (await post(web, running, "info")).status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/api", "/api/info", "/api/nothing"])
async def test_only_post(serve, web, method, path):
    """405 says what is allowed."""
    running = await serve()
    response = await web.request(method, running.http + path, headers=KEYED)
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize("name", ["nothing", "Publish", "_publish", "__init__", "%2e%2e"])
async def test_unknown_methods(serve, web, name):
    """404; attributes of the implementation are no methods."""
    running = await serve()
    response = await post(web, running, name)
    assert (response.status_code, response.text) == (404, "404 page not found\n")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"[]",
        b'"x"',
        b"1",
        b'{"channel":1}',
        b"\xff",
        b'{"channel":"\xff"}',
        b'{"tags":{"a":1}}',
        b"[" * 5000,
        b'{"version":-1}',
    ],
)
@pytest.mark.parametrize("method", ["publish", "batch"])
async def test_malformed_bodies(serve, web, body, method):
    """400 ``Bad Request``."""
    body = b'{"commands":' + body if method == "batch" else body
    response = await post(web, await serve(), method, body)
    assert (response.status_code, response.text) == (400, "Bad Request\n")


async def test_null_is_an_empty_request(serve, web):
    """As for the reference server."""
    response = await post(web, await serve(), "channels", b"null")
    assert response.json() == {"result": {"channels": {}}}


async def test_too_large_bodies(serve, web, monkeypatch):
    """Bodies are bounded."""
    monkeypatch.setattr(endpoint, "BODY_LIMIT", 100)
    running = await serve()
    response = await post(web, running, "publish", b"x" * 101)
    assert response.status_code in {400, 413}


@pytest.mark.parametrize(
    ("method", "body", "code"),
    [
        ("publish", {"data": 1}, 107),
        ("publish", {"channel": "a"}, 107),
        ("publish", {"channel": "a", "b64data": "***"}, 107),
        ("publish", {"channel": "nobody:a", "data": 1}, 102),
        ("broadcast", {"data": 1}, 107),
        ("subscribe", {"user": "u"}, 107),
        ("subscribe", {"user": "u", "channel": "nobody:a"}, 102),
        ("unsubscribe", {"user": "u", "channel": "nobody:a"}, 102),
        ("presence", {}, 107),
        ("presence", {"channel": "nobody:a"}, 102),
        ("presence", {"channel": "bare:a"}, 108),
        ("presence_stats", {}, 107),
        ("presence_stats", {"channel": "bare:a"}, 108),
        ("history", {}, 107),
        ("history", {"channel": "bare:a"}, 108),
        ("history", {"channel": "a", "since": {"offset": 1, "epoch": "no"}, "limit": 1}, 112),
        ("history_remove", {}, 107),
        ("history_remove", {"channel": "bare:a"}, 108),
        ("rpc", {}, 107),
        ("rpc", {"method": "nothing"}, 104),
    ],
)
async def test_errors_in_the_body_or_the_status(serve, web, method, body, code):
    """200 with an error, or in transport mode its HTTP status with the bare error."""
    running = await serve(channel={"namespaces": [{"name": "bare"}]})
    response = await post(web, running, method, body)
    assert response.status_code == 200
    error = response.json()["error"]
    assert error["code"] == code
    headers = {**KEYED, "X-Centrifugo-Error-Mode": "transport"}
    response = await post(web, running, method, body, headers)
    statuses = {102: 404, 104: 404, 107: 400, 108: 400, 112: 416}
    assert (response.status_code, response.json()) == (statuses[code], error)


async def test_transport_mode_by_configuration(serve, web):
    """``http_api.error_mode`` is for every request, but not for batches."""
    running = await serve(http_api={"error_mode": "transport"})
    assert (await post(web, running, "publish", {"channel": "a"})).status_code == 400
    batch = {"commands": [{"publish": {"channel": "a"}}]}
    response = await post(web, running, "batch", batch)
    assert response.status_code == 200
    assert response.json()["replies"][0]["error"]["code"] == 107


async def test_a_failing_broker_is_an_internal_error(serve, web, caplog):
    """Code 100, 500 in transport mode, and the reason in the log only."""
    running = await serve()

    def broken(*_, **__):
        raise RuntimeError("disk full")

    running.node.publish_to = broken
    request = {"channel": "a", "data": 1}
    response = await post(web, running, "publish", request)
    assert response.json() == {"error": {"code": 100, "message": "internal server error"}}
    headers = {**KEYED, "X-Centrifugo-Error-Mode": "transport"}
    assert (await post(web, running, "publish", request, headers)).status_code == 500


async def test_publish_and_history(serve, web):
    """Offsets count up, and history gives the publications back."""
    running = await serve()
    first = (await post(web, running, "publish", {"channel": "a", "data": {"n": 1}})).json()
    assert first["result"]["offset"] == 1
    tagged = {"channel": "a", "data": None, "tags": {"k": "v"}}
    second = (await post(web, running, "publish", tagged)).json()["result"]
    assert second["offset"] == 2
    page = (await post(web, running, "history", {"channel": "a", "limit": -1})).json()["result"]
    assert page["offset"] == 2
    assert page["publications"] == [
        {"data": {"n": 1}, "offset": 1},
        {"data": None, "offset": 2, "tags": {"k": "v"}},
    ]
    assert (await post(web, running, "history_remove", {"channel": "a"})).json() == {"result": {}}
    page = (await post(web, running, "history", {"channel": "a", "limit": -1})).json()["result"]
    assert (page["publications"], page["offset"]) == ([], 2)


async def test_base64_wins_and_carries_bytes(serve, web):
    """``b64data`` beats ``data``; what is not JSON is shown in base64."""
    running = await serve()
    encoded = base64.b64encode(b'{"x":1}').decode()
    await post(web, running, "publish", {"channel": "a", "data": 0, "b64data": encoded})
    binary = base64.b64encode(b"\xff\x00").decode()
    await post(web, running, "publish", {"channel": "a", "b64data": binary})
    page = (await post(web, running, "history", {"channel": "a", "limit": -1})).json()["result"]
    assert [found["data"] for found in page["publications"]] == [{"x": 1}, binary]


async def test_idempotency_and_version(serve, web):
    """A repeated key publishes nothing; neither does an old version."""
    running = await serve()
    same = {"channel": "a", "data": 1, "idempotency_key": "k"}
    assert (await post(web, running, "publish", same)).json()["result"]["offset"] == 1
    assert (await post(web, running, "publish", same)).json()["result"]["offset"] == 1
    for version, offset in ((5, 2), (4, 2), (6, 3)):
        body = {"channel": "a", "data": 1, "version": version}
        await post(web, running, "publish", body)
        page = (await post(web, running, "history", {"channel": "a"})).json()["result"]
        assert page["offset"] == offset


async def test_broadcast(serve, web):
    """Each channel has its own outcome, in order."""
    running = await serve()
    body = {"channels": ["a", "nobody:b", "", "c"], "data": 1}
    responses = (await post(web, running, "broadcast", body)).json()["result"]["responses"]
    codes = [answer.get("error", {}).get("code", 0) for answer in responses]
    assert codes == [0, 102, 107, 0]


async def test_broadcast_to_more_than_run_at_once(serve, web):
    """Two thousand channels are two thousand outcomes."""
    running = await serve()
    body = {"channels": [f"c{number}" for number in range(2000)], "data": 1}
    responses = (await post(web, running, "broadcast", body)).json()["result"]["responses"]
    assert len(responses) == 2000
    assert all(answer["result"]["offset"] == 1 for answer in responses)


async def test_users_connections(serve, web, join):
    """subscribe, presence, refresh, unsubscribe and disconnect act on a user's connections."""
    running = await serve()
    ann = await join(running, "ann")
    request = {"user": "ann", "channel": "news", "data": {"hello": 1}, "info": {"role": "x"}}
    assert (await post(web, running, "subscribe", request)).json() == {"result": {}}
    assert (await ann.receive())["push"]["subscribe"]["data"] == {"hello": 1}
    presence = (await post(web, running, "presence", {"channel": "news"})).json()["result"]
    (who,) = presence["presence"].values()
    assert (who["user"], who["chan_info"]) == ("ann", {"role": "x"})
    stats = (await post(web, running, "presence_stats", {"channel": "news"})).json()["result"]
    assert stats == {"num_clients": 1, "num_users": 1}
    found = (await post(web, running, "channels", {"pattern": "ne*"})).json()["result"]
    assert found == {"channels": {"news": {"num_clients": 1}}}
    found = (await post(web, running, "channels", {"pattern": "old*"})).json()["result"]
    assert found == {"channels": {}}
    await post(web, running, "unsubscribe", {"user": "ann", "channel": "news"})
    while "unsubscribe" not in (push := (await ann.receive())["push"]):
        pass
    assert push["unsubscribe"]["code"] == 2000
    assert (await post(web, running, "refresh", {"user": "ann"})).json() == {"result": {}}
    await post(web, running, "disconnect", {"user": "ann"})
    assert await ann.end() == (3503, "force disconnect")


async def test_disconnect_spares_the_whitelist(serve, web, join, until):
    """Connections of the list stay."""
    running = await serve()
    first, second = await join(running, "ann"), await join(running, "ann")
    clients = sorted(running.node.open_connections, key=lambda found: found.client)
    body = {"user": "ann", "whitelist": [clients[0].client]}
    await post(web, running, "disconnect", body)
    await until(lambda: running.node.open_connections == {clients[0]})
    await asyncio.gather(first.socket.close(), second.socket.close())


async def test_rpc_of_the_application(config_of):
    """A program answers the API's ``rpc`` itself; 104 is its own to say."""

    async def answer(method, params):
        if method != "double":
            raise CommandError(NOT_FOUND)
        return b"%d" % (2 * int(params))

    app = create_app(Node(), config_of(), api_rpc=answer)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://a", headers=KEYED) as web:
        for method, expected in (
            ("double", {"result": {"data": 42}}),
            ("triple", {"error": {"code": 104, "message": "not found"}}),
        ):
            response = await web.post("/api/rpc", json={"method": method, "params": 21})
            assert response.json() == expected


async def test_info(serve, web, join):
    """One node, with what it holds."""
    running = await serve()
    ann = await join(running, "ann")
    await ann.ask({"id": 2, "subscribe": {"channel": "news"}})
    (node,) = (await post(web, running, "info")).json()["result"]["nodes"]
    shown = {name: node[name] for name in ("num_clients", "num_users", "num_subs", "num_channels")}
    assert set(shown.values()) == {1}
    assert node["uid"] == running.node.uid


@pytest.mark.parametrize("parallel", [False, True])
async def test_batch(serve, web, parallel):
    """Replies stand in the order of the commands, each under its method."""
    running = await serve()
    commands = [
        {"publish": {"channel": "a", "data": 1}},
        {"nothing": {}},
        None,
        {},
        {"publish": {"channel": "a"}},
        {"history": {"channel": "a"}},
    ]
    response = await post(web, running, "batch", {"commands": commands, "parallel": parallel})
    replies = response.json()["replies"]
    assert replies[0]["publish"]["offset"] == 1
    assert [reply.get("error", {}).get("code") for reply in replies[1:5]] == [104, 107, 104, 107]
    assert "history" in replies[5]


async def test_empty_batch(serve, web):
    """Nothing asked, nothing answered."""
    assert (await post(web, await serve(), "batch")).json() == {}


async def test_legacy_form(serve, web):
    """The method in the body, one command a line, with the key of the new form."""
    running = await serve()
    lines = [
        {"method": "publish", "params": {"channel": "a", "data": 1}},
        {"id": 7, "method": "publish", "params": {"channel": "a"}},
        {"method": "info"},
    ]
    body = "\n".join(json.dumps(line) for line in lines)
    response = await web.post(f"{running.http}/api", content=body, headers=KEYED)
    first, second, third = (json.loads(line) for line in response.text.splitlines())
    assert first["result"]["offset"] == 1
    assert (second["id"], second["error"]["code"]) == (7, 107)
    assert third["result"]["nodes"]
    assert (await web.post(f"{running.http}/api", content=body)).status_code == 401


@pytest.mark.parametrize("body", [b"", b"{}", b'{"method":"nothing"}', b'{"method":"batch"}', b"x"])
async def test_malformed_legacy_commands(serve, web, body):
    """400, as the newer form."""
    running = await serve()
    response = await web.post(f"{running.http}/api", content=body, headers=KEYED)
    assert response.status_code == 400
