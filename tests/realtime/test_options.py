"""The names and defaults of options, and what a node remembers of them."""

from __future__ import annotations

import random
import uuid

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadenza.realtime import ChannelOptions, ClientOptions, HistoryFilter, Namespace, Node
from cadenza.realtime.duration import Duration
from cadenza.realtime.node import PUBLISH_OPTIONS_KEPT
from support.realtime.engine_world import MakeWorld


def test_nothing_is_allowed_that_nobody_asked_for():
    options = msgspec.structs.asdict(ChannelOptions())
    assert [name for name, value in options.items() if value not in (False, 0, "", None)] == []


def test_the_reference_servers_limits_are_the_defaults():
    """Section 11."""
    client = ClientOptions()
    assert (client.channel_limit, client.queue_max_size) == (128, 1_048_576)
    assert (client.ping_interval, client.pong_timeout, client.stale_close_delay) == (25, 8, 10)
    assert (client.expired_close_delay, client.expired_sub_close_delay) == (25, 25)
    assert (client.presence_update_interval, client.channel_position_check_delay) == (27, 40)
    limits = (client.history_max_publication_limit, client.recovery_max_publication_limit)
    assert limits == (300, 300)


def test_unknown_options_are_refused():
    with pytest.raises(msgspec.ValidationError, match="allow_everything"):
        msgspec.convert({"name": "n", "allow_everything": True}, Namespace)


async def test_options_made_up_for_every_publication_are_not_kept(make_world: MakeWorld):
    world = await make_world()
    for _ in range(PUBLISH_OPTIONS_KEPT + 10):
        options = ChannelOptions(history_size=2, history_ttl=Duration(60))
        await world.node.publish("c", b"1", options=options)
    assert len(world.node._publish_options) <= PUBLISH_OPTIONS_KEPT
    page = await world.node.admin.history("c", HistoryFilter(-1))
    assert [found.offset for found in page.publications] == [1033, 1034]


@given(st.integers(0, 2**32))
def test_ids_are_uuids_of_version_4(seed: int):

    made = uuid.UUID(Node(chance=random.Random(seed)).new_id())
    assert (made.version, made.variant) == (4, uuid.RFC_4122)
