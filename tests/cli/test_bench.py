"""``cadenza bench``: it counts what comes, says what is missing, and ends."""

from __future__ import annotations

import json

import pytest

from cadenza.cli.bench_load import percentile

OPTIONS = ("--feed", "simulated")
CONFIG = {
    "channel": {
        "namespaces": [
            {
                "name": "chat",
                "allow_subscribe_for_client": True,
                "allow_publish_for_client": True,
                "history_size": 100,
                "history_ttl": "1h",
                "force_recovery": True,
            }
        ]
    }
}


def test_percentiles_are_by_nearest_rank():
    """None is made up."""
    values = list(range(1, 101))
    assert [percentile(values, it) for it in (50, 90, 99, 99.9, 100)] == [50, 90, 99, 100, 100]
    assert percentile([7], 50) == percentile([7], 99.9) == 7


@pytest.mark.parametrize("protocol", ["json", "protobuf"])
def test_what_it_publishes_comes_to_every_connection(cadenza, as_trader, protocol):
    """As many deliveries as were asked for, each with its lateness."""
    options = ("-c", "4", "-n", "40", "--seconds", "60", "--protocol", protocol)
    found = cadenza("bench", "--channel", "chat:a", "--publish", "100", "--json", *options)
    assert (found.returncode, found.stderr) == (0, "")
    report = json.loads(found.stdout)
    assert (report["connections"], report["deliveries"]) == (4, 40)
    assert (report["missing"], report["repeated"], report["lost"], report["failed"]) == (0,) * 4
    late = report["late_ms"]
    assert 0 <= late["min"] <= late["p50"] <= late["p90"] <= late["p99"] <= late["max"]
    assert report["connect_ms"]["min"] > 0


def test_market_data_says_itself_when_it_was_made(cadenza, as_trader):
    """Without publishing anything; people get a few lines."""
    found = cadenza("bench", as_trader.pop("CADENZA_URL"), "-c", "2", "-n", "10")
    assert (found.returncode, found.stderr) == (0, "")
    lines = found.stdout.splitlines()
    assert lines[0] == "connections  2 open, 0 failed, 0 lost"
    assert lines[1].startswith("deliveries   ")
    assert lines[2].startswith("late         min ")


def test_it_ends_in_its_time(cadenza, as_trader):
    """Where nothing comes."""
    found = cadenza("bench", "--channel", "chat:quiet", "-s", "0.2", "-c", "1", "--json")
    assert found.returncode == 0
    report = json.loads(found.stdout)
    assert (report["deliveries"], report["late_ms"]) == (0, None)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["ws://bench.example/x"], 2, "puts load on another machine: --yes-remote"),
        (["ws://192.0.2.1/x"], 2, "--yes-remote"),
        (["-c", "1001"], 2, "less than or equal to 1000"),
        (["-s", "601"], 2, "less than or equal to 600"),
        (["-n", "0"], 2, "greater than or equal to 1"),
        (["--channel", "nowhere:x"], 1, "102 unknown channel"),
        (
            ["--channel", "market:trade:PAPER:BTC/USDT", "--publish", "1", "-s", "0.5"],
            1,
            "publish was refused: 103 permission denied",
        ),
    ],
)
def test_limits_and_refusals(cadenza, as_trader, arguments, code, words):
    """Nothing is sent to a machine that is not meant."""
    found = cadenza("bench", *arguments)
    assert found.returncode == code
    assert words in found.stderr
    assert "Traceback" not in found.stderr
