"""What subscribers of kline channels get: the candle that forms, and every close once."""

from __future__ import annotations

import json
import random

import pytest

from cadenza.models import KlineInterval

BTC = "BINANCE:BTC/USDT"
SECONDS, MINUTES = f"market:kline:{BTC}:1s", f"market:kline:{BTC}:1m"
TICKER, VENUE = f"market:ticker:{BTC}", "market:ticker:BINANCE"
START = 1_699_999_980_000
KEY = "unit-test-hmac-key-0123456789abcdef"


def candles(publications):
    """Open time, close and volume of each publication's only candle, and whether it is over."""
    found = []
    for publication in publications:
        data = publication["data"]
        ((at, _, _, _, close, volume),) = data["candles"]
        found.append((at - START, close, volume, data["isClosed"]))
    return found


async def test_the_forming_candle_comes_first(desk, client_of):
    """A state without an offset; before the first trade there is none."""
    early = client_of(desk.gateway)
    early.ask("subscribe", channel=MINUTES)
    assert early.pushed(MINUTES) == []
    desk.trade("101.00")
    client = client_of(desk.gateway)
    client.ask("subscribe", channel=MINUTES)
    (first,) = client.pushed(MINUTES)
    assert "offset" not in first
    assert first["data"] == {
        "instrumentId": BTC,
        "venue": "BINANCE",
        "symbol": "BTC/USDT",
        "interval": "1m",
        "candles": [[START, "101.00", "101.00", "101.00", "101.00", "1.000"]],
        "isClosed": False,
        "timestamp": START,
    }


async def test_a_candle_is_closed_by_the_clock_alone(desk, client_of):
    """Once, after a grace, kept for recovery; flat ones follow without a hole."""
    desk.trade()
    client = client_of(desk.gateway)
    client.ask("subscribe", channel=SECONDS)
    desk.beat(1000)
    assert candles(client.pushed(SECONDS)) == [(0, "100.00", "1.000", False)] * 2
    desk.beat(200)
    assert len(client.pushed(SECONDS)) == 2
    desk.beat(50)
    closed = client.pushed(SECONDS)[2]
    assert candles([closed]) == [(0, "100.00", "1.000", True)]
    assert closed["offset"] == 1
    desk.pass_seconds(3)
    over = [found for found in client.pushed(SECONDS) if found["data"]["isClosed"]]
    assert candles(over)[1:] == [(at * 1000, "100.00", "0.000", True) for at in (1, 2, 3)]
    assert [found["offset"] for found in over] == [1, 2, 3, 4]


async def test_a_later_trade_closes_a_candle_at_once(desk, client_of):
    """Without waiting for the timer, and before anything of the next candle."""
    desk.trade()
    client = client_of(desk.gateway)
    client.ask("subscribe", channel=SECONDS)
    desk.trade("105.00", START + 1000)
    desk.beat()
    assert candles(client.pushed(SECONDS))[1:] == [
        (0, "100.00", "1.000", True),
        (1000, "105.00", "1.000", False),
    ]


async def test_a_forming_candle_is_published_once_an_interval(desk, client_of):
    """At most once a second, only when it has changed, and in no history."""
    desk.trade()
    client = client_of(desk.gateway)
    client.ask("subscribe", channel=MINUTES)
    for _ in range(20):
        desk.beat(100)
        desk.trade()
    forming = client.pushed(MINUTES)[1:]
    assert [volume for _, _, volume, _ in candles(forming)] == ["1.000", "11.000"]
    assert all("offset" not in found for found in forming)
    for _ in range(20):
        desk.beat(100)
    assert len(client.pushed(MINUTES)) == 4


async def test_each_trade_may_be_published(desk_of, client_of):
    """An update interval of 0: as trades come, without a timer."""
    desk = await desk_of(market={"kline": {"update_interval": "0s"}})
    client = client_of(desk.gateway)
    client.ask("subscribe", channel=MINUTES)
    for price in ("100.00", "101.00", "101.00"):
        desk.trade(price)
    assert [close for _, close, _, _ in candles(client.pushed(MINUTES))] == [
        "100.00",
        "101.00",
        "101.00",
    ]


async def test_nothing_is_published_to_nobody(desk, client_of, monkeypatch):
    """Neither before the first subscriber nor after the last."""
    published = []
    publish = desk.gateway.node.publish_to
    monkeypatch.setattr(
        desk.gateway.node,
        "publish_to",
        lambda channel, *data, **how: published.append(channel) or publish(channel, *data, **how),
    )
    desk.trade()
    desk.pass_seconds(2)
    client = client_of(desk.gateway)
    for channel in (SECONDS, TICKER, VENUE):
        client.ask("subscribe", channel=channel)
    desk.pass_seconds(2)
    assert {SECONDS, VENUE} < set(published)
    client.connection.lost()
    desk.beat()
    published.clear()
    for _ in range(3):
        desk.trade()
        desk.pass_seconds(1)
    assert set(published) == {f"market:trade:{BTC}"}


async def test_recovery_covers_a_time_without_subscribers(desk, client_of):
    """What was closed while nobody listened is there for the one who comes back."""
    desk.trade()
    client = client_of(desk.gateway)
    reply = client.ask("subscribe", channel=SECONDS)["subscribe"]
    client.connection.lost()
    desk.beat()
    for price in ("101.00", "102.00"):
        desk.pass_seconds(3)
        desk.trade(price)
    back = client_of(desk.gateway)
    since = {"offset": reply.get("offset", 0), "epoch": reply["epoch"], "recover": True}
    reply = back.ask("subscribe", channel=SECONDS, **since)["subscribe"]
    assert reply["recovered"]
    assert [(at, is_closed) for at, *_, is_closed in candles(reply["publications"])] == [
        (at * 1000, True) for at in range(6)
    ]
    desk.pass_seconds(2)
    over = [found for found in back.pushed(SECONDS) if found["data"]["isClosed"]]
    assert candles(over) == [(6000, "102.00", "1.000", True)]
    assert over[0]["offset"] == 7


async def test_who_missed_too_much_is_told(desk_of, client_of):
    """More closed candles than the history holds: no recovery, the forming candle instead."""
    desk = await desk_of(market={"kline": {"history_size": 3}})
    desk.trade()
    client = client_of(desk.gateway)
    reply = client.ask("subscribe", channel=SECONDS)["subscribe"]
    client.connection.lost()
    desk.beat()
    desk.clock.now_ms += 5_000
    back = client_of(desk.gateway)
    since = {"offset": reply.get("offset", 0), "epoch": reply["epoch"], "recover": True}
    assert "recovered" not in back.ask("subscribe", channel=SECONDS, **since)["subscribe"]
    assert candles(back.pushed(SECONDS)) == [(4000, "100.00", "0.000", False)]


async def test_a_slow_reader_misses_no_close(desk, client_of):
    """The forming candle replaces only what was published of it; otherwise one has to recover."""
    desk.trade()
    client = client_of(desk.gateway)
    client.ask("subscribe", channel=SECONDS)
    state = client.connection.subscriptions[SECONDS].snapshot
    desk.trade("107.00")
    assert candles([{"data": json.loads(state())}]) == [(0, "107.00", "2.000", False)]
    desk.trade("108.00", START + 1000)
    assert state() is None


async def test_a_slow_reader_recovers_the_close_it_missed(desk_of, client_of):
    """Its subscription ends with 2500, upon which clients recover, instead of a silent hole."""
    queue = {"queue_max_size": 8_000, "token": {"hmac_secret_key": KEY}}
    desk = await desk_of(client=queue, market={"kline": {"update_interval": "0s"}})
    desk.trade()
    client = client_of(desk.gateway)
    reply = client.ask("subscribe", channel=SECONDS)["subscribe"]
    client.connection.pause_writing()
    for number in range(60):
        desk.trade(f"1{number:02}.00")
    desk.trade("200.00", START + 1000)
    assert client.ended is None
    client.connection.resume_writing()
    desk.gateway.node.outbox.flush()
    assert client.messages[-1] == {
        "push": {"channel": SECONDS, "unsubscribe": {"code": 2500, "reason": "insufficient state"}}
    }
    assert not any(found["data"]["isClosed"] for found in client.pushed(SECONDS))
    since = {"offset": reply.get("offset", 0), "epoch": reply["epoch"], "recover": True}
    again = client.ask("subscribe", channel=SECONDS, **since)["subscribe"]
    assert candles(again["publications"]) == [(0, "159.00", "61.000", True)]


async def test_recorded_time_closes_recorded_candles(desk_of, client_of):
    """The clock of the machine does not matter to a replay, and a new round begins anew."""
    desk = await desk_of(market={"feed": "replay", "replay": {"path": "x"}})
    desk.trade(time_ms=START)
    client = client_of(desk.gateway)
    client.ask("subscribe", channel=SECONDS)
    desk.pass_seconds(100)
    assert len(client.pushed(SECONDS)) == 2
    desk.trade(time_ms=START + 3_600_000)
    over = [found for found in candles(client.pushed(SECONDS)) if found[3]]
    assert [found[0] for found in over] == list(range(3_600_000 - 999_000, 3_600_000, 1000))
    desk.trade("50.00", START)
    desk.trade("51.00", START + 2000)
    over = [found for found in candles(client.pushed(SECONDS)) if found[3]]
    assert over[-2:] == [(0, "50.00", "1.000", True), (1000, "50.00", "0.000", True)]


@pytest.mark.parametrize("seed", range(4))
async def test_every_candle_is_closed_once_and_in_order(desk, client_of, seed):
    """Random trades, silences and beats: what was heard equals what can be asked for."""
    chance = random.Random(seed)
    client = client_of(desk.gateway)
    intervals = [KlineInterval(name) for name in ("1s", "1m", "3m", "5m")]
    for interval in intervals:
        client.ask("subscribe", channel=f"market:kline:{BTC}:{interval}")
    for _ in range(300):
        desk.clock.now_ms += chance.choice((0, 3, 90, 700, 4_000, 50_000 * (chance.random() < 0.2)))
        if chance.random() < 0.6:
            late = chance.choice((0, 0, 40, 600))
            desk.trade(f"{chance.randrange(90, 110)}.00", desk.clock.now_ms - late)
        if chance.random() < 0.6:
            desk.beat()
    desk.beat()
    for interval in intervals:
        pushed = client.pushed(f"market:kline:{BTC}:{interval}")
        over = [found["data"] for found in pushed if found["data"]["isClosed"]]
        known = desk.gateway.summaries.klines.kline(BTC, interval, limit=1000).candles[:-1]
        heard = [tuple(data["candles"][0]) for data in over]
        assert heard[-len(known) :] == list(known)
        opens = [row[0] for row in heard]
        assert opens == sorted(set(opens))
