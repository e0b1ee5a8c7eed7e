"""The timer of a paced market: publishes what has changed, once an interval."""

from __future__ import annotations

from cadenza.market.clock import Clock
from cadenza.market.market import Market


async def publish_every(market: Market, clock: Clock, interval_ms: int) -> None:
    """Call `Market.publish_pending` every ``interval_ms`` until cancelled.

    The beat is kept to the clock and not to the end of the work before; beats that were missed
    because the loop was busy are left out, as the next publication holds all changes anyway.
    """
    interval = interval_ms / 1000
    due = clock.monotonic() + interval
    while True:
        await clock.sleep(due - clock.monotonic())
        market.publish_pending()
        now = clock.monotonic()
        due += interval * max(1, 1 + int((now - due) / interval))
