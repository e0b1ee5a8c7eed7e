"""Every option of the newest Centrifugo is known: supported, or with what its absence means."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cadenza.config import ConfigError, load_tree
from cadenza.config.names import supported, unsupported
from cadenza.config.unsupported import UNSUPPORTED

NAMES = (Path(__file__).parent / "option_names.txt").read_text().split()
"""Of 6.9, from its configuration's structures and its documentation, August 2026, one a line.

``[]`` are the items of a list. What the commercial edition adds is among them.
"""


def tree(path: str, value: object) -> dict[str, object]:
    """A file that has this one option."""
    for name in reversed(path.split(".")):
        value = {name[:-2]: [value]} if name.endswith("[]") else {name: value}
    assert isinstance(value, dict)
    return value


def problems(path: str) -> str:
    """What is wrong with a file that sets it to something; the value may be, the name must not."""
    try:
        load_tree(tree(path, "7"), {})
    except ConfigError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "section", sorted({name.split(".")[0].removesuffix("[]") for name in NAMES})
)
def test_every_option_of_the_newest_centrifugo_is_known(section):
    """A file from there is a file for here."""
    mine = [name for name in NAMES if re.split(r"\.|\[\]", name)[0] == section]
    assert mine
    assert [name for name in mine if "no such option" in problems(name)] == []


@pytest.mark.parametrize(
    "path",
    [
        "nonsense",
        "client.nonsense",
        "channel.namespaces[].nonsense",
        "channel.namespaces[].map.nonsense",
        "engine.redis.nonsense",
        "consumers[].kafka.nonsense",
        "client.proxy.connect.http.nonsense",
        "channel.proxy.subscribe.tls",
    ],
)
def test_a_name_that_it_does_not_have_is_not(path):
    """Otherwise the test above could not fail."""
    assert "no such option" in problems(path)


def test_what_is_not_of_the_list_is_ours():
    """An option that neither has is one that somebody has invented."""
    theirs = {name.replace("[]", "") for name in NAMES}
    ours = {name.replace("[]", "") for name in supported()}
    more = {
        name
        for name in ours - theirs
        if not any(known.startswith(f"{name}.") for known in theirs)
        and name.split(".")[0] not in {"market", "trading", "faults", "dashboard"}
    }
    assert more == {
        "client.subscription_token.ed25519_public_key",
        "client.token.ed25519_public_key",
        "http_server.keep_alive_timeout",
        "websocket.require_authorization",
    }


def test_what_is_lacking_is_of_the_list():
    """And so is one that is warned of without being there."""
    theirs = {name.replace("[]", "") for name in NAMES}
    more = {
        name
        for path in (*unsupported(), *UNSUPPORTED)
        if (name := path.replace("[]", "")) not in theirs
        and not any(known.startswith(f"{name}.") for known in theirs)
    }
    assert {re.sub(r"^.*\.redis\.|^.*\.http\.", "", name) for name in more} <= {
        "channel_state",
        "group_sharded_pub_sub_by_node",
        "presence_read_from_replica",
        "sharded_pub_sub_partitions",
        "subscribe_on_replica",
        "use_fast_client",
        "use_precomputed_partition_tags",
        "broker.postgres.broker_fanout",
        "broker.postgres.replica",
    }
