"""``cadenza trade``, ``orders``, ``cancel`` and ``account``, on a real paper venue."""

from __future__ import annotations

import json
import signal
from decimal import Decimal

import pytest

OPTIONS = ("--feed", "simulated")
NAME = "PAPER:BTC/USDT"


@pytest.fixture(autouse=True)
def _trader(environment, server, token, request):
    """Every test is a user of its own, with an account of its own."""
    environment["CADENZA_URL"] = server.ws
    environment["CADENZA_TOKEN"] = token(request.node.name)


def read(found):
    assert found.returncode == 0, found.stderr
    return [json.loads(line) for line in found.stdout.splitlines()]


def test_an_order_that_rests_is_listed_and_taken_back(cadenza):
    """By its id, and by its owner's name for it."""
    submit = ("trade", "buy", NAME, "0.01", "--price", "50000", "--yes", "--json")
    (order,) = read(cadenza(*submit))
    assert (order["side"], order["type"], order["status"]) == ("BUY", "LIMIT", "ACCEPTED")
    assert Decimal(order["price"]) == 50000
    (named,) = read(cadenza(*submit, "--client-order-id", "mine"))
    assert named["client_order_id"] == "mine"
    assert [it["order"] for it in read(cadenza("orders", "--json"))] == [
        order["order"],
        named["order"],
    ]
    assert read(cadenza("orders", "--json", "--instrument", "PAPER:ETH/USDT")) == []
    found = read(cadenza("cancel", order["order"], "mine", "--json"))
    assert [it["status"] for it in found] == ["CANCELLED"] * 2
    assert read(cadenza("orders", "--json")) == []


def test_the_same_name_makes_no_second_order(cadenza):
    """So a script may try again."""
    submit = ("trade", "buy", NAME, "0.01", "--price", "50000", "--yes", "--json")
    first, second = (read(cadenza(*submit, "--client-order-id", "once"))[0] for _ in range(2))
    assert first["order"] == second["order"]


def test_a_market_order_is_filled_and_shows_in_the_account(cadenza):
    """Balances move by the quantity, and the position is there; decimals in plain notation."""
    (before,) = read(cadenza("account", "--json"))
    (order,) = read(cadenza("trade", "buy", NAME, "0.01", "--yes", "--wait", "20", "--json"))
    assert (order["status"], Decimal(order["filled"])) == ("FILLED", Decimal("0.01"))
    (after,) = read(cadenza("account", "--json"))

    def held(state, asset):
        return next(Decimal(it["total"]) for it in state["balances"] if it["asset"] == asset)

    assert held(after, "BTC") - held(before, "BTC") == Decimal("0.01")
    assert held(after, "USDT") < held(before, "USDT")
    (position,) = after["positions"]
    assert (position["instrument"], position["side"]) == (NAME, "LONG")
    assert after["account"] == before["account"]
    assert "E-" not in json.dumps(after)


def test_people_get_tables(cadenza):
    """Plain ones, where nobody looks at a terminal."""
    found = cadenza("trade", "sell", NAME, "0.01", "--price", "90000", "--post-only", "--yes")
    header, row = found.stdout.splitlines()
    assert header.split()[:4] == ["order", "instrument", "side", "type"]
    assert row.split()[1:4] == [NAME, "SELL", "LIMIT_MAKER"]
    lines = cadenza("account").stdout.splitlines()
    assert lines[0].startswith("account ")
    assert lines[1].split() == ["asset", "total", "free", "locked"]
    assert "\x1b" not in found.stdout + "".join(lines)
    (account,) = read(cadenza("account", "--list", "--json"))
    assert account["venue"] == "PAPER"
    assert account["account"] in cadenza("account", "--list").stdout


def test_everything_is_cancelled_at_once(cadenza):
    """All, or of one side."""
    for side, price in (("buy", "50000"), ("buy", "50001"), ("sell", "90000")):
        cadenza("trade", side, NAME, "0.01", "--price", price, "--yes")
    assert len(read(cadenza("cancel", "--all", "--side", "buy", "--yes", "--json"))) == 2
    assert len(read(cadenza("cancel", "--all", "--instrument", NAME, "--yes", "--json"))) == 1
    found = cadenza("cancel", "--all", "--yes")
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "there are none\n")


def test_changes_are_followed(start, cadenza):
    """Until Ctrl-C; each line is the order as it then was."""
    running = start("orders", "--follow", "--json")
    cadenza("trade", "buy", NAME, "0.01", "--price", "50000", "--yes", "--client-order-id", "a")
    lines = [json.loads(running.read()[0])]
    cadenza("cancel", "a")
    while lines[-1]["status"] != "CANCELLED":
        lines.append(json.loads(running.read()[0]))
    assert {it["client_order_id"] for it in lines} == {"a"}
    assert lines[0]["status"] != "CANCELLED"
    assert running.end(signal.SIGINT)[0] == 130


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["trade", "buy", NAME, "0.01"], 2, "there is no terminal to ask at: --yes"),
        (["trade", "buy", NAME, "0.0000001", "--yes"], 1, "LOT_SIZE"),
        (["trade", "buy", NAME, "x", "--yes"], 2, "quantity is no number: 'x'"),
        (["trade", "hold", NAME, "1", "--yes"], 2, "hold"),
        (["trade", "buy", "PAPER:NO/NO", "1", "--yes"], 1, "PAPER:NO/NO"),
        (["trade", "buy", NAME, "1", "--type", "MAGIC", "--yes"], 2, "'MAGIC'"),
        (["trade", "buy", NAME, "5000000", "--price", "1000", "--yes"], 1, "not taken"),
        (["cancel"], 2, "name orders, or give --all"),
        (["cancel", "x", "--all"], 2, "name orders, or give --all"),
        (["cancel", "x", "--side", "buy"], 2, "go with --all"),
        (["cancel", "--all"], 2, "there is no terminal to ask at"),
        (["cancel", "nothing"], 1, 'the account has no order "nothing"'),
        (["account", "--account", "7"], 4, "103 permission denied"),
    ],
)
def test_a_refusal_is_one_sentence(cadenza, arguments, code, words):
    """With the venue's own words, and the exit code of the table."""
    found = cadenza(*arguments)
    assert (found.returncode, found.stdout) == (code, "")
    assert words in found.stderr
    assert "Traceback" not in found.stderr


def test_an_order_that_is_not_filled_in_time_fails(cadenza):
    """It is printed, and it stays."""
    found = cadenza(
        "trade", "buy", NAME, "0.01", "--price", "50000", "--yes", "--wait", "0.1", "--json"
    )
    assert found.returncode == 1
    assert json.loads(found.stdout)["status"] == "ACCEPTED"
    assert "is still ACCEPTED after 0.1 s" in found.stderr


def test_one_of_several_accounts_has_to_be_named(cadenza, environment):
    """By the option, or by the profile."""
    (first,) = read(cadenza("account", "--list", "--json"))
    second = read(
        cadenza("rpc", "command.trading_account.create", '{"tradingAccount":{"venue":"PAPER"}}')
    )[0]["data"]
    wanted = second["tradingAccountId"]
    found = cadenza("account")
    assert found.returncode == 2
    assert "which account? Give --account or a profile one" in found.stderr
    assert first["account"] in found.stderr
    assert read(cadenza("account", "--json", "--account", wanted))[0]["account"] == wanted
    url = environment["CADENZA_URL"]
    cadenza("profile", "add", "a", "--url", url, "--account", wanted)
    assert read(cadenza("account", "--json"))[0]["account"] == wanted


@pytest.mark.parametrize(("answer", "code", "count"), [("y", 0, 1), ("n", 1, 0), ("", 1, 0)])
def test_at_a_terminal_it_asks_first(terminal, cadenza, answer, code, count):
    """What is meant is repeated; no answer is a no."""
    asking = terminal("trade", "buy", NAME, "0.01", "-p", "50000")
    asking.read(b"[y/N]")
    assert f"buy 0.01 {NAME} LIMIT at 50000?".encode() in asking.seen
    asking.type(answer)
    assert asking.end() == code
    assert len(read(cadenza("orders", "--json"))) == count
