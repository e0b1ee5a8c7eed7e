"""The memory store keeps the contract."""

from __future__ import annotations

import pytest

from cadenza.trading.store.memory import MemoryStore
from support.trading.store_contract import StoreContract


class TestMemoryStore(StoreContract):
    """The contract, on a store that is opened again after it was closed."""

    @pytest.fixture
    def make(self):
        store = MemoryStore()
        return lambda: store
