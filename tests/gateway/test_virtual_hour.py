"""An hour of a whole gateway: it takes seconds on a virtual clock, and is one hour from one seed.

Nothing is patched and nothing is left out but sockets: the simulated feed and the participants of
the paper venue trade, candles close, tickers change, an order expires, histories are forgotten and
clients are pinged, while time passes only as somebody waits for it.
"""

from __future__ import annotations

import random
from types import MappingProxyType

import jwt
import msgspec

from cadenza.clock import VirtualClock
from cadenza.config import load_tree
from cadenza.gateway.gateway import Gateway
from cadenza.protocol import codes
from cadenza.server.wires import ASGI_JSON

HOUR = 3600
KEY = "unit-test-hmac-key-0123456789abcdef"
SHOWN, TRADED = "BINANCE:BTC/USDT", "PAPER:BTC/USDT"
START_MS = 1_699_999_980_000
"""2023-11-14T22:13:00Z: a full minute."""
SECTIONS = {
    "client": {"token": {"hmac_secret_key": KEY}},
    "market": {
        "simulated": {"instruments": [SHOWN, TRADED], "rate": 0.5, "levels": 10},
        "order_book": {"update_interval": "1s"},
    },
}
MINUTES, FIVE_MINUTES = f"market:kline:{SHOWN}:1m", f"market:kline:{TRADED}:5m"
CHANNELS = (
    f"market:orderBook:{SHOWN}",
    f"market:orderBook:{TRADED}",
    f"market:trade:{SHOWN}",
    f"market:trade:{TRADED}",
    "market:ticker:PAPER",
    MINUTES,
    FIVE_MINUTES,
)


class Subscriber:
    """A connection that keeps what it is sent, and answers pings.

    Attributes:
        lines: Every message, as it came, in order.
    """

    name = "websocket"
    wire = ASGI_JSON
    emulated = False
    frame_ping = False
    headers = MappingProxyType({})

    def __init__(self, gateway):
        self.lines = []
        self.ended = None
        self._clock = gateway.clock
        self._connection = gateway.node.connect(self)
        self._id = 0

    def write(self, data):
        lines = data.removesuffix(b"\n").split(b"\n")
        self.lines += lines
        if b"{}" in lines:
            self._clock.call_soon(lambda: self._connection.receive(b"{}"))

    def close(self, disconnect):
        self.ended = disconnect.code

    abort = pause_reading = resume_reading = lambda self: None

    async def ask(self, name, **request):
        """Send a command, and let time pass until there is a reply."""
        self._id += 1
        self._connection.receive(msgspec.json.encode({"id": self._id, name: request}))
        while True:
            await self._clock.sleep(0.001)
            for message in self.messages():
                if message.get("id") == self._id:
                    assert "error" not in message, message
                    return message[name]

    async def call(self, method, **params):
        """The data of an RPC call."""
        answer = await self.ask("rpc", method=method, data=params)
        assert "error" not in answer["data"], answer
        return answer["data"]["data"]

    def messages(self):
        """Everything that came, read."""
        return [msgspec.json.decode(line) for line in self.lines]

    def pushed(self, channel):
        """Payloads of a channel, in order."""
        pushes = [message["push"] for message in self.messages() if "push" in message]
        return [it["pub"]["data"] for it in pushes if it["channel"] == channel and "pub" in it]


async def lived(seed, seconds):
    """A subscriber of so much time, at its end, and the id of its account."""
    clock = VirtualClock(START_MS)
    gateway = Gateway(load_tree(SECTIONS, {}, {})[0], clock=clock, chance=random.Random(seed))
    async with gateway.running():
        ann = Subscriber(gateway)
        await ann.ask("connect", token=jwt.encode({"sub": "ann"}, KEY, algorithm="HS256"))
        (account, *_) = await ann.call("query.trading_account.list")
        account_id = account["tradingAccountId"]
        for channel in (*CHANNELS, f"tradingAccount:{account_id}"):
            await ann.ask("subscribe", channel=channel)
        order = {
            "instrumentId": TRADED,
            "orderSide": "BUY",
            "orderType": "LIMIT",
            "limitPrice": "1000.00",
            "quantity": "0.01",
            "timeInForce": "GTD",
            "expireAt": "2023-11-14T22:43:00Z",
        }
        await ann.call("command.trade_order.submit", tradingAccountId=account_id, tradeOrder=order)
        await clock.sleep(seconds - clock.monotonic())
        assert clock.time_ms() == START_MS + seconds * 1000
        assert gateway.failures == {}
        assert ann.ended is None
    return ann, account_id


async def test_an_hour_of_everything_twice_the_same():
    """Every part has done its work, and the same seed gives the same bytes."""
    ann, account_id = await lived(7, HOUR)
    again, _ = await lived(7, HOUR)
    assert again.lines == ann.lines
    assert ann.ended == codes.SHUTDOWN.code
    assert ann.lines.count(b"{}") >= HOUR // 25 - 1  # pings
    assert all(len(ann.pushed(channel)) > 10 for channel in CHANNELS)
    for channel, candles in ((MINUTES, 60), (FIVE_MINUTES, 12)):
        closed = [it for it in ann.pushed(channel) if it["isClosed"]]
        assert len(closed) in {candles - 1, candles}
    orders = [it["data"] for it in ann.pushed(f"tradingAccount:{account_id}")]
    assert any("EXPIRED" in str(it) for it in orders)


async def test_another_seed_is_another_time():
    """There is no other source of chance than the one that is given."""
    one, _ = await lived(7, 60)
    other, _ = await lived(8, 60)
    assert one.lines != other.lines
