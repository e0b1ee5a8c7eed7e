"""Options from environment variables."""

from __future__ import annotations

from collections import Counter

import pytest

from cadenza.config import Config, ConfigError, dump, load_tree
from cadenza.config.build import build
from cadenza.config.environment import apply, put, variable
from cadenza.config.names import supported, unsupported
from cadenza.config.report import Report
from cadenza.config.values import read_scalar
from cadenza.realtime.duration import Duration

SAMPLES = {bool: "true", int: "7", float: "2.5", str: "/seven", Duration: "7s"}
PLAIN = sorted(p for p, t in supported().items() if t in SAMPLES and "[]" not in p)


def test_every_option_has_a_variable_of_its_own():
    """Two paths must never mean the same variable."""
    names = Counter(variable(path) for path in (*supported(), *unsupported()) if "[]" not in path)
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("path", PLAIN)
def test_variable_sets_its_option_and_nothing_else(path):
    """For all plain options, under both prefixes."""
    text = SAMPLES[supported()[path]]
    expected = dump(Config())
    value = read_scalar(supported()[path], text)
    put(expected, path, str(value) if isinstance(value, Duration) else value)
    for prefix in ("CADENZA_", "CENTRIFUGO_"):
        tree, sources = {}, {}
        report = Report(sources)
        apply({variable(path, prefix): text}, tree, sources, report)
        assert dump(build(tree, report)) == expected
        assert (report.problems, report.warnings) == ([], [])


def test_own_names_win_over_centrifugos():
    """Whoever writes the new name means it."""
    environ = {"CENTRIFUGO_HTTP_SERVER_PORT": "1", "CADENZA_HTTP_SERVER_PORT": "2"}
    assert load_tree({}, environ)[0].http_server.port == 2


def test_lists_are_words_and_lists_of_sections_are_json():
    """As Centrifugo reads them."""
    environ = {
        "CENTRIFUGO_CLIENT_ALLOWED_ORIGINS": "https://a.example https://b.example",
        "CENTRIFUGO_CHANNEL_NAMESPACES": '[{"name": "news", "allowed_delta_types": ["fossil"]}]',
        "CENTRIFUGO_CHANNEL_WITHOUT_NAMESPACE_ALLOWED_DELTA_TYPES": "fossil",
    }
    config, _ = load_tree({}, environ)
    assert config.client.allowed_origins == ("https://a.example", "https://b.example")
    assert config.channel.namespaces[0].allowed_delta_types == ("fossil",)
    assert config.channel.without_namespace.allowed_delta_types == ("fossil",)


def test_option_of_one_namespace_by_its_name():
    """Dots and dashes of the name become underscores."""
    tree = {"channel": {"namespaces": [{"name": "ab"}, {"name": "us-east.1"}]}}
    config, _ = load_tree(tree, {"CENTRIFUGO_CHANNEL_NAMESPACES_US_EAST_1_PRESENCE": "true"})
    assert [space.presence for space in config.channel.namespaces] == [False, True]


def test_namespace_from_the_environment_can_be_changed_by_the_environment():
    """Both forms together."""
    environ = {
        "CADENZA_CHANNEL_NAMESPACES": '[{"name": "news"}]',
        "CADENZA_CHANNEL_NAMESPACES_NEWS_JOIN_LEAVE": "1",
    }
    assert load_tree({}, environ)[0].channel.namespaces[0].join_leave is True


def test_empty_variable_counts_as_not_set():
    """Compose files hand on empty variables."""
    assert load_tree({}, {"CADENZA_HTTP_SERVER_PORT": ""})[0].http_server.port == 8000


def test_environment_can_set_a_real_zero():
    """Only in files does zero mean the default."""
    config, _ = load_tree({}, {"CADENZA_CLIENT_PONG_TIMEOUT": "0s"})
    assert config.client.pong_timeout == 0


def test_unknown_own_variable_is_an_error_that_names_the_nearest():
    """A typing mistake must not be silent."""
    expected = "CADENZA_HTTP_SERVR_PORT: .*did you mean CADENZA_HTTP_SERVER_PORT"
    with pytest.raises(ConfigError, match=expected):
        load_tree({}, {"CADENZA_HTTP_SERVR_PORT": "1"})


def test_unknown_centrifugo_variable_is_a_warning():
    """The environment may belong to both programs."""
    _, warnings = load_tree({}, {"CENTRIFUGO_HTTP_SERVR_PORT": "1"})
    assert [w.path for w in warnings] == ["CENTRIFUGO_HTTP_SERVR_PORT"]
    assert "CENTRIFUGO_HTTP_SERVER_PORT" in warnings[0].sentence


def test_variables_of_kubernetes_and_reserved_ones_are_passed_over():
    """A service named cadenza puts these into every container."""
    environ = {
        "CADENZA_SERVICE_HOST": "10.0.0.1",
        "CADENZA_SERVICE_PORT_HTTP": "80",
        "CADENZA_PORT": "tcp://10.0.0.1:80",
        "CADENZA_PORT_80_TCP_ADDR": "10.0.0.1",
        "CENTRIFUGO_API_PORT_80_TCP": "tcp://10.0.0.1:80",
        "CADENZA_CONFIG": "config.json",
        "CENTRIFUGO_VAR_TOKEN": "x",
        "OTHER": "x",
    }
    assert load_tree({}, environ) == (Config(), [])


def test_error_names_the_variable_that_is_wrong():
    """The operator must know where to look."""
    message = r"CADENZA_SSE_ENABLED \(sse\.enabled\): must be true or false"
    with pytest.raises(ConfigError, match=message):
        load_tree({}, {"CADENZA_SSE_ENABLED": "on"})
    with pytest.raises(ConfigError, match=r"CADENZA_CHANNEL_NAMESPACES.*JSON"):
        load_tree({}, {"CADENZA_CHANNEL_NAMESPACES": "news"})


def test_environment_over_a_malformed_file_reports_the_file():
    """The merge does not hide that a section is none."""
    with pytest.raises(ConfigError, match="client: must be a section"):
        load_tree({"client": 5}, {"CADENZA_CLIENT_INSECURE": "true"})
