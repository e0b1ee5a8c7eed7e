"""Options that Centrifugo has and Cadenza lacks."""

from __future__ import annotations

import pytest

from cadenza.config import ConfigError, load_tree
from cadenza.config.names import supported, unsupported
from cadenza.config.unsupported import UNSUPPORTED

SECTIONS = """
http_server log engine broker presence_manager map_broker controller shared_poll client channel
rpc proxies http_api grpc_api consumers websocket sse http_stream webtransport uni_sse
uni_http_stream uni_websocket uni_grpc emulation admin prometheus health swagger debug init
opentelemetry graphite usage_stats node shutdown pid_file enable_unreleased_features
"""


def warnings_of(tree, environ=None):
    return {w.path: w.sentence for w in load_tree(tree, environ or {})[1]}


@pytest.mark.parametrize(
    ("tree", "path", "words"),
    [
        ({"engine": {"type": "redis"}}, "engine", "share"),
        ({"broker": {"enabled": True, "type": "nats"}}, "broker", "other nodes"),
        (
            {"client": {"proxy": {"connect": {"enabled": True, "endpoint": "http://b"}}}},
            "client.proxy.connect",
            "clients need a token",
        ),
        ({"grpc_api": {"enabled": True}}, "grpc_api", "HTTP only"),
        ({"admin": {"enabled": True, "password": "hush"}}, "admin", "(enabled, password)"),
        ({"consumers": [{"name": "c", "enabled": True}]}, "consumers", "queues"),
        ({"proxies": [{"name": "p", "endpoint": "http://b"}]}, "proxies", "backend"),
        ({"http_server": {"tls_autocert": {"enabled": True}}}, "http_server.tls_autocert", "tls"),
        (
            {"http_server": {"tls": {"client_ca_pem": "x"}}},
            "http_server.tls.client_ca_pem",
            "answers everybody",
        ),
        (
            {"channel": {"namespaces": [{"name": "ab", "subscribe_proxy_enabled": True}]}},
            "channel.namespaces[0].subscribe_proxy_enabled",
            "only tokens",
        ),
        (
            {"channel": {"without_namespace": {"subscription_type": "map"}}},
            "channel.without_namespace.subscription_type",
            "stream",
        ),
        (
            {"channel": {"without_namespace": {"map": {"mode": "ephemeral", "key_ttl": "5s"}}}},
            "channel.without_namespace.map",
            "(mode, key_ttl)",
        ),
        ({"websocket": {"read_buffer_size": 512}}, "websocket.read_buffer_size", "buffers"),
    ],
)
def test_option_that_is_set_is_warned_of_with_its_consequence(tree, path, words):
    """The operator learns what will not happen; the server starts nevertheless."""
    found = warnings_of(tree)
    assert list(found) == [path]
    assert words in found[path]
    assert "hush" not in found[path]


@pytest.mark.parametrize(
    "tree",
    [
        {"engine": {"type": "memory", "redis": {"address": "redis://127.0.0.1:6379"}}},
        {"engine": {"redis": {"address": ["redis://127.0.0.1:6379"], "io_timeout": "4000ms"}}},
        {"grpc_api": {"enabled": False, "port": 10_000}},
        {"grpc_api": {"enabled": False, "port": 12_345, "key": "unused"}},
        {"client": {"proxy": {"connect": {"enabled": False, "timeout": "1s"}, "refresh": {}}}},
        {"channel": {"without_namespace": {"subscription_type": "stream", "map": {}}}},
        {"channel": {"namespaces": [{"name": "ab", "publish_proxy_name": "default"}]}},
        {"consumers": [], "proxies": None, "admin": None, "usage_stats": {"disabled": False}},
        {"http_server": {"internal_tls": {"enabled": False, "cert_pem": "x"}}},
    ],
)
def test_option_at_its_default_or_switched_off_is_silent(tree):
    """A file that spells out defaults gives no noise."""
    assert warnings_of(tree) == {}


def test_lacking_options_can_come_from_the_environment():
    """They are known names there too."""
    found = warnings_of({}, {"CENTRIFUGO_ENGINE_TYPE": "redis", "CADENZA_ADMIN_ENABLED": "false"})
    assert list(found) == ["engine"]


def test_section_that_must_be_a_section():
    """Wrong types inside what is lacking are mistakes as well."""
    with pytest.raises(ConfigError, match="engine: must be a section"):
        load_tree({"engine": "redis"}, {})
    with pytest.raises(ConfigError, match="consumers: must be a list"):
        load_tree({"consumers": {"name": "x"}}, {})


def test_no_option_is_both_supported_and_lacking():
    """The two tables must not contradict each other."""
    assert not supported().keys() & unsupported()
    assert not supported().keys() & UNSUPPORTED.keys()


def test_every_section_of_centrifugo_is_known():
    """The top level of Centrifugo 6.9, from its documentation."""
    sections = set(SECTIONS.split())
    known = {path.partition(".")[0] for path in (*supported(), *unsupported())}
    assert known - sections == {"market", "trading", "faults", "dashboard"}
    assert sections - known == set()
