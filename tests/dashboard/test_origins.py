"""Who may talk to a gateway with a page: on its own socket, with headers that no browser checks."""

from __future__ import annotations

import http.client
import json

import pytest

from cadenza.dashboard.vendor import missing

CONFIG = {
    "dashboard": {"enabled": True},
    "client": {"allowed_origins": ["https://trade.example"]},
}
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture
def ask(server):
    """``ask(method, path, headers, body)``: one request, as it is; ``{port}`` is the server's."""

    def send(method, path, headers=(), body=b""):
        given = {
            name: value.replace("{port}", str(server.port))
            for name, value in {"Host": "127.0.0.1:{port}", **dict(headers)}.items()
        }
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in given.items():
                connection.putheader(name, value)
            if body:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    return send


@pytest.mark.parametrize(
    ("origin", "host", "status"),
    [
        (None, "127.0.0.1:{port}", 101),
        ("http://127.0.0.1:{port}", "127.0.0.1:{port}", 101),
        ("http://localhost:{port}", "localhost:{port}", 101),
        ("http://LOCALHOST:{port}", "localhost:{port}", 101),
        ("http://[::1]:{port}", "[::1]:{port}", 101),
        ("https://trade.example", "trade.example", 101),
        ("https://trade.example", "127.0.0.1:{port}", 101),
        # Another scheme, port or name than the server's own.
        ("https://127.0.0.1:{port}", "127.0.0.1:{port}", 403),
        ("http://127.0.0.1:3000", "127.0.0.1:{port}", 403),
        ("http://localhost:{port}", "127.0.0.1:{port}", 403),
        ("http://evil.example", "127.0.0.1:{port}", 403),
        ("null", "127.0.0.1:{port}", 403),
        # A name that anybody can point here, and names that only look like an address.
        ("http://evil.example:{port}", "evil.example:{port}", 403),
        ("http://localhost.evil.example:{port}", "localhost.evil.example:{port}", 403),
        ("http://127.0.0.1.nip.example:{port}", "127.0.0.1.nip.example:{port}", 403),
        ("http://127.1:{port}", "127.1:{port}", 403),
        ("http://2130706433:{port}", "2130706433:{port}", 403),
        ("http://", "", 403),
    ],
)
def test_a_web_socket_opens_for_the_page_itself_and_for_the_list(ask, origin, host, status):
    given = {**HANDSHAKE, "Host": host} | ({} if origin is None else {"Origin": origin})
    assert ask("GET", "/connection/websocket", given)[0] == status


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://127.0.0.1:{port}", True),
        ("https://trade.example", True),
        ("http://evil.example", False),
        ("http://127.0.0.1:3000", False),
    ],
)
def test_other_pages_cannot_read_the_rest_api(ask, origin, allowed):
    _, headers, _ = ask("GET", "/api/v3/health", {"Origin": origin})
    assert ("access-control-allow-origin" in headers) is allowed


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:{port}"])
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_form_of_another_page_does_nothing(ask, origin, kind):
    """What a browser sends unasked has no key, cookies mean nothing, and no answer is readable."""
    forged = {"Origin": origin, "Content-Type": kind, "Cookie": "X-API-Key=tests-api-key"}
    for path, body in (
        ("/api/publish", b'{"channel": "market:trade:X", "data": 1}'),
        ("/api", b'{"method": "info"}'),
        ("/api/rpc", b'{"method": "operate.overview"}'),
    ):
        status, headers, text = ask("POST", path, forged, body)
        assert (status, text) == (401, b"")
        assert not [name for name in headers if name.startswith("access-control")]


def test_the_key_cannot_be_sent_across_sites(ask):
    """Its header needs leave, which nobody is given: not even a page of the list."""
    for origin in ("https://trade.example", "http://evil.example"):
        asked = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-api-key",
        }
        status, headers, _ = ask("OPTIONS", "/api/rpc", asked)
        assert status == 405
        assert not [name for name in headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "path",
    [
        "/page/../../../../etc/passwd",
        "/page/%2e%2e/routes.py",
        "/page/..%2froutes.py",
        "/page/vendor/../../routes.py",
        "/page/%252e%252e/routes.py",
        "//etc/passwd",
    ],
)
def test_no_path_leads_out_of_the_page(ask, path):
    """As it stands in the request, not tidied by a client."""
    status, _, body = ask("GET", path)
    assert status == 404
    assert b"404 page not found" in body


def test_head_tells_the_same_without_the_body(ask):
    for path in ("/", "/page/settings.json", "/page/nothing.js"):
        _, of_get, body = ask("GET", path)
        _, of_head, none = ask("HEAD", path)
        assert none == b""
        assert of_head["content-length"] == str(len(body))
        of_get.pop("date", None)
        of_head.pop("date", None)
        assert of_head == of_get


@pytest.mark.skipif(bool(missing()), reason="the page's builds are not installed: make page")
def test_the_builds_are_served(ask):
    status, headers, body = ask("GET", "/page/vendor/centrifuge.js")
    assert (status, headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert b"Centrifuge" in body
    status, headers, _ = ask("GET", "/page/vendor/lightweight-charts.mjs")
    assert (status, headers["content-type"]) == (200, "text/javascript; charset=utf-8")


def test_the_settings_name_what_answers(ask):
    _, _, body = ask("GET", "/page/settings.json")
    settings = json.loads(body)
    assert ask("GET", settings["websocket"], HANDSHAKE)[0] == 101
    assert ask("GET", settings["rest"] + "/health")[0] == 200
    key = {"X-API-Key": "tests-api-key"}
    call = b'{"method": "operate.overview"}'
    status, _, body = ask("POST", settings["api"] + "/rpc", key, call)
    assert status == 200
    assert json.loads(body)["result"]["data"]["nodes"][0]["num_clients"] == 0
