"""Loading a configuration from its sources."""

from __future__ import annotations

import json
import re

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cadenza.config import (
    FORMATS,
    Config,
    ConfigError,
    Secret,
    dump,
    dumps,
    engine_rules,
    load,
    load_tree,
)
from cadenza.config.names import supported
from cadenza.realtime.duration import Duration

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
NAMESPACES = st.fixed_dictionaries(
    {
        "name": st.from_regex(r"\A[-a-zA-Z0-9_.]{2,5}\Z"),
        "history_size": st.integers(1, 10_000),
        "history_ttl": st.integers(1, 86_400).map("{}s".format),
        "channel_regex": st.sampled_from(["", "^a$", r"^\w+\.[^\\\"]*$"]),
    }
)
SWITCHES = sorted(
    path
    for path, type_ in supported().items()
    if type_ is bool and "[]" not in path and path.rpartition(".")[2] != "force_recovery"
)


@pytest.mark.parametrize("name", ["server.json", "server-strict.json"])
def test_centrifugo_file_of_the_conformance_corpus_loads_without_warnings(name, shared):
    """A real Centrifugo v6 file works unchanged, and every value of it arrives."""
    path = shared / "conformance" / name
    config, warnings = load(path, {})
    assert warnings == []
    written, read = json.loads(path.read_text()), dump(config, redact=False)

    def compare(part, whole):
        if isinstance(part, str) and re.fullmatch(r"[\d.]+(ms|s|m|h)", part):
            assert Duration.parse(part) == Duration.parse(whole)
        elif isinstance(part, dict):
            for key in part:
                compare(part[key], whole[key])
        elif isinstance(part, list):
            assert len(part) == len(whole)
            for one, other in zip(part, whole, strict=True):
                compare(one, other)
        else:
            assert part == whole

    compare(written, read)


def test_without_sources_the_defaults_are_the_configuration():
    """An empty start gives ``Config()`` and nothing to warn of."""
    assert load(None, {}) == (Config(), [])


@pytest.mark.parametrize("fmt", FORMATS)
def test_default_configuration_loads_back_equal(fmt, tmp_path):
    """What ``config default`` prints is a configuration file with the same meaning."""
    path = tmp_path / f"config.{fmt}"
    path.write_text(dumps(Config(), fmt), encoding="utf-8")
    assert load(path, {}) == (Config(), [])


@given(
    switches=st.dictionaries(st.sampled_from(SWITCHES), st.booleans()),
    texts=st.dictionaries(
        st.sampled_from(["node.name", "log.file", "http_api.key", "client.token.hmac_secret_key"]),
        TEXT,
    ),
    origins=st.lists(TEXT, max_size=3),
    namespaces=st.lists(NAMESPACES, max_size=3, unique_by=lambda space: space["name"]),
    ping=st.sampled_from(["-1s", "10s", "1m30s", "25500ms"]),
)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.filter_too_much])
def test_every_valid_configuration_survives_the_way_through_a_file(tmp_path_factory, **drawn):
    """Written in any format without redaction, a configuration loads back equal."""
    overrides = {
        **drawn["switches"],
        **drawn["texts"],
        "client.allowed_origins": drawn["origins"],
    }
    client = {"ping_interval": drawn["ping"]}
    tree = {"channel": {"namespaces": drawn["namespaces"]}, "client": client}
    try:
        config, _ = load_tree(tree, {}, overrides)
    except ConfigError:
        assume(False)
        raise
    folder = tmp_path_factory.mktemp("config")
    for fmt in FORMATS:
        path = folder / f"config.{fmt}"
        path.write_text(dumps(config, fmt, redact=False), encoding="utf-8", newline="")
        assert load(path, {})[0] == config


def test_flags_win_over_environment_which_wins_over_the_file(tmp_path):
    """The nearer to the command line, the stronger."""
    path = tmp_path / "config.toml"
    path.write_text('[http_server]\nport = 1\ninternal_port = 2\naddress = "0.0.0.0"\n')
    environ = {"CADENZA_HTTP_SERVER_PORT": "3", "CADENZA_HTTP_SERVER_INTERNAL_PORT": "4"}
    config, _ = load(path, environ, {"http_server.port": 5, "log.level": None})
    server = config.http_server
    assert (server.port, server.internal_port, server.address) == (5, 4, "0.0.0.0")


def test_unknown_flag_is_an_error():
    """A program that misspells an override hears of it."""
    with pytest.raises(ConfigError, match=r"flag \(http_server\.prt\).*http_server\.port"):
        load(None, {}, {"http_server.prt": 1})


def test_engine_gets_patterns_as_python_reads_them():
    """RE2's ``$`` does not match before a final newline; the engine's pattern must not either."""
    tree = {
        "channel": {
            "namespaces": [{"name": "news", "channel_regex": "^[a-z]+$"}, {"name": "open"}],
        }
    }
    config, _ = load_tree(tree, {})
    rules = engine_rules(config.channel)
    assert rules.namespaces[0].channel_regex == r"(?a)^[a-z]+\Z"
    assert rules.namespaces[1] == config.channel.namespaces[1]
    assert config.channel.namespaces[0].channel_regex == "^[a-z]+$"


def test_sections_are_immutable_and_reject_unknown_fields():
    """Nobody changes a configuration after it was checked."""
    config = Config()
    with pytest.raises(AttributeError):
        config.http_server.port = 1
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"websocket": {"prefix": "/x"}}, Config)


def test_secrets_are_secrets_after_loading():
    """Keys come out as ``Secret`` from every source."""
    tree = {"client": {"token": {"hmac_secret_key": "from-the-file"}}}
    config, _ = load_tree(tree, {"CADENZA_HTTP_API_KEY": "from-the-environment"})
    assert isinstance(config.client.token.hmac_secret_key, Secret)
    assert "from-the" not in repr(config)
