"""Who may do what: the permission matrix, names, and the answers in their order."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from cadenza.protocol import codes
from cadenza.realtime import (
    Access,
    ChannelOptions,
    ChannelRules,
    ClientOptions,
    CommandError,
    ConnectClaims,
    Namespace,
    Override,
    SubscribeClaims,
    SubscriptionGrant,
    TokenExpired,
)
from cadenza.realtime.access import with_override
from cadenza.realtime.duration import Duration
from cadenza.realtime.subscription import Subscription
from support.realtime.engine_world import (
    Client,
    FakeVerifier,
    MakeWorld,
    World,
    namespace,
    open_rules,
)

BOTH = (False, True)


def access(*, insecure: bool = False, **options: Any) -> Access:
    return Access(
        ChannelRules(without_namespace=ChannelOptions(**options)), ClientOptions(insecure=insecure)
    )


@pytest.mark.parametrize("action", ["publish", "presence", "history"])
@pytest.mark.parametrize(
    ("allowed", "user", "subscribed", "insecure"),
    list(product(product(BOTH, BOTH, BOTH), ("ann", ""), BOTH, BOTH)),
)
def test_the_permission_matrix(
    action: Any, allowed: tuple[bool, bool, bool], user: str, subscribed: bool, insecure: bool
):
    """Sections 4.3 to 4.5: the anonymous option only extends the others."""
    for_client, for_subscriber, for_anonymous = allowed
    options = {
        f"allow_{action}_for_client": for_client,
        f"allow_{action}_for_subscriber": for_subscriber,
        f"allow_{action}_for_anonymous": for_anonymous,
    }
    rules = access(insecure=insecure, **options)
    subscription = object.__new__(Subscription) if subscribed else None
    known = bool(user) or for_anonymous
    wanted = insecure or (known and (for_client or (for_subscriber and subscribed)))
    assert rules.may(action, user, rules.options("c"), subscription) is wanted


@pytest.mark.parametrize(
    ("for_client", "for_anonymous", "user", "insecure"),
    list(product(BOTH, BOTH, ("ann", ""), BOTH)),
)
def test_subscribing_without_a_token(
    for_client: bool, for_anonymous: bool, user: str, insecure: bool
):
    rules = access(
        insecure=insecure,
        allow_subscribe_for_client=for_client,
        allow_subscribe_for_anonymous=for_anonymous,
    )
    wanted = insecure or (for_client and (bool(user) or for_anonymous))
    assert rules.may_subscribe(user, "c", rules.options("c")) is wanted
    assert not rules.may_subscribe(user, "$c", rules.options("$c"))


@pytest.mark.parametrize(
    ("channel", "user", "allowed"),
    [
        ("c#ann", "ann", True),
        ("c#ann,bob", "bob", True),
        ("c#bob", "ann", False),
        ("c#", "", True),
        ("c#", "ann", False),
        ("c#a#ann", "ann", True),
        ("c", "ann", True),
        ("c", "", False),
    ],
)
def test_user_limited_channels(channel: str, user: str, allowed: bool):
    """Never through ``allow_subscribe_for_client`` for whom is not listed."""
    rules = access(allow_user_limited_channels=True, allow_subscribe_for_client=True)
    assert rules.may_subscribe(user, channel, rules.options(channel)) is allowed


def test_the_list_of_users_is_ordinary_text_where_it_is_off():
    rules = access(allow_subscribe_for_client=True)
    assert rules.may_subscribe("ann", "c#bob", rules.options("c#bob"))


@pytest.mark.parametrize(
    ("channel", "code"),
    [
        ("c", None),
        ("n:c", None),
        ("$n:c", None),
        ("n:c:d", None),
        ("m:c", 102),
        (":c", None),
        ("é", 107),
        ("r:abc1", None),
        ("r:abc", 107),
        ("r:é1", None),
    ],
)
def test_names(channel: str, code: int | None):
    rules = Access(
        ChannelRules(namespaces=(Namespace(name="n"), Namespace(name="r", channel_regex="[0-9]$"))),
        ClientOptions(),
    )
    if code is None:
        rules.checked_options(channel)
        return
    with pytest.raises(CommandError) as refusal:
        rules.checked_options(channel)
    assert refusal.value.error.code == code


def test_a_namespace_may_have_kinds_of_channels():
    rules = Access(ChannelRules(namespaces=(Namespace(name="n"),)), ClientOptions())
    special = ChannelOptions(history_size=1)
    rules.set_kind("n", "book", special)
    assert rules.options("n:book:BTC") is special
    assert rules.options("n:trades:BTC").history_size == 0
    assert rules.find_options("m:book:BTC") is None


@pytest.mark.parametrize(
    ("wanted", "good", "bad"),
    [
        ("", b"anything", b""),
        ("json", b'"text"', b"{"),
        ("json", b"null", b""),
        ("json_object", b'{"a":1}', b"[1]"),
        ("json", b"1", b'"\xff"'),
        ("binary", b"", None),
    ],
)
def test_the_format_of_publications(wanted: Any, good: bytes, bad: bytes | None):
    rules = access()
    options = ChannelOptions(publication_data_format=wanted)
    rules.check_data(good, options)
    if bad is not None:
        with pytest.raises(CommandError) as refusal:
            rules.check_data(bad, options)
        assert refusal.value.error is codes.BAD_REQUEST


def test_meta_ttl_of_a_channel_or_of_all():
    rules = access()
    assert rules.meta_ttl(ChannelOptions()) == 720 * 3600
    assert rules.meta_ttl(ChannelOptions(history_meta_ttl=Duration(60))) == 60


def test_an_override_changes_only_what_it_names():
    options = ChannelOptions(presence=True)
    assert with_override(options, Override()) is options
    changed = with_override(options, Override(join_leave=True, presence=False))
    assert (changed.join_leave, changed.presence, changed.force_recovery) == (True, False, False)


# The order of checks, on the wire.


async def error(client: Client, **request: Any) -> int | None:
    """The code of the error, of the close, or ``None`` for success."""
    client._next_id += 1
    client.send({"id": client._next_id, **request})
    await client.world.turn()
    if client.code is not None:
        return client.code
    found = client.news()[-1]
    assert found.get("id") == client._next_id or "push" in found
    code: int | None = found.get("error", {}).get("code")
    return code


CLOSED = Namespace(name="closed", presence=True, history_size=5, history_ttl=Duration(60))
BARE = Namespace(name="bare", allow_presence_for_client=True, allow_history_for_client=True)


@pytest.mark.parametrize("action", ["publish", "presence", "presence_stats", "history"])
@pytest.mark.parametrize(
    ("channel", "code"),
    [("", 3501), ("none:c", 102), ("é", 107), ("closed:c", 103), ("open", None), ("bare:c", 108)],
)
async def test_commands_answer_in_order(
    make_world: MakeWorld, action: str, channel: str, code: int | None
):
    world = await make_world(rules=open_rules(CLOSED, BARE))
    client = await world.connected()
    if action == "publish" and channel == "bare:c":
        code = 103
    assert await error(client, **{action: {"channel": channel, "data": 1}}) == code


def subscription_tokens(world_user: str = "ann") -> FakeVerifier:
    def claims(user: str, channel: str, client: str = "", **grant: Any) -> SubscribeClaims:
        return SubscribeClaims(
            user=user, channel=channel, client=client, grant=SubscriptionGrant(**grant)
        )

    return FakeVerifier(
        {"ann": ConnectClaims(user="ann")},
        {
            "good": claims("ann", "$c", data=b'{"d":1}'),
            "closed": claims("ann", "closed:c", info=b'"i"'),
            "bob": claims("bob", "$c"),
            "other": claims("ann", "$d"),
            "elsewhere": claims("ann", "$c", "another client"),
            "expired": TokenExpired("x"),
            "over": claims("ann", "$c", expire_at=1),
        },
    )


@pytest.mark.parametrize(
    ("request_fields", "code"),
    [
        ({"channel": ""}, 3501),
        ({"channel": "c", "type": 4}, 108),
        ({"channel": "c", "delta": "x"}, 3501),
        ({"channel": "c" * 256}, 107),
        ({"channel": "é" * 128}, 107),
        ({"channel": "none:c"}, 102),
        ({"channel": "é"}, 107),
        ({"channel": "c", "type": 1}, 103),
        ({"channel": "$c"}, 103),
        ({"channel": "closed:c"}, 103),
        ({"channel": "closed:c", "token": "closed"}, None),
        ({"channel": "$c", "token": "good"}, None),
        ({"channel": "$c", "token": "nonsense"}, 103),
        ({"channel": "$c", "token": "expired"}, 109),
        ({"channel": "$c", "token": "over"}, 110),
        ({"channel": "$c", "token": "bob"}, 3500),
        ({"channel": "$c", "token": "other"}, 3500),
        ({"channel": "$c", "token": "elsewhere"}, 3500),
        ({"channel": "plain:c", "tf": {"key": "k", "cmp": "ex"}}, 107),
        ({"channel": "c", "tf": {"key": "k", "cmp": "none"}}, 107),
        ({"channel": "c", "tf": {"key": "k", "cmp": "ex"}}, None),
        ({"channel": "c"}, None),
    ],
)
async def test_subscribe_answers_in_order(
    make_world: MakeWorld, request_fields: dict[str, Any], code: int | None
):
    world = await make_world(rules=open_rules(CLOSED), verifier=subscription_tokens())
    client = world.open()
    await client.ask(connect={"token": "ann"})
    assert await error(client, subscribe=request_fields) == code
    assert bool(client.connection.subscriptions) is (code is None)


async def test_subscribing_twice_and_too_often(make_world: MakeWorld):
    world = await make_world(client=ClientOptions(channel_limit=2))
    client = await world.connected()
    codes_seen = [await error(client, subscribe={"channel": name}) for name in "aabcc"]
    assert codes_seen == [None, 105, None, 106, 106]
    await client.ask(unsubscribe={"channel": "a"})
    assert await error(client, subscribe={"channel": "c"}) is None


async def test_reverse_history_from_nowhere_and_another_epoch(make_world: MakeWorld):
    client = await (await make_world()).connected()
    reverse = {"channel": "c", "reverse": True, "since": {"offset": 0, "epoch": ""}}
    assert await error(client, history=reverse) == 107
    other = {"channel": "c", "limit": 1, "since": {"offset": 1, "epoch": "x"}}
    assert await error(client, history=other) == 112


async def test_history_is_capped(make_world: MakeWorld):
    world = await make_world(client=ClientOptions(history_max_publication_limit=3))
    client = await world.connected()
    for number in range(5):
        await world.publish("c", number)
    for limit, count in ((0, 0), (2, 2), (5, 3), (-1, 3)):
        reply = await client.ask(history={"channel": "c", "limit": limit})
        assert len(reply["history"]["publications"]) == count
        assert reply["history"]["offset"] == 5


async def test_rejecting_an_unrecovered_subscribe_leaves_nothing(make_any_world: MakeWorld):
    """Flag bit 2: error 112 instead of ``recovered: false``."""
    world = await make_any_world()
    client = await world.connected()
    lost = {"channel": "c", "recover": True, "recoverable": True, "epoch": "x", "offset": 5}
    assert await error(client, subscribe={**lost, "flag": 2}) == 112
    assert world.node.hub.num_subscriptions == 0
    assert await world_presence(world) == {}
    assert await error(client, subscribe=lost) is None


async def world_presence(world: World) -> dict[str, Any]:
    memory = getattr(world.presence, "memory", world.presence)
    found: dict[str, Any] = memory.read("c")
    return found


async def test_positions_are_granted_to_those_who_may_read_history(make_world: MakeWorld):
    off: dict[str, Any] = {"allow_positioning": False, "allow_recovery": False}
    world = await make_world(
        rules=open_rules(
            namespace("h", **off), namespace("no", **off, allow_history_for_client=False)
        )
    )
    client = await world.connected()
    asked = {"positioned": True, "recoverable": True}
    granted = await client.subscribe("h:c", **asked)
    assert granted["positioned"]
    assert granted["recoverable"]
    refused = await client.subscribe("no:c", **asked)
    assert "positioned" not in refused
    assert "recoverable" not in refused
