"""Rules for a whole configuration: limits of single values, and what must fit together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from cadenza.config.config import Config
from cadenza.config.gateway import PaperConfig
from cadenza.config.names import is_struct
from cadenza.config.report import Report
from cadenza.config.rules_channels import check_channels, check_history
from cadenza.config.rules_tokens import check_tokens

_FRACTION: Final = re.compile(r"-?0(\.[0-9]{1,6})?", re.ASCII)
_AMOUNT: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,10})?", re.ASCII)
_ASSET: Final = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,39}", re.ASCII)


MAX_RATE: Final = 10_000.0
_SIGNED: Final = frozenset({"market.simulated.seed", "faults.seed"})
_AT_LEAST_ONE: Final = frozenset(
    {
        "client.channel_limit",
        "client.queue_max_size",
        "client.history_max_publication_limit",
        "client.recovery_max_publication_limit",
        "market.kline.history",
        "market.simulated.levels",
        "trading.paper.account_limit",
        "trading.paper.open_order_limit",
        "channel.max_length",
        "websocket.message_size_limit",
        "websocket.compression_level",
        "sse.max_request_body_size",
        "http_stream.max_request_body_size",
        "emulation.max_request_body_size",
        "uni_sse.max_request_body_size",
        "uni_http_stream.max_request_body_size",
        "faults.max_active",
    }
)
_ABOVE_ZERO: Final = frozenset(
    {
        "client.presence_update_interval",
        "client.stale_close_delay",
        "faults.default_ttl",
        "faults.max_ttl",
    }
)
_BOUNDARIES: Final = ("private_prefix", "namespace_boundary", "user_boundary", "user_separator")


def validate(config: Config, report: Report) -> None:
    """Check the whole configuration; mistakes go into ``report``."""
    for check in _CHECKS:
        check(config, report)


def _numbers(struct: msgspec.Struct, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        if is_struct(type(value)):
            yield from _numbers(value, f"{prefix}{name}.")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield prefix + name, value
        elif isinstance(value, tuple):
            for index, item in enumerate(value):
                if isinstance(item, msgspec.Struct):
                    yield from _numbers(item, f"{prefix}{name}[{index}].")


def _check_numbers(config: Config, report: Report) -> None:
    for path, value in _numbers(config):
        if value < 0 and path not in _SIGNED:
            report.error(path, "must not be negative")
        elif value < 1 and path in _AT_LEAST_ONE:
            report.error(path, "must be at least 1")
        elif not value and path in _ABOVE_ZERO:
            report.error(path, "must be above zero")


def _check_pings(config: Config, report: Report) -> None:
    interval, timeout = config.client.ping_interval, config.client.pong_timeout
    if 0 < interval <= timeout:
        report.error(
            "client.pong_timeout", f"must be shorter than client.ping_interval, {interval}"
        )


def _check_listening(config: Config, report: Report) -> None:
    server = config.http_server
    for name in ("port", "internal_port"):
        if getattr(server, name) > 65_535:
            report.error(f"http_server.{name}", "must be a port, at most 65535")
    if server.tls.enabled and not (server.tls.cert_pem and server.tls.key_pem):
        report.error("http_server.tls", "needs cert_pem and key_pem when enabled")
    if config.websocket.compression_level > 9:
        report.error("websocket.compression_level", "must be 1 to 9")


def _check_prefixes(config: Config, report: Report) -> None:
    emulation = config.sse.enabled or config.http_stream.enabled
    on = {
        "websocket": not config.websocket.disabled,
        "sse": config.sse.enabled,
        "http_stream": config.http_stream.enabled,
        "emulation": emulation,
        "uni_sse": config.uni_sse.enabled,
        "uni_http_stream": config.uni_http_stream.enabled,
        "http_api": not config.http_api.disabled,
        "health": config.health.enabled,
        "prometheus": config.prometheus.enabled,
        "dashboard": config.dashboard.enabled,
    }
    taken: dict[str, str] = {}
    for section, enabled in on.items():
        prefix = getattr(config, section).handler_prefix
        path = f"{section}.handler_prefix"
        if not prefix.startswith("/"):
            report.error(path, "must start with /")
        if enabled and (other := taken.setdefault(prefix.rstrip("/"), path)) != path:
            report.error(path, f"is the same as {other}")
    files = config.dashboard.handler_prefix.rstrip("/") + "/page"
    if config.dashboard.enabled and files in taken:
        report.error(taken[files], f"is where the files of the page are, {files}: see dashboard")


def _check_boundaries(config: Config, report: Report) -> None:
    for name in _BOUNDARIES:
        if not getattr(config.channel, name):
            report.error(f"channel.{name}", "must not be empty")


def _check_transforms(config: Config, report: Report) -> None:
    section = config.client.connect_code_to_unidirectional_disconnect
    path = "client.connect_code_to_unidirectional_disconnect.transforms"
    for index, item in enumerate(section.transforms):
        if not item.code or not item.to.code:
            report.error(f"{path}[{index}]", "needs code and to.code")
        if not item.to.reason.isascii():
            report.error(f"{path}[{index}].to.reason", "must be ASCII")
    for name, transport in (
        ("uni_sse", config.uni_sse),
        ("uni_http_stream", config.uni_http_stream),
    ):
        path = f"{name}.connect_code_to_http_response.transforms"
        for index, answer in enumerate(transport.connect_code_to_http_response.transforms):
            if not answer.code or not 200 <= answer.to.status_code <= 599:
                report.error(f"{path}[{index}]", "needs code and to.status_code, 200 to 599")


def _check_market(config: Config, report: Report) -> None:
    market = config.market
    if market.enabled and market.feed == "replay" and not market.replay.path:
        report.error("market.replay.path", 'is needed when market.feed is "replay"')
    if market.replay.speed != "max" and market.replay.speed <= 0:
        report.error("market.replay.speed", 'must be above zero, or "max"')
    if not 0 < market.simulated.rate <= MAX_RATE:
        report.error("market.simulated.rate", f"must be above 0 and at most {MAX_RATE:g}")
    for name, section in (
        ("order_book", market.order_book),
        ("trade", market.trade),
        ("ticker", market.ticker),
        ("kline", market.kline),
    ):
        check_history(f"market.{name}", section.history_size, section.history_ttl, report)


def _check_trading(config: Config, report: Report) -> None:
    """Fees and deposits must be decimals, and a database needs a folder."""
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


_CHECKS: Final[tuple[Callable[[Config, Report], None], ...]] = (
    _check_numbers,
    _check_pings,
    _check_listening,
    _check_prefixes,
    _check_boundaries,
    _check_transforms,
    _check_market,
    _check_trading,
    check_channels,
    check_tokens,
)
