"""The log of refusals: every permission check names the option that would allow it."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
import pytest

from cadenza.clock import VirtualClock
from cadenza.protocol import codes
from cadenza.realtime import (
    ChannelOptions,
    ClientOptions,
    CommandError,
    ConnectReply,
    Handlers,
    Namespace,
    SubscribeClaims,
)
from cadenza.realtime.duration import Duration
from cadenza.realtime.refusals import MOST_REASONS, QUIET_SECONDS, Refusals
from support.realtime.engine_world import FakeVerifier, MakeWorld, open_rules

KEPT: dict[str, Any] = {"presence": True, "history_size": 5, "history_ttl": Duration(60)}


@pytest.fixture
def said(caplog):
    """Everything that was written so far."""
    caplog.set_level(logging.INFO, "cadenza.realtime")
    return lambda: [record.getMessage() for record in caplog.records]


def options_in(text: str) -> set[str]:
    """The names of channel options that a line of the log has."""
    words = text.replace(",", " ").replace(";", " ").split()
    return {word for word in words if word in ChannelOptions.__struct_fields__}


REQUESTS = {
    "publish": {"channel": "n:c", "data": {}},
    "presence": {"channel": "n:c"},
    "presence_stats": {"channel": "n:c"},
    "history": {"channel": "n:c"},
    "subscribe": {"channel": "n:c"},
}


def action_of(request: str) -> str:
    return request.removesuffix("_stats")


@pytest.mark.parametrize("user", ["ann", ""])
@pytest.mark.parametrize("subscribed", [False, True])
@pytest.mark.parametrize("request_name", list(REQUESTS))
async def test_the_options_that_are_named_are_those_that_allow_it(
    make_world: MakeWorld, said, request_name: str, user: str, subscribed: bool
):
    """What the log says is switched on, and the same command passes."""
    if request_name == "subscribe" and subscribed:
        pytest.skip("nobody subscribes twice")
    base: dict[str, Any] = dict(KEPT)
    if subscribed:
        base |= {"allow_subscribe_for_client": True, "allow_subscribe_for_anonymous": True}

    async def answer(options: dict[str, Any]) -> dict[str, Any]:
        world = await make_world(
            rules=open_rules(Namespace(name="n", **options)),
            handlers=Handlers(connect=lambda _: ConnectReply(user=user)),
        )
        client = await world.connected()
        if subscribed:
            assert "error" not in await client.subscribe("n:c")
        return await client.ask(**{request_name: REQUESTS[request_name]})

    assert (await answer(base))["error"]["code"] == 103
    (line,) = said()
    assert line.startswith(f"{request_name} of 'n:c': 103 permission denied; it needs ")
    assert "channel.namespaces 'n'" in line
    named = {option for option in options_in(line) if option.startswith("allow_")}
    action = action_of(request_name)
    assert named
    assert all(option.startswith(f"allow_{action}_for_") for option in named)
    assert ("for_anonymous" in line) == (not user)
    assert "error" not in await answer(base | dict.fromkeys(named, True))


@pytest.mark.parametrize(
    ("request_name", "needed"),
    [
        ("presence", {"presence"}),
        ("presence_stats", {"presence"}),
        ("history", {"history_size", "history_ttl"}),
    ],
)
async def test_what_a_channel_does_not_keep_is_named(
    make_world: MakeWorld, said, request_name: str, needed: set[str]
):
    world = await make_world(rules=open_rules(Namespace(name="n")))
    client = await world.connected()
    assert (await client.ask(**{request_name: {"channel": "n:c"}}))["error"]["code"] == 108
    (line,) = said()
    assert options_in(line) == needed


@pytest.mark.parametrize(
    ("channel", "options", "words"),
    [
        ("$n:c", {"allow_subscribe_for_client": True}, "channel.private_prefix"),
        ("n:c#bob", {"allow_user_limited_channels": True}, "channel.user_boundary"),
        ("n:c#ann", {}, "or allow_user_limited_channels"),
        ("c", {}, "channel.without_namespace"),
    ],
)
async def test_a_name_that_no_option_opens_says_so(
    make_world: MakeWorld, said, channel: str, options: dict[str, Any], words: str
):
    rules = open_rules(Namespace(name="n", **options))
    rules = msgspec.structs.replace(rules, without_namespace=ChannelOptions())
    world = await make_world(rules=rules)
    client = await world.connected()
    assert (await client.ask(subscribe={"channel": channel}))["error"]["code"] == 103
    (line,) = said()
    assert words in line
    assert line.startswith(f"subscribe of {channel!r}: 103")


@pytest.mark.parametrize(
    ("asked", "options", "needed"),
    [
        ({"recoverable": True}, {}, {"force_recovery", "allow_recovery"}),
        ({"positioned": True}, {}, {"force_positioning", "allow_positioning"}),
        ({"join_leave": True}, {}, {"join_leave", "force_push_join_leave", "presence"}),
        ({"join_leave": True}, {"join_leave": True}, None),
        ({"delta": "fossil"}, {}, {"allowed_delta_types"}),
        ({}, {}, set()),
    ],
)
async def test_what_is_silently_off_is_written_down(
    make_world: MakeWorld, said, asked: Any, options: Any, needed: set[str] | None
):
    """The subscribe succeeds, and the client is not told."""
    world = await make_world(
        rules=open_rules(Namespace(name="n", allow_subscribe_for_client=True, **options))
    )
    client = await world.connected()
    assert "error" not in await client.subscribe("n:c", **asked)
    if needed == set():
        assert said() == []
        return
    (line,) = said()
    assert " is off; it needs " in line
    assert needed is None or options_in(line) - {"recovery"} >= needed


async def test_a_handler_that_refuses_is_named_and_may_say_why(make_world: MakeWorld, said):
    def refuse(event: Any) -> None:
        raise CommandError(codes.PERMISSION_DENIED, "only on Mondays" if event.data else "")

    world = await make_world(handlers=Handlers(subscribe=refuse))
    client = await world.connected()
    await client.ask(subscribe={"channel": "c"})
    await client.ask(subscribe={"channel": "c", "data": {"a": 1}})
    assert said() == [
        "subscribe of 'c': 103 permission denied; a handler of the program refused it",
        "subscribe of 'c': 103 permission denied; only on Mondays",
    ]


async def test_a_client_without_a_token_is_told_apart(make_world: MakeWorld, said):
    world = await make_world(verifier=FakeVerifier({}, {}), client=ClientOptions())
    client = world.open()
    client.send({"id": 1, "connect": {}})
    await world.turn()
    assert client.code == 3501
    (line,) = said()
    assert "client.allow_anonymous_connect_without_token" in line


async def test_nothing_but_the_channel_is_written(make_world: MakeWorld, said):
    """No user, no token, no payload; and of a long name the beginning."""
    verifier = FakeVerifier({}, {"a-token": SubscribeClaims(user="mallory-user", channel="x")})
    world = await make_world(
        rules=open_rules(Namespace(name="n")),
        verifier=verifier,
        handlers=Handlers(connect=lambda _: ConnectReply(user="secret-user", info=b'"secret"')),
    )
    client = await world.connected()
    await client.ask(publish={"channel": "n:" + "c" * 150, "data": {"secret": 1}})
    await client.ask(publish={"channel": "n:\u001b[31m\n", "data": {"secret": 1}})
    client.send({"id": 99, "subscribe": {"channel": "n:c", "token": "a-token"}})
    await world.turn()
    text = "\n".join(said())
    assert "secret" not in text
    assert "mallory" not in text
    assert "a-token" not in text
    assert "\u001b" not in text
    assert "c" * 98 in text
    assert "c" * 99 not in text
    assert "3500 invalid token; the subscription token is for another channel" in text


def test_a_reason_is_written_once_in_a_while_with_how_often_it_was_seen(said):
    clock = VirtualClock()
    refusals = Refusals(clock)
    for number in range(1000):
        refusals.tell("publish", "103 permission denied", "it needs x", f"c{number}")
    refusals.tell("history", "103 permission denied", "it needs x", "c")
    assert [line.partition(":")[0] for line in said()] == ["publish of 'c0'", "history of 'c'"]
    clock.advance(QUIET_SECONDS)
    refusals.tell("publish", "103 permission denied", "it needs x", "c1")
    assert said()[-1].endswith("it needs x (999 more since it was last said)")


def test_endless_reasons_fill_neither_memory_nor_log(said):
    clock = VirtualClock()
    refusals = Refusals(clock)
    for number in range(3 * MOST_REASONS):
        refusals.tell("publish", "103", f"reason {number}")
    assert len(said()) == MOST_REASONS
    clock.advance(QUIET_SECONDS)
    refusals.tell("publish", "103", "another reason")
    assert said()[-1] == "publish: 103; another reason"
