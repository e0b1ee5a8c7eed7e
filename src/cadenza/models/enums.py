"""The closed vocabularies of the market and order payloads, with every value the API names.

A member's value is its spelling on the wire. Where the API has two names for the same values
(``OrderQuantityType`` in REST, ``QuantityType`` in RPC) there is one enumeration here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class UpdateType(StrEnum):
    """How an order book payload relates to the one before it.

    A SNAPSHOT replaces the book; a DIFF sets each named level to an absolute quantity and "0"
    removes it. DELTA has no defined meaning across venues and is never sent.
    """

    SNAPSHOT = "SNAPSHOT"
    DIFF = "DIFF"
    DELTA = "DELTA"


class OrderBookType(StrEnum):
    """What a row of an order book holds."""

    L2 = "L2"
    L2_COUNTED = "L2_COUNTED"
    L3 = "L3"
    L3_COUNTED = "L3_COUNTED"
    L2_EXCHANGE = "L2_EXCHANGE"
    VWAP = "VWAP"


class KlineInterval(StrEnum):
    """Length of a candle; ``MONTH_1`` is a calendar month and differs from a minute by case."""

    SECOND_1 = "1s"
    MINUTE_1 = "1m"
    MINUTE_3 = "3m"
    MINUTE_5 = "5m"
    MINUTE_15 = "15m"
    MINUTE_30 = "30m"
    HOUR_1 = "1h"
    HOUR_2 = "2h"
    HOUR_4 = "4h"
    HOUR_6 = "6h"
    HOUR_8 = "8h"
    HOUR_12 = "12h"
    DAY_1 = "1d"
    DAY_3 = "3d"
    WEEK_1 = "1w"
    MONTH_1 = "1M"


class OrderSide(StrEnum):
    """Which way an order goes; of a public trade, the side of the aggressor."""

    BUY = "BUY"
    SELL = "SELL"
    UNKNOWN = "UNKNOWN"


class OrderType(StrEnum):
    """How an order is priced; ``QUOTED`` takes a quote id (``LIMIT_MAKER``: usually post-only)."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    LIMIT_MAKER = "LIMIT_MAKER"
    STOP = "STOP"
    STOP_LIMIT = "STOP_LIMIT"
    STOP_LOSS = "STOP_LOSS"
    STOP_LOSS_LIMIT = "STOP_LOSS_LIMIT"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_LIMIT = "TAKE_PROFIT_LIMIT"
    TRAILING_STOP = "TRAILING_STOP"
    QUOTED = "QUOTED"
    UNKNOWN = "UNKNOWN"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        """Older clients write an empty string where they know nothing."""
        return cls("UNKNOWN") if value == "" else None


class OrderStatus(StrEnum):
    """Where an order is in its life; British spelling, unlike the time field ``canceledAt``."""

    CREATED = "CREATED"
    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    PENDING_CANCEL = "PENDING_CANCEL"
    REPLACED = "REPLACED"
    PENDING_REPLACE = "PENDING_REPLACE"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    UNKNOWN = "UNKNOWN"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        """Older clients write an empty string where they know nothing."""
        return cls("UNKNOWN") if value == "" else None


class TimeInForce(StrEnum):
    """How long an order stays good; undefined by the API (elsewhere ``GTX`` is post-only)."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTD = "GTD"
    DAY = "DAY"
    GTX = "GTX"
    OPG = "OPG"
    CLS = "CLS"
    GFA = "GFA"
    GFS = "GFS"
    GTM = "GTM"
    MOO = "MOO"
    MOC = "MOC"
    EXT = "EXT"
    UNKNOWN = "UNKNOWN"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        """Older clients write an empty string where they know nothing."""
        return cls("UNKNOWN") if value == "" else None


class QuantityType(StrEnum):
    """What an order's quantity counts."""

    BASE = "BASE"
    QUOTE = "QUOTE"
    POSITION_RATIO = "POSITION_RATIO"
    POSITION_PERCENTAGE = "POSITION_PERCENTAGE"


class QuantityRounding(StrEnum):
    """How a quantity off the lot size is rounded; ``NONE`` is the default and an empty string."""

    NONE = ""
    UP = "UP"
    DOWN = "DOWN"
    NEAREST = "NEAREST"
    CEIL = "CEIL"
    FLOOR = "FLOOR"
    HALF_UP = "HALF_UP"
    HALF_DOWN = "HALF_DOWN"
    HALF_EVEN = "HALF_EVEN"


class ContingencyType(StrEnum):
    """How the orders of a list depend on each other."""

    OCO = "OCO"
    OTO = "OTO"
    OTOCO = "OTOCO"


class InstrumentType(StrEnum):
    """What kind of contract an instrument is; ``CONTRACT`` is deprecated."""

    SPOT = "SPOT"
    FUTURES = "FUTURES"
    PERPETUAL = "PERPETUAL"
    OPTION = "OPTION"
    CFD = "CFD"
    CONTRACT = "CONTRACT"


class InstrumentStatus(StrEnum):
    """Whether an instrument can be traded."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    DISABLED = "DISABLED"
    DELISTED = "DELISTED"


class SecurityType(StrEnum):
    """What an instrument's base or quote is."""

    STOCK = "STOCK"
    CRYPTO = "CRYPTO"
    CURRENCY = "CURRENCY"
    COMMODITY = "COMMODITY"
    INDEX = "INDEX"
    BOND = "BOND"
    OPTION = "OPTION"
    FUTURES = "FUTURES"
    PERPETUAL = "PERPETUAL"
    CFD = "CFD"


class Venue(StrEnum):
    """The venues the API knows; its clients refuse any other.

    The ``*_SANDBOX`` venues and ``IBKR_PAPER`` are deprecated in favour of ``*_UAT``.
    """

    BINANCE = "BINANCE"
    B2C2 = "B2C2"
    WINTERMUTE = "WINTERMUTE"
    BLOCKFILLS = "BLOCKFILLS"
    STONEX = "STONEX"
    CUMBERLAND = "CUMBERLAND"
    IBKR = "IBKR"
    DERIBIT = "DERIBIT"
    BITFINEX = "BITFINEX"
    OKX = "OKX"
    HYPERLIQUID = "HYPERLIQUID"
    BINANCE_UAT = "BINANCE_UAT"
    B2C2_UAT = "B2C2_UAT"
    WINTERMUTE_UAT = "WINTERMUTE_UAT"
    BLOCKFILLS_UAT = "BLOCKFILLS_UAT"
    STONEX_UAT = "STONEX_UAT"
    CUMBERLAND_UAT = "CUMBERLAND_UAT"
    IBKR_UAT = "IBKR_UAT"
    DERIBIT_UAT = "DERIBIT_UAT"
    BITFINEX_UAT = "BITFINEX_UAT"
    OKX_UAT = "OKX_UAT"
    HYPERLIQUID_UAT = "HYPERLIQUID_UAT"
    BINANCE_SANDBOX = "BINANCE_SANDBOX"
    B2C2_SANDBOX = "B2C2_SANDBOX"
    IBKR_PAPER = "IBKR_PAPER"
    FERMATA = "FERMATA"
    MOCK = "MOCK"
    PAPER = "PAPER"


class VenueStatus(StrEnum):
    """Whether a venue can be reached."""

    ONLINE = "ONLINE"
    OFFLINE = "OFFLINE"
    MAINTENANCE = "MAINTENANCE"
