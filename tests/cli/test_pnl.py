"""``cadenza amend``, ``fills`` and ``pnl``, on a real paper venue."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
import typer

from cadenza.cli.arguments import time_argument

OPTIONS = ("--feed", "simulated")
NAME = "PAPER:BTC/USDT"

pytestmark = pytest.mark.process


@pytest.fixture
def _trader(environment, server, token, request):
    """Every test is a user of its own, with an account of its own."""
    environment["CADENZA_URL"] = server.ws
    environment["CADENZA_TOKEN"] = token(request.node.name)


def read(found):
    assert found.returncode == 0, found.stderr
    return [json.loads(line) for line in found.stdout.splitlines()]


@pytest.mark.usefixtures("_trader")
def test_an_order_is_amended(cadenza):
    """By its id and by its name, one term or both; an error says what is wrong."""
    submit = ("trade", "buy", NAME, "0.02", "--price", "50000", "--yes", "--json")
    (order,) = read(cadenza(*submit, "--client-order-id", "mine"))
    (found,) = read(cadenza("amend", "mine", "--price", "50001", "--json"))
    assert (found["order"], Decimal(found["price"])) == (order["order"], 50001)
    (found,) = read(cadenza("amend", order["order"], "-p", "50002", "-q", "0.01", "--json"))
    assert (Decimal(found["price"]), Decimal(found["quantity"])) == (50002, Decimal("0.01"))
    assert "REPLACED" in cadenza("amend", "mine", "--quantity", "0.009").stdout
    found = cadenza("amend", "mine")
    assert (found.returncode, "--quantity" in found.stderr) == (2, True)
    found = cadenza("amend", "mine", "--price", "0.001")
    assert (found.returncode, "TICK_SIZE" in found.stderr or "pipSize" in found.stderr) == (1, True)
    found = cadenza("amend", "nobody", "--price", "1")
    assert (found.returncode, found.stderr.startswith("error: nobody: ")) == (1, True)


@pytest.mark.usefixtures("_trader")
def test_fills_and_profit(cadenza):
    """The fills by price and fee, and the profit that they say."""
    assert "net 0.00" in cadenza("pnl").stdout
    assert read(cadenza("pnl", "--json")) == [{"since": "", "net": {}, "instruments": []}]
    assert cadenza("fills").stdout == ""
    for side in ("buy", "sell"):
        read(cadenza("trade", side, NAME, "0.01", "--yes", "--wait", "20", "--json"))
    fills = read(cadenza("fills", "--json"))
    assert {it["side"] for it in fills} == {"BUY", "SELL"}
    cash = sum(
        Decimal(it["cost"]) * (1 if it["side"] == "SELL" else -1) - Decimal(it["fee"].split()[0])
        for it in fills
    )
    (pnl,) = read(cadenza("pnl", "--json"))
    (part,) = pnl["instruments"]
    assert (Decimal(part["net"]), Decimal(pnl["net"]["USDT"])) == (cash, cash)
    assert (part["fills"], Decimal(part["quantity"]), part["unrealized"]) == (len(fills), 0, "0")
    table = cadenza("pnl").stdout.splitlines()
    assert table[0].split()[:3] == ["instrument", "fills", "quantity"]
    assert table[-1].startswith(f"net {cash:+.2f} USDT since 20")
    assert cadenza("fills").stdout.splitlines()[0].split()[0] == "time"
    assert read(cadenza("fills", "--json", "--instrument", "PAPER:ETH/USDT")) == []
    assert len(read(cadenza("fills", "--json", "--since", "1h"))) == len(fills)
    assert read(cadenza("fills", "--json", "--since", "2090-01-01")) == []


@pytest.mark.usefixtures("_trader")
@pytest.mark.parametrize(
    ("given", "meant"), [("BINANCE:BTCUSDT", "BINANCE:BTC/USDT"), ("BTC-USDT", NAME)]
)
def test_the_book_that_was_meant(cadenza, given, meant):
    """As ``trade`` says it; of two venues the one where one can trade."""
    found = cadenza("book", given, "--once")
    assert found.returncode != 0
    assert f'did you mean "{meant}"?' in found.stderr


def test_nothing_to_buy(start_server, cadenza, environment, token):
    """A market order that buys nothing says why, in the table too, and exits with 1."""
    server = start_server({}, "--feed", "none")
    environment["CADENZA_URL"], environment["CADENZA_TOKEN"] = server.ws, token("alone")
    found = cadenza("trade", "buy", NAME, "0.01", "--yes")
    assert found.returncode == 1
    assert "CANCELLED NO_LIQUIDITY" in found.stdout
    assert "nothing was bought: CANCELLED NO_LIQUIDITY" in found.stderr
    server.stop()


@pytest.mark.parametrize(
    ("text", "millis"),
    [
        (None, None),
        ("1796134838985", 1796134838985),
        ("2h", 1_000_000_000_000 - 7_200_000),
        ("90s", 1_000_000_000_000 - 90_000),
        ("2026-12-01T14:00Z", 1796133600000),
        ("2026-12-01T15:00+01:00", 1796133600000),
        ("2026-12-01", 1796083200000),
    ],
)
def test_times(text, millis):
    """As people write them."""
    assert time_argument(text, lambda: 1e9) == millis


@pytest.mark.parametrize("text", ["", "yesterday", "-1", "1x", "1900-01-01", "9" * 30, "٣h"])
def test_what_is_no_time(text):
    """Said as one sentence."""
    with pytest.raises(typer.BadParameter, match="is no time"):
        time_argument(text)
