"""The caller of an operation."""

from __future__ import annotations

from cadenza.gateway.api.operation import granted_accounts


def test_grants_are_channels_of_accounts():
    """Other channels of a token grant nothing here."""
    assert granted_accounts(["tradingAccount:a", "market:x", "tradingAccount"]) == {"a"}
    assert granted_accounts(()) == frozenset()
