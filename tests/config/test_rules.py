"""Rules between options."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from cadenza.config import ConfigError, load_tree

LONG = "0123456789abcdef0123456789abcdef"


def public(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


EC_KEY = ec.generate_private_key(ec.SECP256R1())
EC_PEM = public(EC_KEY)
ED_PEM = public(ed25519.Ed25519PrivateKey.generate())


def space(**options):
    return {"channel": {"namespaces": [{"name": "ab", **options}]}}


@pytest.mark.parametrize(
    ("tree", "path"),
    [
        (space(history_size=5), "channel.namespaces[0]"),
        (space(history_ttl="5s"), "channel.namespaces[0]"),
        (space(force_recovery=True), "channel.namespaces[0].force_recovery"),
        (space(history_size=1, history_ttl="1500ms"), "channel.namespaces[0].history_ttl"),
        (space(history_meta_ttl="1500ms"), "channel.namespaces[0].history_meta_ttl"),
        (
            space(history_size=1, history_ttl="60s", history_meta_ttl="59s"),
            "channel.namespaces[0].history_ttl",
        ),
        (space(history_size=1, history_ttl="721h"), "channel.namespaces[0].history_ttl"),
        (space(auto_cache_recover=True), "channel.namespaces[0].auto_cache_recover"),
        (space(channel_regex="(?=a)"), "channel.namespaces[0].channel_regex"),
        (space(history_size=-1, history_ttl="5s"), "channel.namespaces[0].history_size"),
        (
            {"channel": {"without_namespace": {"force_recovery": True}}},
            "channel.without_namespace.force_recovery",
        ),
        ({"channel": {"history_meta_ttl": "1500ms"}}, "channel.history_meta_ttl"),
        ({"channel": {"namespaces": [{"name": "a"}]}}, "channel.namespaces[0].name"),
        ({"channel": {"namespaces": [{"name": "a:b"}]}}, "channel.namespaces[0].name"),
        (
            {"channel": {"namespaces": [{"name": "ab"}, {"name": "ab"}]}},
            "channel.namespaces[1].name",
        ),
        ({"client": {"ping_interval": "8s", "pong_timeout": "8s"}}, "client.pong_timeout"),
        ({"client": {"stale_close_delay": "-1s"}}, "client.stale_close_delay"),
        ({"client": {"channel_limit": -1}}, "client.channel_limit"),
        ({"faults": {"max_active": 0}}, "faults.max_active"),
        ({"faults": {"default_ttl": "0s"}}, "faults.default_ttl"),
        ({"faults": {"max_delay": "-1s"}}, "faults.max_delay"),
        ({"http_server": {"port": 65_536}}, "http_server.port"),
        ({"http_server": {"tls": {"enabled": True}}}, "http_server.tls"),
        ({"websocket": {"compression_level": 10}}, "websocket.compression_level"),
        ({"websocket": {"handler_prefix": "ws"}}, "websocket.handler_prefix"),
        (
            {"sse": {"enabled": True, "handler_prefix": "/connection/websocket/"}},
            "sse.handler_prefix",
        ),
        (
            {"uni_sse": {"connect_code_to_http_response": {"transforms": [{"code": 109}]}}},
            "uni_sse.connect_code_to_http_response.transforms[0]",
        ),
        (
            {"client": {"connect_code_to_unidirectional_disconnect": {"transforms": [{}]}}},
            "client.connect_code_to_unidirectional_disconnect.transforms[0]",
        ),
        ({"market": {"feed": "replay"}}, "market.replay.path"),
        ({"market": {"replay": {"speed": 0}}}, "market.replay.speed"),
        ({"market": {"simulated": {"rate": 0}}}, "market.simulated.rate"),
        ({"market": {"trade": {"history_size": 0}}}, "market.trade"),
        ({"market": {"order_book": {"history_ttl": "100ms"}}}, "market.order_book.history_ttl"),
        ({"market": {"order_book": {"depth": -1}}}, "market.order_book.depth"),
    ],
)
def test_broken_rule_is_an_error_at_its_path(tree, path):
    """One mistake, one error, in the right place."""
    with pytest.raises(ConfigError) as caught:
        load_tree(tree, {})
    assert [problem.path for problem in caught.value.problems] == [path]


def personal(**options):
    return {"subscribe_to_user_personal_channel": {"enabled": True, **options}}


def test_personal_channel_needs_its_namespace():
    """And a misspelt one gets a hint."""
    tree = space(presence=False) | {"client": personal(personal_channel_namespace="abc")}
    with pytest.raises(ConfigError, match='no namespace "abc"; did you mean "ab"'):
        load_tree(tree, {})


def test_single_connection_needs_presence_where_the_personal_channel_is():
    """Without presence nobody knows the other connections."""
    for options in ({"personal_channel_namespace": "ab"}, {}):
        tree = space() | {"client": personal(single_connection=True, **options)}
        with pytest.raises(ConfigError, match="single_connection: needs presence in"):
            load_tree(tree, {})
    good = personal(single_connection=True, personal_channel_namespace="ab")
    load_tree(space(presence=True) | {"client": good}, {})


@pytest.mark.parametrize("section", ["token", "subscription_token"])
@pytest.mark.parametrize(
    ("token", "option"),
    [
        ({"audience": "a", "audience_regex": "b"}, "audience_regex"),
        ({"issuer": "a", "issuer_regex": "b"}, "issuer_regex"),
        ({"issuer_regex": "("}, "issuer_regex"),
        ({"user_id_claim": "user-id"}, "user_id_claim"),
        ({"rsa_public_key": "rubbish"}, "rsa_public_key"),
        ({"rsa_public_key": EC_PEM}, "rsa_public_key"),
        ({"ecdsa_public_key": ED_PEM}, "ecdsa_public_key"),
        ({"ed25519_public_key": EC_PEM}, "ed25519_public_key"),
        ({"jwks_public_endpoint": "file:///etc/keys"}, "jwks_public_endpoint"),
        ({"jwks_public_endpoint": "https://k.example/{{tenant}}"}, "jwks_public_endpoint"),
        (
            {
                "jwks_public_endpoint": "https://k.example/{{tenant}}",
                "issuer_regex": "^(?P<tenant>.+)$",
            },
            "jwks_public_endpoint",
        ),
    ],
)
def test_broken_token_rule_is_an_error(section, token, option):
    """In both sections alike."""
    with pytest.raises(ConfigError) as caught:
        load_tree({"client": {section: token}}, {})
    assert [problem.path for problem in caught.value.problems] == [f"client.{section}.{option}"]


def test_private_key_where_a_public_one_belongs_is_an_error_that_hides_it():
    """It should never have been there, so it is not repeated in a log."""
    pem = EC_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(ConfigError, match="not a private one") as caught:
        load_tree({"client": {"token": {"ecdsa_public_key": pem}}}, {})
    assert pem[40:80] not in str(caught.value)


def test_curve_without_an_algorithm_is_an_error():
    """P-224 has no place in JSON Web Tokens."""
    pem = public(ec.generate_private_key(ec.SECP224R1()))
    with pytest.raises(ConfigError, match="P-256, P-384 or P-521"):
        load_tree({"client": {"token": {"ecdsa_public_key": pem}}}, {})


def test_good_keys_and_a_safe_key_set_url_are_accepted():
    """The counterparts of the errors above."""
    token = {
        "hmac_secret_key": LONG,
        "rsa_public_key": public(rsa.generate_private_key(65537, 2048)),
        "ecdsa_public_key": EC_PEM,
        "ed25519_public_key": ED_PEM,
    }
    assert load_tree({"client": {"token": token}}, {})[1] == []
    url = {
        "jwks_public_endpoint": "https://k.example/{{tenant}}",
        "issuer_regex": "^(?P<tenant>one|two)$",
    }
    assert load_tree({"client": {"token": url}}, {})[1] == []


@pytest.mark.parametrize(
    ("client", "path"),
    [
        ({"token": {"hmac_secret_key": "short"}}, "client.token.hmac_secret_key"),
        (
            {"token": {"hmac_previous_secret_key": LONG}},
            "client.token.hmac_previous_secret_key",
        ),
        (
            {"token": {"hmac_secret_key": LONG, "jwks_public_endpoint": "https://k.example"}},
            "client.token.jwks_public_endpoint",
        ),
        (
            {
                "token": {
                    "jwks_public_endpoint": "https://k.example/{{t}}",
                    "audience_regex": "(?P<t>.*)",
                    "insecure_skip_jwks_endpoint_safety_check": True,
                }
            },
            "client.token.jwks_public_endpoint",
        ),
        (
            {"insecure_skip_token_signature_verify": True},
            "client.insecure_skip_token_signature_verify",
        ),
    ],
)
def test_weak_settings_are_warned_of(client, path):
    """They work in Centrifugo, so they work here, but not silently."""
    _, warnings = load_tree({"client": client}, {})
    assert [warning.path for warning in warnings] == [path]


def test_slow_pattern_is_warned_of():
    """RE2 takes it in linear time, Python does not."""
    _, warnings = load_tree(space(channel_regex="^(a+)+$"), {})
    assert [warning.path for warning in warnings] == ["channel.namespaces[0].channel_regex"]


@pytest.mark.parametrize(
    ("trading", "path"),
    [
        ({"paper": {"taker_fee": "5"}}, "trading.paper.taker_fee"),
        ({"paper": {"taker_fee": "-0.1"}}, "trading.paper.taker_fee"),
        ({"paper": {"maker_fee": "0.0000001"}}, "trading.paper.maker_fee"),
        ({"paper": {"market_protection": "5 %"}}, "trading.paper.market_protection"),
        ({"paper": {"quote_spread": "1e-4"}}, "trading.paper.quote_spread"),
        ({"paper": {"account_limit": 0}}, "trading.paper.account_limit"),
        ({"paper": {"deposit": [{"asset": "usdt", "quantity": "1"}]}}, "deposit[0].asset"),
        ({"paper": {"deposit": [{"asset": "USDT", "quantity": "0.0"}]}}, "deposit[0].quantity"),
        ({"paper": {"deposit": [{"asset": "USDT", "quantity": "1e9"}]}}, "deposit[0].quantity"),
        (
            {"paper": {"deposit": [{"asset": "BTC", "quantity": n} for n in ("1", "2")]}},
            "deposit[0].asset",
        ),
        ({"store": {"type": "sqlite"}}, "trading.store.path"),
        ({"store": {"type": "memory", "path": "data"}}, "trading.store.path"),
        ({"history_size": 0}, "trading"),
        ({"currency": "us dollar"}, "trading.currency"),
        ({"order_rate_limit": -1}, "trading.order_rate_limit"),
    ],
)
def test_rules_of_trading(trading, path):
    """Each is refused by the name of its option."""
    with pytest.raises(ConfigError) as caught:
        load_tree({"trading": trading}, {}, {})
    assert any(path in str(problem) for problem in caught.value.problems)


def test_a_rebate_for_makers_is_fine():
    """And so are no fees at all."""
    config, _ = load_tree(
        {"trading": {"paper": {"maker_fee": "-0.0001", "taker_fee": "0"}}}, {}, {}
    )
    assert config.trading.paper.maker_fee == "-0.0001"


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({"http_api": {"handler_prefix": "/"}}, "dashboard.handler_prefix: is the same as"),
        ({"health": {"enabled": True, "handler_prefix": "/page"}}, "health.handler_prefix: is"),
        ({"dashboard": {"handler_prefix": "ui"}}, "dashboard.handler_prefix: must start with /"),
    ],
)
def test_the_page_shares_its_paths_with_nothing(tree, words):
    """Neither its own nor that of its files; without the page both are free."""
    on = {**tree, "dashboard": {"enabled": True, **tree.get("dashboard", {})}}
    with pytest.raises(ConfigError, match=words):
        load_tree(on, {})
    if "dashboard" not in tree:
        load_tree(tree, {})
