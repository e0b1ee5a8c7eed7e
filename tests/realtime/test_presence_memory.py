"""The presence contract on the memory presence, bare and at the far end of a slow line."""

from __future__ import annotations

import asyncio

import pytest

from cadenza.protocol.messages import ClientInfo
from cadenza.realtime import VirtualClock
from cadenza.realtime.presence_memory import MemoryPresence
from support.realtime.presence_contract import TTL, PresenceContract, PresenceRoom
from support.realtime.slow_services import AsyncPresence


def make_room(presence_type: type) -> PresenceRoom:
    clock = VirtualClock()

    async def advance(seconds: float) -> None:
        clock.advance(seconds)
        await asyncio.sleep(0)

    return PresenceRoom(presence_type(clock, TTL), advance)


class TestMemoryPresence(PresenceContract):
    @pytest.fixture
    def room(self) -> PresenceRoom:
        return make_room(MemoryPresence)


class TestAsyncPresence(PresenceContract):
    @pytest.fixture
    def room(self) -> PresenceRoom:
        return make_room(AsyncPresence)


def test_without_ttl_entries_live_until_they_are_removed():
    clock = VirtualClock()
    presence = MemoryPresence(clock)
    presence.add("c", ClientInfo(user="ann", client="1"))
    clock.advance(1_000_000)
    assert list(presence.read("c")) == ["1"]
    presence.remove("c", "1")
    assert presence._channels == {}
