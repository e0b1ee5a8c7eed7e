"""The workloads of ``run.py``: what is published to whom, and what it may cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

HISTORY: Final = {
    "history_size": 100,
    "history_ttl": "60s",
    "force_recovery": True,
    "presence": True,
    "allow_history_for_subscriber": True,
    "allow_presence_for_subscriber": True,
}
"""What ``history`` adds to the namespace: every publication kept, every subscriber known."""

MARKET: Final = {
    "enabled": True,
    "feed": "simulated",
    "simulated": {"seed": 7, "rate": 100},
    "order_book": {"depth": 20, "update_interval": "10ms"},
}

BOOKS: Final = tuple(f"market:orderBook:BINANCE:{base}/USDT" for base in ("BTC", "ETH", "SOL"))


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One line of the report.

    Attributes:
        name: As ``--workload`` takes it.
        about: What it is like.
        channels: Channels ``bench:0`` and so on; connections are spread over them.
        names: Channels of other names instead.
        rate: Publications a second; 0: as fast as they are taken.
        payload: Bytes of a publication.
        connections: Subscribers, if not as many as ``--connections`` says.
        deaf: Share of the subscribers that never read.
        protobuf: The clients speak Protobuf; the floor's speak JSON.
        namespace: Options added to the namespace ``bench``.
        market: The ``market`` section; the server publishes, not the generator.
        target: What the server may cost a delivery, in floors; ``None``: only for comparison.
    """

    name: str
    about: str
    channels: int = 1
    names: tuple[str, ...] = ()
    rate: float = 0
    payload: int = 200
    connections: int | None = None
    deaf: float = 0
    protobuf: bool = False
    namespace: dict[str, Any] = field(default_factory=dict)
    market: dict[str, Any] | None = None
    target: float | None = None

    def config(self, secret: str) -> dict[str, Any]:
        """The configuration of the server that this workload is run against."""
        bench = {
            "name": "bench",
            "allow_subscribe_for_client": True,
            "allow_publish_for_client": True,
            **self.namespace,
        }
        return {
            "client": {"token": {"hmac_secret_key": secret}},
            "channel": {"namespaces": [bench]},
            "market": self.market or {"enabled": False},
            "trading": {"enabled": False},
            "prometheus": {"enabled": True},
            "log": {"level": "warn"},
        }


WORKLOADS: Final = (
    Workload(name="burst", about="one channel, as fast as accepted", target=0.1),
    Workload(name="paced", about="one channel, 20 publications/s", rate=20, target=1.6),
    Workload(name="channels", about="100 channels, as fast as accepted", channels=100, target=1.7),
    Workload(name="personal", about="1,000 channels of one", channels=1000, target=2.0),
    Workload(
        name="channels-paced",
        about="100 channels, 500 publications/s",
        channels=100,
        rate=500,
        target=2.0,
    ),
    Workload(
        name="history",
        about="channels, with history, recovery, presence",
        channels=100,
        namespace=HISTORY,
    ),
    Workload(name="protobuf", about="channels, in Protobuf", channels=100, protobuf=True),
    Workload(
        name="market", about="three simulated books, 300 events/s", names=BOOKS, market=MARKET
    ),
    Workload(
        name="slow",
        about="4 KiB at 400/s; 10 of 100 clients never read",
        connections=100,
        deaf=0.1,
        payload=4096,
        rate=400,
    ),
)
"""The first five are those with a target; the others show what a feature or a fault costs."""
