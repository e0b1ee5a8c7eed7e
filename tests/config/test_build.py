"""Misspelt names and wrong types."""

from __future__ import annotations

import pytest

from cadenza.config import ConfigError, load_tree
from cadenza.realtime.duration import Duration


def problems(tree):
    with pytest.raises(ConfigError) as caught:
        load_tree(tree, {})
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("tree", "named", "nearest"),
    [
        ({"clinet": {}}, "clinet", "client"),
        ({"client": {"tokn": {}}}, "client.tokn", "client.token"),
        (
            {"client": {"token": {"hmac_secret": "x"}}},
            "client.token.hmac_secret",
            "client.token.hmac_secret_key",
        ),
        ({"token_hmac_secret_key": "x"}, "token_hmac_secret_key", "client.token.hmac_secret_key"),
        (
            {"channel": {"namespaces": [{"name": "ab"}, {"name": "cd", "presense": True}]}},
            "channel.namespaces[1].presense",
            "channel.namespaces[1].presence",
        ),
        ({"grpc_api": {"enabeld": True}}, "grpc_api.enabeld", "grpc_api.enabled"),
        ({"client": {"proxy": {"conect": {}}}}, "client.proxy.conect", "client.proxy.connect"),
        ({"markt": {}}, "markt", "market"),
        ({"consumers": [{"nam": "x"}]}, "consumers[0].nam", "consumers[0].name"),
    ],
)
def test_misspelt_option_is_an_error_that_names_the_nearest(tree, named, nearest):
    """Wherever it stands, also inside what Cadenza lacks."""
    assert problems(tree) == [f"{named}: no such option; did you mean {nearest}?"]


def test_option_like_no_other_is_an_error_without_a_guess():
    """A wild guess would mislead."""
    assert problems({"zzqqxx": 1}) == ["zzqqxx: no such option"]


@pytest.mark.parametrize(
    ("tree", "sentence"),
    [
        (
            {"http_server": {"port": "eight"}},
            "http_server.port: must be a whole number, not a text",
        ),
        ({"http_server": {"port": True}}, "http_server.port: must be a whole number"),
        ({"http_server": {"port": 80.5}}, "http_server.port: must be a whole number, not a number"),
        ({"http_server": 8000}, "http_server: must be a section of options, not a whole number"),
        ({"sse": {"enabled": "yes"}}, "sse.enabled: must be true or false, not a text"),
        ({"client": {"ping_interval": "25"}}, "client.ping_interval: '25' is not a duration"),
        ({"client": {"ping_interval": 25}}, 'must be a duration with its unit, like "25s"'),
        ({"client": {"ping_interval": [1]}}, "not a list"),
        ({"client": {"allowed_origins": 5}}, "client.allowed_origins: must be a list"),
        ({"client": {"allowed_origins": [{}]}}, "client.allowed_origins[0]: must be a text"),
        ({"log": {"level": "loud"}}, 'must be one of "none"'),
        ({"market": {"feed": "live"}}, '"simulated", "replay", "none", not "live"'),
        ({"market": {"replay": {"speed": "fast"}}}, 'must be one of "max", not "fast"'),
        ({"market": {"simulated": {"rate": "nan"}}}, "market.simulated.rate: must be a number"),
        ({"channel": {"namespaces": [{}]}}, "channel.namespaces[0]: needs name"),
        ({"channel": {"namespaces": {"a": {}}}}, "channel.namespaces: must be a list"),
        ({"client": {"proxy": True}}, "client.proxy: must be a section"),
    ],
)
def test_wrong_type_is_an_error_that_names_path_and_types(tree, sentence):
    """The operator reads what it must be and what it is."""
    found = problems(tree)
    assert len(found) == 1
    assert sentence in found[0]


def test_all_mistakes_are_reported_at_once():
    """One start shows everything, not one mistake a start."""
    assert len(problems({"clinet": 1, "sse": {"enabled": 7}, "log": {"levl": "info"}})) == 3


def test_error_about_a_secret_does_not_show_it():
    """A key pasted as the wrong type stays unseen."""
    found = problems({"client": {"token": {"hmac_secret_key": ["hush-hush"]}}})
    assert found == ["client.token.hmac_secret_key: must be a text, not a list"]


@pytest.mark.parametrize(
    ("tree", "read", "value"),
    [
        ({"http_server": {"port": "8001"}}, lambda c: c.http_server.port, 8001),
        ({"http_server": {"internal_port": "9000"}}, lambda c: c.http_server.internal_port, 9000),
        ({"http_server": {"internal_port": ""}}, lambda c: c.http_server.internal_port, 0),
        ({"sse": {"enabled": "true"}}, lambda c: c.sse.enabled, True),
        ({"sse": {"enabled": 1}}, lambda c: c.sse.enabled, True),
        ({"node": {"name": 5}}, lambda c: c.node.name, "5"),
        ({"client": {"channel_limit": 1e2}}, lambda c: c.client.channel_limit, 100),
        ({"client": {"allowed_origins": "a b"}}, lambda c: c.client.allowed_origins, ("a", "b")),
        ({"client": {"stale_close_delay": 2_000_000_000}}, lambda c: c.client.stale_close_delay, 2),
        ({"market": {"replay": {"speed": "max"}}}, lambda c: c.market.replay.speed, "max"),
        ({"market": {"replay": {"speed": 3}}}, lambda c: c.market.replay.speed, 3.0),
        ({"market": {"simulated": {"seed": 7}}}, lambda c: c.market.simulated.seed, 7),
        ({"market": {"simulated": {"seed": None}}}, lambda c: c.market.simulated.seed, None),
        ({"http_server": {"address": ""}}, lambda c: c.http_server.address, ""),
        ({"client": None}, lambda c: c.client.channel_limit, 128),
    ],
)
def test_values_are_read_as_leniently_as_centrifugo_does(tree, read, value):
    """Numbers in quotes, ones for true, single words for lists."""
    config, warnings = load_tree(tree, {})
    assert read(config) == value
    assert warnings == []


def test_zero_in_a_file_means_the_default_and_is_warned_of():
    """Centrifugo cannot tell a zero from an absent option, so its files mean the default."""
    tree = {"client": {"ping_interval": "0s", "channel_limit": 0}, "channel": {"user_boundary": ""}}
    config, warnings = load_tree(tree, {})
    assert config.client.ping_interval == Duration(25)
    assert config.client.channel_limit == 128
    assert config.channel.user_boundary == "#"
    assert [w.path for w in warnings] == [
        "client.ping_interval",
        "client.channel_limit",
        "channel.user_boundary",
    ]


@pytest.mark.parametrize("off", [-1, "-1s", "-1ns"])
def test_negative_ping_interval_turns_pings_off(off):
    """As in Centrifugo; the engine reads zero as off."""
    config, warnings = load_tree({"client": {"ping_interval": off, "pong_timeout": off}}, {})
    assert (config.client.ping_interval, config.client.pong_timeout) == (0, 0)
    assert warnings == []


def test_cadenzas_own_zeros_stand_for_themselves():
    """Only Centrifugo's options have its reading of zero."""
    config, warnings = load_tree({"market": {"order_book": {"update_interval": "0s"}}}, {})
    assert config.market.order_book.update_interval == 0
    assert warnings == []
