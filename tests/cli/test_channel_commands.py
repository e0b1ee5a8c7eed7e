"""``cadenza publish``, ``rpc``, ``history`` and ``presence``; and how every command fails."""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

CONFIG = {
    "rpc": {"ping": {"enabled": True}},
    "channel": {
        "namespaces": [
            {
                "name": "chat",
                "allow_subscribe_for_client": True,
                "allow_publish_for_client": True,
                "allow_history_for_subscriber": True,
                "allow_presence_for_subscriber": True,
                "presence": True,
                "history_size": 100,
                "history_ttl": "1h",
            }
        ]
    },
}
OPTIONS = ("--feed", "simulated")


@pytest.mark.parametrize("protocol", ["json", "protobuf"])
def test_what_is_published_is_in_the_history_as_it_was_written(cadenza, as_trader, protocol):
    """From an argument and from standard input; numbers keep their digits."""
    channel = f"chat:{protocol}"
    options = ("--protocol", protocol)
    assert cadenza("publish", channel, '{"price":60000.10}', *options).returncode == 0
    assert cadenza("publish", channel, "-", *options, stdin='["two",\n 2]').returncode == 0
    page = cadenza("history", channel, "--json", *options)
    assert page.returncode == 0
    first, second = page.stdout.splitlines()
    assert '"data":{"price":60000.10}' in first
    assert json.loads(second)["data"] == ["two", 2]
    assert page.stderr.startswith("the stream is at 2:")


def test_a_history_is_read_from_either_end_and_from_a_position(cadenza, as_trader):
    """Always printed oldest first."""
    for number in range(4):
        cadenza("publish", "chat:ends", str(number))

    def read(*options):
        page = cadenza("history", "chat:ends", "--json", *options)
        return [json.loads(line)["data"] for line in page.stdout.splitlines()], page.stderr

    assert read("-n", "2")[0] == [2, 3]
    assert read("-n", "2", "--oldest")[0] == [0, 1]
    epoch = read("-n", "0")[1].strip().rpartition(":")[2]
    assert read("--since", f"1:{epoch}", "-n", "2")[0] == [1, 2]


def test_presence_is_who_is_there(cadenza, as_trader, start):
    """One line a connection, this one too."""
    start("subscribe", "chat:who").note("subscribed")
    found = cadenza("presence", "chat:who", "--json")
    assert [json.loads(line)["user"] for line in found.stdout.splitlines()] == ["trader"] * 2
    assert cadenza("presence", "chat:who").stdout.startswith("trader ")
    count = json.loads(cadenza("presence", "chat:who", "--count", "--json").stdout)
    assert count == {"clients": 2, "users": 1}


def test_a_call_prints_its_answer_in_one_line(cadenza, as_trader):
    """For programs; parameters from an argument or from standard input."""
    asked = '{"instrumentId":"PAPER:BTC/USDT","depth":1}'
    for found in (
        cadenza("rpc", "query.orderbook.get", asked),
        cadenza("rpc", "query.orderbook.get", "-", stdin=asked),
    ):
        assert found.returncode == 0
        (line,) = found.stdout.splitlines()
        assert json.loads(line)["data"]["instrumentId"] == "PAPER:BTC/USDT"


def test_an_answer_that_is_an_error_is_printed_and_fails(cadenza, as_trader):
    """The answer on standard output, a sentence on standard error."""
    found = cadenza("rpc", "query.orderbook.get", '{"instrumentId":"NO:NO/NO"}')
    assert found.returncode == 1
    assert json.loads(found.stdout)["error"]["code"] == 20001
    assert found.stderr == (
        'error: query.orderbook.get was refused: 20001 unknown instrument "NO:NO/NO"\n'
    )


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["rpc", "no.such"], 1, "104 method not found; the server has no such method"),
        (["publish", "market:trade:PAPER:BTC/USDT", "1"], 4, "103 permission denied"),
        (["history", "nowhere:x"], 1, "102 unknown channel"),
        (["publish", "chat:a", "hello"], 2, "a text needs quotes of its own"),
        (["rpc", "x", "{"], 2, "this is no JSON"),
        (["history", "chat:a", "--since", "7"], 2, "'7' is not OFFSET:EPOCH"),
        (["publish", "chat:a"], 2, "Missing argument"),
        (["publish", "chat:a", "1", "--protocol", "xml"], 2, "xml"),
    ],
)
def test_a_refusal_is_one_sentence(cadenza, as_trader, arguments, code, words):
    """With the exit code of the table."""
    found = cadenza(*arguments)
    assert (found.returncode, found.stdout) == (code, "")
    assert words in " ".join(found.stderr.split())
    assert "Traceback" not in found.stderr


def test_nobody_listens(cadenza):
    """Exit code 3, at once, and what to look at."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = cadenza("rpc", "x", "--url", f"ws://127.0.0.1:{port}/connection/websocket")
    assert found.returncode == 3
    assert f"cannot connect to ws://127.0.0.1:{port}/connection/websocket" in found.stderr
    assert "is the server running (cadenza serve)" in found.stderr


def test_another_path_of_the_server(cadenza, server):
    """Exit code 3: HTTP answers, the protocol does not."""
    found = cadenza("rpc", "x", "--url", f"ws://127.0.0.1:{server.port}/nothing")
    assert found.returncode == 3
    assert "does the address end in the server's WebSocket path" in found.stderr


@pytest.mark.parametrize(("answers", "asked"), [([404], 1), ([503, 429, 404], 3)])
def test_http_says_whether_to_try_again(cadenza, answers, asked):
    """A refused address fails at the first answer; a server that is busy is asked again."""
    seen = []

    class Refuses(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            seen.append(self.path)
            self.send_error(answers[min(len(seen), len(answers)) - 1])

        def log_message(self, *_):
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Refuses) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        found = cadenza("rpc", "x", "--url", f"ws://127.0.0.1:{http.server_port}/ws")
        http.shutdown()
    assert (found.returncode, seen) == (3, ["/ws"] * asked)
    assert "HTTP 404" in found.stderr


def test_no_token(cadenza, server):
    """Exit code 4, and the three places where one can be."""
    found = cadenza("rpc", "x", "--url", server.ws)
    assert found.returncode == 4
    assert "there is no token: give a token in CADENZA_TOKEN, a profile or --token-file" in (
        found.stderr
    )


@pytest.mark.parametrize("claims", [{"exp": 1}, {"aud": "somebody else"}])
def test_a_token_that_is_not_accepted(cadenza, server, token, claims):
    """Exit code 4; the token is not repeated."""
    secret = token(**claims)
    found = cadenza("rpc", "query.venue.list", "--url", server.ws, CADENZA_TOKEN=secret)
    if claims == {"exp": 1}:
        assert found.returncode == 4
        assert "get a new token" in found.stderr
    assert secret not in found.stdout + found.stderr
    wrong = secret[:-4] + "AAAA"
    found = cadenza("rpc", "query.venue.list", "--url", server.ws, CADENZA_TOKEN=wrong)
    assert found.returncode == 4
    assert "3500 invalid token" in found.stderr
    assert wrong not in found.stderr


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/connection/websocket",
        "127.0.0.1",
        "ws://",
        "ws://host:port/",
        "ws://user:s3cret@127.0.0.1/",
        "ws://127.0.0.1/?token=s3cret",
    ],
)
def test_an_address_that_is_none(cadenza, url):
    """Exit code 2; a secret in it is not repeated."""
    found = cadenza("rpc", "x", "--url", url)
    assert (found.returncode, found.stdout) == (2, "")
    assert "address" in found.stderr
    assert "s3cret" not in found.stderr
