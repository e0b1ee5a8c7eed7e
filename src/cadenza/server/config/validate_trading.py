"""What must hold in the ``trading`` section beyond the types of its options."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from cadenza.config.config import Config
from cadenza.config.problems import Report
from cadenza.server.config.trading import PaperConfig
from cadenza.server.config.validate_history import check_history

_FRACTION: Final = re.compile(r"-?0(\.[0-9]{1,6})?", re.ASCII)
_AMOUNT: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,10})?", re.ASCII)
_ASSET: Final = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,39}", re.ASCII)


def check_trading(config: Config, report: Report) -> None:
    """Fees and deposits are decimals; a database needs a folder."""
    trading = config.trading
    check_history("trading", trading.history_size, trading.history_ttl, report)
    if trading.store.type == "sqlite" and not trading.store.path:
        report.error("trading.store.path", 'is needed when trading.store.type is "sqlite"')
    if trading.store.type == "memory" and trading.store.path:
        report.error("trading.store.path", 'means nothing when trading.store.type is "memory"')
    if not _ASSET.fullmatch(trading.currency):
        report.error("trading.currency", "must be the name of an asset, such as USDT")
    _check_paper(trading.paper, report)


def _check_paper(paper: PaperConfig, report: Report) -> None:
    for name in ("maker_fee", "taker_fee", "market_protection", "quote_spread"):
        text = getattr(paper, name)
        if not _FRACTION.fullmatch(text):
            report.error(
                f"trading.paper.{name}",
                f'must be a part of one with at most six decimals, such as "0.0005", not "{text}"',
            )
        elif name != "maker_fee" and text.startswith("-"):
            report.error(f"trading.paper.{name}", "must not be negative")
    assets = Counter(deposit.asset for deposit in paper.deposit)
    for index, deposit in enumerate(paper.deposit):
        path = f"trading.paper.deposit[{index}]"
        if not _ASSET.fullmatch(deposit.asset):
            report.error(f"{path}.asset", "must be the name of an asset, such as USDT")
        elif assets[deposit.asset] > 1:
            report.error(f"{path}.asset", f"{deposit.asset} is there twice")
        if not _AMOUNT.fullmatch(deposit.quantity) or not deposit.quantity.strip("0."):
            report.error(
                f"{path}.quantity",
                "must be a positive decimal below a billion with at most ten decimals",
            )
