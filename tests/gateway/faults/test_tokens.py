"""What the verifier around the gateway's own makes of tokens."""

from __future__ import annotations

import random

import pytest

from cadenza.config import FaultsConfig
from cadenza.gateway.faults import lookups
from cadenza.gateway.faults.connections import ConnectionFaults
from cadenza.gateway.faults.lookups import EarlyExpiry
from cadenza.gateway.faults.specs import Expire, Target
from cadenza.gateway.faults.table import FaultTable
from cadenza.realtime import (
    ConnectClaims,
    Node,
    SubscribeClaims,
    TokenExpired,
    TokenInvalid,
    VirtualClock,
)


class Inner:
    """A token is a user's name, perhaps with the moment at which it expires."""

    def connect(self, token, now):
        user, _, expire_at = token.partition("@")
        if not user:
            raise TokenInvalid("nobody")
        return ConnectClaims(user=user, expire_at=int(expire_at or 0))

    def subscribe(self, token, now):
        return SubscribeClaims(user=token)


class Fetching(Inner):
    """Has to wait for its keys."""

    def connect(self, token, now):
        claims = super().connect

        async def later():
            return claims(token, now)

        return later()


@pytest.fixture
def clock():
    return VirtualClock(start_ms=1_000_250)


@pytest.fixture
def table(clock):
    table = FaultTable(FaultsConfig(enabled=True), clock, random.Random(1))
    ConnectionFaults(table, Node(clock=clock))
    return table


def test_without_faults_claims_are_what_they_were(table, clock):
    """And a refusal stays a refusal."""
    verifier = EarlyExpiry(Inner(), table)
    assert verifier.connect("ann@2000", clock.time()) == ConnectClaims(user="ann", expire_at=2000)
    assert verifier.subscribe("ann", clock.time()) == SubscribeClaims(user="ann")
    with pytest.raises(TokenInvalid):
        verifier.connect("", clock.time())


@pytest.mark.parametrize(
    ("token", "expire_at", "hits"),
    [("ann", 1006, 1), ("ann@2000", 1006, 1), ("ann@1006", 1006, 0), ("ann@1003", 1003, 0)],
)
def test_a_lifetime_is_shortened_and_never_prolonged(table, clock, token, expire_at, hits):
    """Whole seconds, rounded up; a hit is counted where something changed."""
    table.set(Expire(ms=5000))
    claims = EarlyExpiry(Inner(), table).connect(token, clock.time())
    assert claims == ConnectClaims(user="ann", expire_at=expire_at)
    assert table.counts["expire"] == hits


def test_tokens_used_before_the_fault_have_expired(table, clock):
    """Others, and other users' tokens, are as good as ever; afterwards so are these."""
    verifier = EarlyExpiry(Inner(), table)
    for token in ("ann@2000", "bob@2000"):
        verifier.connect(token, clock.time())
    table.set(Expire(target=Target(user="ann")))
    clock.advance(1)
    with pytest.raises(TokenExpired, match="fault-1 has expired it"):
        verifier.connect("ann@2000", clock.time())
    for _ in range(2):
        assert verifier.connect("ann@2001", clock.time()).expire_at == 2001
    assert verifier.connect("bob@2000", clock.time()).expire_at == 2000
    table.clear()
    assert verifier.connect("ann@2000", clock.time()).expire_at == 2000


async def test_a_verifier_that_waits_is_waited_for(table, clock):
    """The same, once the keys are there."""
    verifier = EarlyExpiry(Fetching(), table)
    assert (await verifier.connect("ann", clock.time())).expire_at == 0
    table.set(Expire())
    with pytest.raises(TokenExpired):
        await verifier.connect("ann", clock.time())


def test_no_more_tokens_are_remembered_than_so_many(table, clock, monkeypatch):
    """The oldest is forgotten first, and counts as new."""
    monkeypatch.setattr(lookups, "SEEN_KEPT", 2)
    verifier = EarlyExpiry(Inner(), table)
    for token in ("one", "two", "three"):
        verifier.connect(token, clock.time())
    assert len(verifier._first_used) == 2
    table.set(Expire())
    clock.advance(1)
    assert verifier.connect("one", clock.time()).user == "one"
    with pytest.raises(TokenExpired):
        verifier.connect("three", clock.time())
