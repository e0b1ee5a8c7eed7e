"""What every presence must do: subclass ``PresenceContract`` and give it the fixture ``room``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from msgspec import Raw

from cadenza.protocol.messages import ClientInfo
from cadenza.realtime.eager import settle
from cadenza.realtime.presence import Presence, PresenceStats

TTL = 60.0


class PresenceRoom(NamedTuple):
    """A presence whose entries live for ``TTL`` seconds, and how to let time pass."""

    presence: Presence
    advance: Callable[[float], Awaitable[None]]

    async def add(self, client: str, user: str = "ann", channel: str = "c", info: str = "") -> None:
        shown = ClientInfo(user=user, client=client, chan_info=Raw(info.encode()))
        await settle(self.presence.add(channel, shown))

    async def remove(self, client: str, channel: str = "c") -> None:
        await settle(self.presence.remove(channel, client))

    async def read(self, channel: str = "c") -> dict[str, ClientInfo]:
        return await settle(self.presence.read(channel))

    async def stats(self, channel: str = "c") -> PresenceStats:
        return await settle(self.presence.stats(channel))


class PresenceContract:
    """Tests of the contract in ``cadenza.realtime.presence``."""

    async def test_an_empty_channel_has_nobody(self, room: PresenceRoom):
        assert await room.read() == {}
        assert await room.stats() == PresenceStats(0, 0)

    async def test_clients_are_read_as_they_were_added(self, room: PresenceRoom):
        await room.add("1", "ann", info='{"a":1}')
        await room.add("2", "bob")
        found = await room.read()
        assert {client: info.user for client, info in found.items()} == {"1": "ann", "2": "bob"}
        assert bytes(found["1"].chan_info) == b'{"a":1}'

    async def test_channels_are_apart(self, room: PresenceRoom):
        await room.add("1", channel="c")
        await room.add("2", channel="d")
        assert list(await room.read("d")) == ["2"]

    async def test_stats_count_distinct_users(self, room: PresenceRoom):
        for client, user in (("1", "ann"), ("2", "ann"), ("3", ""), ("4", "")):
            await room.add(client, user)
        assert await room.stats() == PresenceStats(4, 2)

    async def test_adding_again_replaces_the_entry(self, room: PresenceRoom):
        await room.add("1", info="1")
        await room.add("1", info="2")
        assert bytes((await room.read())["1"].chan_info) == b"2"
        assert await room.stats() == PresenceStats(1, 1)

    async def test_removing_is_harmless_when_nobody_is_there(self, room: PresenceRoom):
        await room.remove("1")
        await room.add("1")
        await room.remove("2")
        await room.remove("1")
        await room.remove("1")
        assert await room.read() == {}

    async def test_entries_expire_unless_they_are_renewed(self, room: PresenceRoom):
        await room.add("1", "ann")
        await room.add("2", "bob")
        await room.advance(TTL * 0.6)
        await room.add("1", "ann")
        await room.advance(TTL * 0.6)
        assert list(await room.read()) == ["1"]
        assert await room.stats() == PresenceStats(1, 1)
        await room.advance(TTL * 0.6)
        assert await room.read() == {}
        assert await room.stats() == PresenceStats(0, 0)

    async def test_what_was_read_belongs_to_the_caller(self, room: PresenceRoom):
        await room.add("1")
        (await room.read()).clear()
        assert list(await room.read()) == ["1"]
