"""The trading payloads against the tables of the API's facts, field by field."""

from __future__ import annotations

import re

import msgspec
import pytest

from cadenza import models

EXTENSIONS = {
    "TradeOrder": {
        "clientOrderId",
        "trailingDistance",
        "visibleQuantity",
        "preventedQuantity",
        "isWorking",
        "waitsFor",
        "triggeredAt",
        "filled",
        "cost",
    },
    "RpcTradeOrder": {
        "trailingDistance",
        "visibleQuantity",
        "preventedQuantity",
        "isWorking",
        "waitsFor",
        "triggeredAt",
        "takeProfitPrice",
        "takeProfitLimitPrice",
        "takeProfitTimeInForce",
        "stopLossPrice",
        "stopLossLimitPrice",
        "stopLossTimeInForce",
        "orderListId",
        "contingencyType",
        "quoteId",
    },
    "SubmitTradeOrderRequest": {"trailingDistance", "visibleQuantity"},
    "CancelTradeOrderRequest": {"clientOrderId", "externalOrderId"},
}
"""Fields that Cadenza adds."""

RELAXED = {"CancelTradeOrderRequest": {"tradeOrderId"}}
"""Fields that the API requires and Cadenza does not: the RPC ids are taken in their place."""

SAME = {
    "OrderQuantityType": "QuantityType",
    "TradingAccountType": "AccountType",
    "TradingAccountCredentialStatus": "CredentialStatus",
    "RpcPagination": "Pagination",
}
"""Two names of the API for one type here."""

TABLES = [
    ("TradeOrder", "RpcTradeOrder"),
    ("Portfolio", "RpcPortfolio"),
    ("PortfolioSummary", "RpcPortfolioSummary"),
    ("BalanceEntry", "RpcBalanceEntry"),
    ("PositionEntry", "RpcPositionEntry"),
    ("TradingAccount", "RpcTradingAccount"),
    ("TradingAccountCredential", "RpcTradingAccountCredential"),
    ("Subscription", "RpcSubscription"),
]
LISTS = [
    "Ticker",
    "Kline",
    "TradeExecution",
    "SecurityQuantity",
    "RpcSecurityQuantity",
    "SubmitTradeOrderRequest",
    "CancelTradeOrderRequest",
    "Quote",
    "QuoteRfqRequest",
    "AccountOperation",
    "RpcTradingAccountOperationHistory",
    "RpcTradingAccountConfig",
    "Pagination",
    "RpcPagination",
]


@pytest.fixture(scope="module")
def facts(shared):
    return (shared / "docs/trading.md").read_text()


def declared(name):
    """Wire names of a struct's fields: all, the required and the nullable ones."""
    fields = msgspec.structs.fields(getattr(models, SAME.get(name, name)))
    everything = {field.encode_name for field in fields} - EXTENSIONS.get(name, set())
    required = {field.encode_name for field in fields if field.required}
    return everything, required | RELAXED.get(name, set())


def column(facts, left, right, index):
    """The fields of one surface in a two-column table: name to type text."""
    start = facts.index(f"| field | `{left}` | `{right}` |")
    found = {}
    for line in facts[start:].splitlines()[2:]:
        if not line.startswith("| `"):
            break
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[index] != "-":
            found[cells[0].strip("`")] = cells[index]
    return found


@pytest.mark.parametrize("tables", TABLES, ids=lambda pair: pair[0])
@pytest.mark.parametrize("index", [1, 2], ids=["rest", "rpc"])
def test_every_field_of_a_table_is_there_and_required_where_the_api_says_so(facts, tables, index):
    expected = column(facts, *tables, index)
    everything, required = declared(tables[index - 1])
    assert everything == set(expected)
    assert required == {name for name, kind in expected.items() if "*" in kind}


@pytest.mark.parametrize("name", LISTS)
def test_every_field_of_a_list_is_there_and_required_where_the_api_says_so(facts, name):
    line = re.search(rf"^- \*\*{name}\*\*: (.*)$", facts, re.MULTILINE)[1]
    expected = dict(re.findall(r"`([A-Za-z]+)`(\*?)", line))
    everything, required = declared(name)
    assert everything == set(expected)
    assert required == {field for field, star in expected.items() if star}


def test_every_nullable_field_takes_null(facts):
    """``*0`` in the tables: required, and null is a value."""
    for left, right in TABLES:
        for name, kind in column(facts, left, right, 1).items():
            if "*0" in kind:
                fields = msgspec.structs.fields(getattr(models, left))
                (field,) = (it for it in fields if it.encode_name == name)
                assert msgspec.convert(None, field.type) is None


def test_every_enumeration_has_exactly_the_values_of_the_api(facts):
    section = facts[facts.index("## 2. Enumerations") : facts.index("Old client only")]
    rows = re.findall(r"^\| (\w+) \| (`.*?`) \| ", section, re.MULTILINE)
    assert len(rows) == 40
    for name, values in rows:
        expected = [value.strip('"') for value in re.findall(r"`([^`]*)`", values)]
        assert [str(it) for it in getattr(models, SAME.get(name, name))] == expected, name
