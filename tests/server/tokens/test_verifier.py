"""Verifying connection and subscription tokens."""

from __future__ import annotations

from base64 import b64encode

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadenza.config import ClientConfig, Secret, SubscriptionTokenConfig, TokenConfig
from cadenza.realtime.claims import ConnectClaims, Override, SubscribeClaims, SubscriptionGrant
from cadenza.server.tokens import TokenExpired, TokenInvalid, TokenVerifier

KEY = "0123456789abcdef0123456789abcdef-first"
OTHER = "0123456789abcdef0123456789abcdef-other"
NOW = 1_800_000_000.5


def verifier(**token):
    token = {"hmac_secret_key": Secret(KEY)} | token
    return TokenVerifier(ClientConfig(token=TokenConfig(**token)))


def make(claims, key=KEY):
    return jwt.encode(claims, key, "HS256")


def connect(claims, **token):
    return verifier(**token).connect(make(claims), NOW)


def subscribe(claims, **token):
    return verifier(**token).subscribe(make(claims), NOW)


def test_token_of_a_user_is_a_connection_of_that_user():
    """The plainest token: everything else has its empty value."""
    assert connect({"sub": "alice"}) == ConnectClaims(user="alice")


def test_token_without_user_is_anonymous():
    """Absent, null and empty ``sub`` are the same."""
    for claims in ({}, {"sub": ""}):
        assert connect(claims).user == ""
    payload = verifier().connect(raw_token('{"sub":null}'), NOW)
    assert payload.user == ""


def raw_token(payload, header='{"alg":"HS256"}', key=KEY):
    parts = [jwt.utils.base64url_encode(text.encode()) for text in (header, payload)]
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        b".".join(parts), key.encode()
    )
    return b".".join([*parts, jwt.utils.base64url_encode(signature)]).decode()


def test_opaque_claims_keep_their_bytes():
    """``info`` and ``meta`` go on as they were written."""
    token = raw_token('{"info": {"b": 1,  "a":2}, "meta":[1, 2]}')
    claims = verifier().connect(token, NOW)
    assert claims.info == b'{"b": 1,  "a":2}'
    assert claims.meta == b"[1, 2]"


def test_base64_wins_over_json():
    """Any bytes can be sent that way."""
    encoded = b64encode(b"\x00\xff").decode()
    assert connect({"info": {"a": 1}, "b64info": encoded}).info == b"\x00\xff"
    with pytest.raises(TokenInvalid):
        connect({"b64info": "no base64!"})


def test_server_side_subscriptions():
    """``subs`` with options win over ``channels`` without."""
    plain = SubscriptionGrant()
    assert connect({"channels": ["a", "b"]}).subs == {"a": plain, "b": plain}
    data = b64encode(b"raw").decode()
    override = {"presence": {"value": True}, "force_recovery": {"value": False}, "join_leave": {}}
    claims = connect(
        {
            "channels": ["a"],
            "subs": {"x": {"info": {"r": 1}, "b64data": data, "override": override}, "y": {}},
        }
    )
    assert claims.subs == {
        "x": SubscriptionGrant(
            info=b'{"r":1}',
            data=b"raw",
            override=Override(presence=True, force_recovery=False, join_leave=False),
        ),
        "y": plain,
    }


@pytest.mark.parametrize(
    ("times", "expire_at"),
    [
        ({}, 0),
        ({"exp": 1_800_000_100}, 1_800_000_100),
        ({"exp": 1_800_000_100.9}, 1_800_000_100),
        ({"exp": 1_800_000_000.6}, 1_800_000_000),
        ({"exp": "1800000100"}, 1_800_000_100),
        ({"exp": "1.8000001e9"}, 1_800_000_100),
        ({"exp": 1_800_000_100, "expire_at": 0}, 0),
        ({"exp": 1_800_000_100, "expire_at": -5}, 0),
        ({"exp": 1_800_000_100, "expire_at": 1_900_000_000}, 1_900_000_000),
        ({"expire_at": 5}, 5),
        ({"nbf": 1_800_000_000}, 0),
        ({"iat": 1_900_000_000}, 0),
    ],
)
def test_times_that_let_a_token_pass(times, expire_at):
    """``expire_at`` in the past is left to the caller, whose answer is error 110."""
    assert connect({"sub": "a"} | times).expire_at == expire_at
    assert subscribe({"channel": "c"} | times).grant.expire_at == expire_at


@pytest.mark.parametrize(
    "times",
    [
        {"exp": 1_799_999_999},
        {"exp": 1_800_000_000.5},
        {"exp": 0},
        {"exp": "5"},
        {"exp": 5, "expire_at": 1_900_000_000},
        {"nbf": 1_800_000_001},
        {"nbf": 1_800_000_000.6},
    ],
)
def test_too_old_and_too_young_are_expired(times):
    """Both are error 109."""
    for call, claims in ((connect, {"sub": "a"}), (subscribe, {"channel": "c"})):
        with pytest.raises(TokenExpired):
            call(claims | times)


@pytest.mark.parametrize(
    "payload",
    [
        '{"sub":42}',
        '{"sub":["a"]}',
        '{"channel":"open:a"}',
        '{"channel":"open:a","exp":5}',
        '{"exp":"soon"}',
        '{"exp":"inf"}',
        '{"exp":"1_0"}',
        '{"exp":true}',
        '{"exp":1e999}',
        '{"exp":' + "9" * 400 + "}",
        '{"expire_at":1.5}',
        '{"expire_at":"5"}',
        '{"channels":"a"}',
        '{"channels":[1]}',
        '{"subs":{"x":5}}',
        '{"subs":{"x":{"b64info":"?"}}}',
        '{"subs":{"x":{"override":{"presence":true}}}}',
        '{"b64info":5}',
        '{"info":{bad}}',
        '{"aud":5}',
        '{"iss":5}',
        "[]",
        "5",
        "",
        "{",
        '{"a":' * 5000,
    ],
)
def test_claims_of_a_wrong_form_are_invalid(payload):
    """However well they are signed."""
    with pytest.raises(TokenInvalid):
        verifier().connect(raw_token(payload), NOW)


def test_bytes_that_are_no_text_are_invalid():
    """What goes on to clients in a text frame must be UTF-8."""
    token = jwt.api_jws.PyJWS().encode(b'{"info":"\xff"}', KEY, "HS256")
    with pytest.raises(TokenInvalid):
        verifier().connect(token, NOW)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a",
        "a.b",
        "a.b.c",
        "..",
        "a.b.c.d",
        "é.b.c",
        make({"sub": "a"}) + "=",
        make({"sub": "a"}) + ".",
        " " + make({"sub": "a"}),
        make({"sub": "a"}).rpartition(".")[0] + ".",
        make({"sub": "a"}, OTHER),
        jwt.encode({"sub": "a"}, None, "none"),
        raw_token("{}", header='{"alg":"none"}'),
        raw_token("{}", header='{"alg":"hs256"}'),
        raw_token("{}", header='{"alg":5}'),
        raw_token("{}", header="{}"),
        raw_token("{}", header='{"alg":"HS256","crit":["b64"]}'),
        raw_token("{}", header='{"alg":"HS256","x":"' + "y" * 16_384 + '"}'),
        raw_token("{}", header='{"alg":' * 300),
        raw_token('{"x":"' + "y" * 65_536 + '"}'),
    ],
)
def test_token_of_a_wrong_form_or_signature_is_invalid(token):
    """Never accepted, never another exception."""
    with pytest.raises(TokenInvalid):
        verifier().connect(token, NOW)


@given(
    position=st.integers(0, 400),
    character=st.characters(codec="ascii"),
    how=st.sampled_from(["replace", "insert", "delete"]),
)
def test_changed_token_never_verifies(position, character, how):
    """One character replaced, inserted or deleted anywhere."""
    token = make({"sub": "alice", "exp": 1_900_000_000, "info": {"role": "trader"}})
    position %= len(token)
    keep = position if how == "insert" else position + 1
    changed = token[:position] + ("" if how == "delete" else character) + token[keep:]
    if changed == token:
        return
    with pytest.raises(TokenInvalid):
        verifier().connect(changed, NOW)


@given(st.text(max_size=200))
def test_random_text_never_verifies(text):
    """And never ends in another exception."""
    with pytest.raises(TokenInvalid):
        verifier().connect(text, NOW)


def test_without_keys_no_token_is_good():
    """An empty secret is no secret: nobody can sign with it."""
    with pytest.raises(TokenInvalid, match="no key"):
        verifier(hmac_secret_key=Secret("")).connect(raw_token("{}", key=""), NOW)


def test_previous_key_counts_until_its_end():
    """Zero means for ever."""
    keys = {"hmac_previous_secret_key": Secret(OTHER)}
    token = make({"sub": "a"}, OTHER)
    assert verifier(**keys).connect(token, NOW).user == "a"
    until = {"hmac_previous_secret_key_valid_until": int(NOW)}
    assert verifier(**keys, **until).connect(token, NOW - 1).user == "a"
    with pytest.raises(TokenInvalid):
        verifier(**keys, **until).connect(token, NOW + 1)


@pytest.mark.parametrize(
    ("rules", "claims", "good"),
    [
        ({"audience": "me"}, {"aud": "me"}, True),
        ({"audience": "me"}, {"aud": ["x", "me"]}, True),
        ({"audience": "me"}, {"aud": "you"}, False),
        ({"audience": "me"}, {"aud": []}, False),
        ({"audience": "me"}, {}, False),
        ({"issuer": "us"}, {"iss": "us"}, True),
        ({"issuer": "us"}, {"iss": "them"}, False),
        ({"issuer": "us"}, {}, False),
        ({"audience_regex": "^m.$"}, {"aud": ["x", "me"]}, True),
        ({"audience_regex": "^m.$"}, {"aud": "me\n"}, False),
        ({"audience_regex": "^m.$"}, {}, False),
        ({"issuer_regex": "u"}, {"iss": "bus"}, True),
        ({"issuer_regex": "u"}, {"iss": "them"}, False),
        ({"audience": "me", "issuer_regex": "u"}, {"aud": "me", "iss": "them"}, False),
    ],
)
def test_audience_and_issuer(rules, claims, good):
    """Exact or by pattern, for both kinds of tokens; what is not configured is not asked."""
    for call, base in ((connect, {"sub": "a"}), (subscribe, {"channel": "c", "sub": "a"})):
        if good:
            assert call(base | claims, **rules).user == "a"
        else:
            with pytest.raises(TokenInvalid, match=r"audience|issuer"):
                call(base | claims, **rules)


def test_wrong_audience_of_an_expired_token_is_invalid():
    """The order of the checks decides between 3500 and error 109."""
    with pytest.raises(TokenInvalid):
        connect({"aud": "you", "exp": 5}, audience="me")


@pytest.mark.parametrize(
    ("claims", "user"),
    [
        ({"uid": "alice", "sub": "other"}, "alice"),
        ({"uid": 42}, "42"),
        ({"uid": None}, ""),
        ({}, ""),
    ],
)
def test_user_from_another_claim(claims, user):
    """Texts and numbers; the standard claim does not matter then."""
    assert connect(claims, user_id_claim="uid").user == user
    assert subscribe({"channel": "c"} | claims, user_id_claim="uid").user == user


def test_user_claim_that_is_no_name_is_invalid():
    """A list is nobody."""
    with pytest.raises(TokenInvalid):
        connect({"uid": ["a"]}, user_id_claim="uid")


def test_subscription_token():
    """All that it can say."""
    claims = subscribe(
        {
            "sub": "a",
            "channel": "c",
            "client": "id",
            "exp": 1_900_000_000,
            "info": 1,
            "data": {"x": 2},
            "override": {"force_positioning": {"value": True}},
        }
    )
    grant = SubscriptionGrant(
        info=b"1",
        data=b'{"x":2}',
        expire_at=1_900_000_000,
        override=Override(force_positioning=True),
    )
    expected = SubscribeClaims(user="a", channel="c", client="id", grant=grant)
    assert claims == expected


def test_connection_token_is_no_subscription_token():
    """It names no channel."""
    with pytest.raises(TokenInvalid, match="channel"):
        subscribe({"sub": "a"})


def test_subscription_tokens_with_keys_of_their_own():
    """Once enabled, the connection's key does not count for them, nor theirs for connections."""
    own = SubscriptionTokenConfig(enabled=True, hmac_secret_key=Secret(OTHER))
    token = TokenConfig(hmac_secret_key=Secret(KEY))
    split = TokenVerifier(ClientConfig(token=token, subscription_token=own))
    assert split.subscribe(make({"channel": "c"}, OTHER), NOW).channel == "c"
    with pytest.raises(TokenInvalid):
        split.subscribe(make({"channel": "c"}), NOW)
    with pytest.raises(TokenInvalid):
        split.connect(make({"sub": "a"}, OTHER), NOW)
    shared = TokenVerifier(ClientConfig(token=token, subscription_token=SubscriptionTokenConfig()))
    assert shared.subscribe(make({"channel": "c"}), NOW).channel == "c"


def test_skipping_signatures_still_checks_the_claims():
    """For experiments with tokens of another server."""
    token = TokenConfig(audience="me")
    skipping = TokenVerifier(ClientConfig(token=token, insecure_skip_token_signature_verify=True))
    assert skipping.connect(make({"sub": "a", "aud": "me"}, OTHER), NOW).user == "a"
    with pytest.raises(TokenInvalid):
        skipping.connect(make({"sub": "a"}, OTHER), NOW)
    with pytest.raises(TokenExpired):
        skipping.connect(make({"aud": "me", "exp": 5}, OTHER), NOW)


def test_reason_never_holds_the_token_or_a_claim():
    """Reasons are made for logs."""
    for claims in ({"sub": 123456}, {"exp": "tuesday"}, {"aud": "somebody"}, {"b64info": "?!"}):
        with pytest.raises(TokenInvalid) as caught:
            connect(claims, audience="me")
        reason = str(caught.value)
        assert not any(str(value) in reason for value in claims.values())
