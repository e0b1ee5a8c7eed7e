"""What every broker must do: subclass ``BrokerContract`` and give it the fixture ``line``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest
from msgspec import Raw

from cadenza.protocol.messages import ClientInfo, Publication
from cadenza.realtime.broker import IDEMPOTENCY_TTL, Broker, Delivery, PublishOptions, PublishResult
from cadenza.realtime.eager import settle
from cadenza.realtime.stream import HistoryFilter, Page, StreamPosition

META_TTL = 100.0
ALL = HistoryFilter(-1)


class Recorder:
    """A node's part: writes down what is delivered."""

    def __init__(self) -> None:
        self.deliveries: list[tuple[str, Delivery]] = []
        self.joins: list[tuple[str, str]] = []
        self.leaves: list[tuple[str, str]] = []

    def on_publication(self, channel: str, delivery: Delivery) -> None:
        self.deliveries.append((channel, delivery))

    def on_join(self, channel: str, info: ClientInfo) -> None:
        self.joins.append((channel, info.client))

    def on_leave(self, channel: str, info: ClientInfo) -> None:
        self.leaves.append((channel, info.client))

    def data(self, channel: str = "c") -> list[bytes]:
        return [bytes(one.publication.data) for name, one in self.deliveries if name == channel]


class BrokerLine(NamedTuple):
    """A started broker, what it delivered, and how to let time pass."""

    broker: Broker
    node: Recorder
    advance: Callable[[float], Awaitable[None]]

    async def publish(self, data: bytes, channel: str = "c", **how: Any) -> PublishResult:
        options = PublishOptions(
            **{"history_size": 5, "history_ttl": 10.0, "history_meta_ttl": META_TTL, **how}
        )
        publication = Publication(data=Raw(data))
        result = await settle(self.broker.publish(channel, publication, options))
        await self.advance(0)
        return result

    async def subscribe(self, channel: str = "c") -> None:
        await settle(self.broker.subscribe(channel))

    async def history(self, wanted: HistoryFilter = ALL, channel: str = "c") -> Page:
        return await settle(self.broker.history(channel, wanted, META_TTL))

    async def stored(self, wanted: HistoryFilter = ALL) -> list[bytes]:
        return [bytes(found.data) for found in (await self.history(wanted)).publications]


class BrokerContract:
    """Tests of the contract in ``cadenza.realtime.broker``."""

    async def test_offsets_count_from_one_under_one_epoch(self, line: BrokerLine):
        results = [await line.publish(b"%d" % number) for number in range(3)]
        epochs = {result.position.epoch for result in results}
        assert [result.position.offset for result in results] == [1, 2, 3]
        assert len(epochs) == 1
        assert epochs != {""}

    async def test_only_subscribed_channels_are_delivered_in_order(self, line: BrokerLine):
        await line.publish(b"0")
        await line.subscribe()
        for number in (b"1", b"2", b"3"):
            await line.publish(number)
            await line.publish(number, channel="other")
        assert line.node.data() == [b"1", b"2", b"3"]
        assert line.node.data("other") == []
        offsets = [delivery.publication.offset for _, delivery in line.node.deliveries]
        assert offsets == [2, 3, 4]

    async def test_nothing_is_delivered_after_unsubscribe(self, line: BrokerLine):
        await line.subscribe()
        await settle(line.broker.unsubscribe("c"))
        await line.publish(b"1")
        assert line.node.data() == []

    async def test_subscribing_twice_delivers_once(self, line: BrokerLine):
        await line.subscribe()
        await line.subscribe()
        await line.publish(b"1")
        assert line.node.data() == [b"1"]

    async def test_a_delivery_carries_the_position_that_was_returned(self, line: BrokerLine):
        await line.subscribe()
        result = await line.publish(b"1")
        ((_, delivery),) = line.node.deliveries
        assert StreamPosition(delivery.publication.offset, delivery.epoch) == result.position

    @pytest.mark.parametrize("how", [{"history_size": 0}, {"history_ttl": 0.0}])
    async def test_without_history_there_is_no_offset(self, line: BrokerLine, how: dict[str, Any]):
        await line.subscribe()
        result = await line.publish(b"1", **how)
        assert result.position == StreamPosition(0, "")
        ((_, delivery),) = line.node.deliveries
        assert (delivery.publication.offset, delivery.epoch) == (0, "")
        assert await line.stored() == []

    async def test_the_newest_publications_are_kept(self, line: BrokerLine):
        for number in range(7):
            await line.publish(b"%d" % number)
        assert await line.stored() == [b"2", b"3", b"4", b"5", b"6"]

    async def test_history_answers_the_filter(self, line: BrokerLine):
        for number in range(1, 6):
            await line.publish(b"%d" % number)
        top = (await line.history(HistoryFilter(0))).top
        assert top.offset == 5
        assert await line.stored(HistoryFilter(0)) == []
        assert await line.stored(HistoryFilter(2)) == [b"1", b"2"]
        assert await line.stored(HistoryFilter(2, reverse=True)) == [b"5", b"4"]
        assert await line.stored(HistoryFilter(2, StreamPosition(2, top.epoch))) == [b"3", b"4"]
        assert await line.stored(HistoryFilter(-1, StreamPosition(3, ""), reverse=True)) == [
            b"2",
            b"1",
        ]
        assert await line.stored(HistoryFilter(-1, StreamPosition(9, top.epoch))) == []

    async def test_reading_makes_the_epoch_that_stays(self, line: BrokerLine):
        top = (await line.history()).top
        assert top.offset == 0
        assert top.epoch != ""
        assert (await line.publish(b"1")).position == StreamPosition(1, top.epoch)

    async def test_publications_expire_and_the_position_stays(self, line: BrokerLine):
        first = await line.publish(b"1")
        await line.advance(6)
        await line.publish(b"2")
        await line.advance(6)
        assert await line.stored() == [b"1", b"2"]
        await line.advance(6)
        page = await line.history()
        assert page == Page([], StreamPosition(2, first.position.epoch))
        assert (await line.publish(b"3")).position == StreamPosition(3, first.position.epoch)
        assert await line.stored() == [b"3"]

    async def test_a_stream_begins_anew_when_its_meta_data_expired(self, line: BrokerLine):
        first = await line.publish(b"1")
        await line.advance(META_TTL + 1)
        again = await line.publish(b"2")
        assert again.position.offset == 1
        assert again.position.epoch != first.position.epoch
        assert await line.stored() == [b"2"]

    async def test_reading_renews_the_meta_data(self, line: BrokerLine):
        first = await line.publish(b"1")
        for _ in range(3):
            await line.advance(META_TTL * 0.6)
            assert (await line.history()).top == first.position

    async def test_removed_history_leaves_the_position(self, line: BrokerLine):
        first = await line.publish(b"1")
        await settle(line.broker.remove_history("c"))
        await settle(line.broker.remove_history("never published to"))
        assert await line.history() == Page([], first.position)

    async def test_a_repeated_idempotency_key_publishes_nothing(self, line: BrokerLine):
        await line.subscribe()
        first = await line.publish(b"1", idempotency_key="k")
        await line.publish(b"2")
        again = await line.publish(b"3", idempotency_key="k")
        assert again.position == first.position
        assert line.node.data() == [b"1", b"2"]
        assert await line.stored() == [b"1", b"2"]

    async def test_an_idempotency_key_belongs_to_its_channel(self, line: BrokerLine):
        await line.publish(b"1", idempotency_key="k")
        result = await line.publish(b"1", channel="other", idempotency_key="k")
        assert result.position.offset == 1

    async def test_an_idempotency_key_works_without_history(self, line: BrokerLine):
        await line.subscribe()
        await line.publish(b"1", idempotency_key="k", history_size=0)
        result = await line.publish(b"2", idempotency_key="k", history_size=0)
        assert result.position == StreamPosition(0, "")
        assert line.node.data() == [b"1"]

    async def test_an_idempotency_key_is_forgotten_in_time(self, line: BrokerLine):
        await line.publish(b"1", idempotency_key="k", history_meta_ttl=1000.0)
        await line.advance(IDEMPOTENCY_TTL - 1)
        again = await line.publish(b"2", idempotency_key="k", history_meta_ttl=1000.0)
        assert again.position.offset == 1
        await line.advance(2)
        anew = await line.publish(b"3", idempotency_key="k", history_meta_ttl=1000.0)
        assert anew.position.offset == 2

    async def test_versions_that_are_not_newer_are_skipped(self, line: BrokerLine):
        await line.subscribe()
        await line.publish(b"1", version=5)
        for version in (4, 5):
            skipped = await line.publish(b"2", version=version)
            assert skipped.suppressed
            assert skipped.position.offset == 1
        assert not (await line.publish(b"3", version=6)).suppressed
        assert line.node.data() == [b"1", b"3"]

    async def test_versions_of_another_epoch_are_not_compared(self, line: BrokerLine):
        await line.publish(b"1", version=5, version_epoch="a")
        assert (await line.publish(b"2", version=5, version_epoch="a")).suppressed
        assert (await line.publish(b"2", version=5)).suppressed
        assert not (await line.publish(b"3", version=1, version_epoch="b")).suppressed

    async def test_a_publication_without_version_resets_it(self, line: BrokerLine):
        await line.publish(b"1", version=5)
        await line.publish(b"2")
        assert not (await line.publish(b"3", version=1)).suppressed

    async def test_a_delta_comes_with_the_publication_before_it(self, line: BrokerLine):
        await line.subscribe()
        for data in (b"1", b"2"):
            await line.publish(data, delta=True)
        await line.publish(b"skipped", history_size=0)
        await line.publish(b"3", delta=True)
        await line.publish(b"4")
        previous = [delivery.previous for _, delivery in line.node.deliveries]
        assert previous == [None, b"1", None, b"2", None]
        assert [delivery.delta for _, delivery in line.node.deliveries][:2] == [True, True]

    async def test_no_delta_to_what_expired(self, line: BrokerLine):
        await line.subscribe()
        await line.publish(b"1", delta=True)
        await line.advance(11)
        await line.publish(b"2", delta=True)
        assert [delivery.previous for _, delivery in line.node.deliveries] == [None, None]

    async def test_joins_and_leaves_go_to_subscribed_channels(self, line: BrokerLine):
        await line.subscribe()
        for channel in ("c", "other"):
            info = ClientInfo(user="u", client=channel)
            await settle(line.broker.publish_join(channel, info))
            await settle(line.broker.publish_leave(channel, info))
        await line.advance(0)
        assert (line.node.joins, line.node.leaves) == ([("c", "c")], [("c", "c")])

    async def test_closing_twice_is_harmless(self, line: BrokerLine):
        await settle(line.broker.close())
        await settle(line.broker.close())
