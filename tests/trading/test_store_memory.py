"""The memory store keeps the contract."""

from __future__ import annotations

import pytest
from store_contract import StoreContract

from cadenza.trading.store_memory import MemoryStore


class TestMemoryStore(StoreContract):
    """The contract, on a store that is opened again after it was closed."""

    @pytest.fixture
    def make(self):
        store = MemoryStore()
        return lambda: store
