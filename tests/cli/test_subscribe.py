"""``cadenza subscribe``, as its own process against a real server."""

from __future__ import annotations

import json
import signal

import pytest

OPEN = {
    "allow_subscribe_for_client": True,
    "allow_publish_for_client": True,
    "allow_history_for_subscriber": True,
    "allow_presence_for_subscriber": True,
    "presence": True,
    "join_leave": True,
    "history_size": 100,
    "history_ttl": "1h",
    "force_recovery": True,
}
CONFIG = {
    "channel": {
        "namespaces": [
            {"name": "chat", **OPEN},
            {"name": "short", **OPEN, "history_size": 1},
        ]
    }
}


@pytest.fixture(autouse=True)
def _trader(as_trader):
    """All of it is done by a user of the server."""


async def publish(server, channel, *data):
    for one in data:
        await server.api("publish", channel=channel, data=one)


@pytest.mark.parametrize("protocol", ["json", "protobuf"])
async def test_publications_are_lines_of_json_in_their_order(start, server, protocol):
    """With the channel, its offset, the time of arrival, and data as it was published."""
    channel = f"chat:json-{protocol}"
    listener = start("subscribe", channel, "--json", "-n", "3", "--protocol", protocol)
    listener.note(f"subscribed to {channel}")
    await publish(server, channel, {"n": 1}, {"price": "60000.00"}, ["ü", None])
    lines = [json.loads(line) for line in listener.read(3)]
    assert [line["data"] for line in lines] == [{"n": 1}, {"price": "60000.00"}, ["ü", None]]
    assert [line["offset"] for line in lines] == [1, 2, 3]
    assert {line["channel"] for line in lines} == {channel}
    assert lines[0]["time"] > 1_600_000_000 * 10**9
    assert listener.end()[0] == 0


async def test_people_get_one_line_a_publication_without_escapes(start, server):
    """No terminal, no colours; what a terminal would obey is shown, not obeyed."""
    listener = start("subscribe", "chat:pretty", "-n", "1", "-q")
    # Subscribed once it is present.
    while not (await server.api("presence", channel="chat:pretty"))["presence"]:
        pass
    await publish(server, "chat:pretty", "a\x1b[31m\u009bred\u202e")
    (line,) = listener.read()
    assert line.endswith('chat:pretty #1 "a\\u001b[31m\\x9bred\\x202e"\n')
    assert "\x1b" not in line
    assert listener.end() == (0, "", "")


async def test_several_channels_go_into_one_output(start, server):
    """In the order in which they came."""
    listener = start("subscribe", "chat:a", "chat:b", "chat:a", "--json", "-n", "4")
    listener.note("subscribed to chat:b")
    for channel in ("chat:a", "chat:b", "chat:b", "chat:a"):
        await publish(server, channel, channel)
    found = [json.loads(line)["data"] for line in listener.read(4)]
    assert found == ["chat:a", "chat:b", "chat:b", "chat:a"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_a_signal_ends_it_without_a_traceback(start, server, number, code):
    """What has come has been printed."""
    listener = start("subscribe", "chat:signal", "--json", "-q")
    while not (await server.api("presence", channel="chat:signal"))["presence"]:
        pass
    await publish(server, "chat:signal", 1)
    listener.read()
    assert listener.end(number) == (code, "", "")


async def test_a_reader_that_has_had_enough_ends_it(start, server):
    """As with ``| head -1``: exit code 0, and not a word."""
    listener = start("subscribe", "chat:head", "--json", "-q")
    while not (await server.api("presence", channel="chat:head"))["presence"]:
        pass
    await publish(server, "chat:head", 1)
    listener.read()
    listener.process.stdout.close()
    await publish(server, "chat:head", 2)
    assert listener.process.wait(30) == 0
    assert listener.process.stderr.read() == ""


async def test_it_goes_on_from_a_position(cadenza, server):
    """As ``cadenza history`` prints it."""
    await publish(server, "chat:since", *range(5))
    page = cadenza("history", "chat:since", "-n", "0")
    epoch = page.stderr.strip().rpartition(":")[2]
    found = cadenza("subscribe", "chat:since", "--since", f"2:{epoch}", "--json", "-n", "3")
    assert [json.loads(line)["data"] for line in found.stdout.splitlines()] == [2, 3, 4]
    assert "nothing was missed" in found.stderr


async def test_a_lost_connection_comes_back_with_what_was_missed(start, server):
    """The user is told, and no publication is missing."""
    listener = start("subscribe", "chat:lost", "--json", "-n", "4")
    listener.note("subscribed")
    await publish(server, "chat:lost", 1, 2)
    first = listener.read(2)
    await server.api("disconnect", user="trader", disconnect={"code": 3011, "reason": "again"})
    await publish(server, "chat:lost", 3, 4)
    rest = listener.read(2)
    assert [json.loads(line)["data"] for line in first + rest] == [1, 2, 3, 4]
    code, _, errors = listener.end()
    assert code == 0
    assert "connection lost (3011 again); connecting again" in errors
    assert "chat:lost: nothing was missed" in errors


async def test_what_cannot_be_recovered_is_told(start, cadenza, server):
    """The stream keeps less than what was missed."""
    await publish(server, "short:gone", *range(5))
    epoch = cadenza("history", "short:gone", "-n", "0").stderr.strip().rpartition(":")[2]
    listener = start("subscribe", "short:gone", "--since", f"1:{epoch}", "--json")
    listener.note("short:gone: publications are missing here, they could not be recovered")


async def test_the_last_word_of_the_server_ends_it(start, server):
    """Disconnected for good: exit code 1 and the reason."""
    listener = start("subscribe", "chat:over")
    listener.note("subscribed")
    await server.api("disconnect", user="trader", disconnect={"code": 3503, "reason": "enough"})
    code, _, errors = listener.end()
    assert (code, errors) == (1, "error: disconnected: 3503 enough\n")


async def test_an_unsubscribe_by_the_server_ends_it(start, server):
    """Whichever of the channels it is."""
    listener = start("subscribe", "chat:kept", "chat:taken")
    listener.note("subscribed to chat:taken")
    await server.api("unsubscribe", user="trader", channel="chat:taken")
    code, _, errors = listener.end()
    assert (code, errors) == (1, "error: unsubscribed from 'chat:taken': 2000 server unsubscribe\n")


def test_members_are_shown_when_asked_for(start):
    """Who comes and who leaves."""
    listener = start("subscribe", "chat:members", "--members", "--json", "-q")
    own = json.loads(listener.read()[0])
    assert own["join"]["user"] == "trader"
    guest = start("subscribe", "chat:members")
    other = json.loads(listener.read()[0])
    assert other["join"]["client"] != own["join"]["client"]
    guest.end(signal.SIGINT)
    assert json.loads(listener.read()[0])["leave"] == other["join"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere:x"], 1, "102 unknown channel; the server has no such channel"),
        (["$private"], 4, "103 permission denied; this user may not do that here"),
        (["chat:a", "--since", "x"], 2, "'x' is not OFFSET:EPOCH"),
        (["chat:a", "--since", "-1:x"], 2, "'-1:x' is not OFFSET:EPOCH"),
        (["chat:a", "chat:b", "--since", "1:x"], 2, "a position belongs to one channel"),
        (["chat:a", "-n", "0"], 2, "greater than or equal to 1"),
        ([], 2, "Missing argument"),
    ],
)
def test_what_cannot_be_is_explained(cadenza, arguments, code, words):
    """One sentence, an exit code of the table, no traceback."""
    found = cadenza("subscribe", *arguments)
    assert (found.returncode, found.stdout) == (code, "")
    assert words in " ".join(found.stderr.split())
    assert "Traceback" not in found.stderr
