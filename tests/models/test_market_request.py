"""Payloads of market queries and of the system: shapes of both surfaces, and the API's tables."""

from __future__ import annotations

import re

import msgspec
import pytest
from msgspec import UNSET

from cadenza import models
from cadenza.gateway.api.views import view
from cadenza.models import (
    ComponentHealth,
    FinancialSecurity,
    GetKlineQuery,
    HealthCheck,
    HealthChecks,
    HealthStatus,
    KlineInterval,
    RpcHealthCheck,
    RpcListKlinesParams,
    RpcSecurity,
    SecurityRecord,
    SecurityType,
    Venue,
    VenueStatus,
    iso_of,
)

LISTS = ["MarketVenue", "FinancialSecurity", "RpcSecurity"]
FIELD = re.compile(r"`(\w+)`(\*0|\*)? ")


def wire_names(kind):
    return {field.encode_name for field in msgspec.structs.fields(kind)}


@pytest.fixture(scope="module")
def facts(shared):
    return (shared / "docs/trading.md").read_text()


def test_the_rpc_instrument_has_the_fields_of_the_api(facts):
    """Every field of the table's second column, and no other."""
    table = facts.partition("| field | `Instrument` | `RpcInstrument` |")[2].partition("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    wanted = {name.strip("`") for name, _, rpc in rows if rpc.strip(" |") != "-"}
    assert wire_names(models.RpcInstrument) == wanted
    assert all(not field.required for field in msgspec.structs.fields(models.RpcInstrument))


@pytest.mark.parametrize("name", LISTS)
def test_lists_of_fields(facts, name):
    """Names, and which of them are required."""
    line = next(line for line in facts.splitlines() if line.startswith(f"- **{name}**: "))
    wanted = {field: mark != "" for field, mark in FIELD.findall(f"{line} ")}
    kind = getattr(models, name)
    assert {f.encode_name: f.required for f in msgspec.structs.fields(kind)} == wanted


def test_a_security_has_two_faces():
    """One record, and what each surface shows of it."""
    record = SecurityRecord(
        security_id="OKX:BTC",
        symbol="BTC",
        external_symbol="XBT",
        venue=Venue.OKX,
        security_type=SecurityType.CRYPTO,
        precision=8,
    )
    assert msgspec.to_builtins(view(record, RpcSecurity)) == {
        "securityId": "OKX:BTC",
        "symbol": "BTC",
        "externalSymbol": "XBT",
        "venue": "OKX",
    }
    assert view(record, FinancialSecurity).precision == 8
    assert view(record, FinancialSecurity).lot_size is UNSET


def test_health_has_two_faces():
    """Milliseconds with their twin over REST, RFC 3339 over RPC; absent parts are left out."""
    checks = HealthChecks(market=ComponentHealth(status=HealthStatus.DEGRADED))
    check = HealthCheck(status=HealthStatus.DEGRADED, timestamp=5, version="1", checks=checks)
    rpc = msgspec.to_builtins(view(check, RpcHealthCheck))
    assert rpc["timestamp"] == iso_of(5)
    assert rpc["checks"] == {"market": {"status": "degraded"}}
    assert set(models.VenueStatus) == {"ONLINE", "OFFLINE", "MAINTENANCE"}
    assert VenueStatus.ONLINE == "ONLINE"


def test_the_range_of_candles_has_the_names_of_the_api():
    """``from`` and ``to``, which Python has other uses for."""
    raw = b'{"interval":"1m","instrumentId":"X","from":1,"to":2}'
    asked = msgspec.json.decode(raw, type=GetKlineQuery)
    assert (asked.start, asked.end, asked.limit) == (1, 2, 50)
    assert msgspec.json.decode(b"{}", type=RpcListKlinesParams).interval is KlineInterval.MINUTE_1


@pytest.mark.parametrize(
    ("name", "field", "good", "bad"),
    [
        ("ListInstrumentsQuery", "limit", [1, 1000], [0, 1001, -1]),
        ("ListInstrumentsQuery", "offset", [0, 2**53], [-1, 2**54]),
        ("ListTickersQuery", "limit", [1, 1000], [0, 1001]),
        ("InstrumentFilter", "venue", ["PAPER"], ["paper", 1]),
        ("RpcListKlinesParams", "from", [0, 253402300799999], [-1, 253402300800000]),
        ("UnsubscribeRequest", "subscriptionId", ["0" * 8 + "-0000-0000-0000-" + "0" * 12], ["x"]),
    ],
)
def test_limits(name, field, good, bad):
    """Limits stand in the types, so that both surfaces and both documents have them."""
    kind = getattr(models, name)
    for value in good:
        msgspec.convert({field: value}, type=kind)
    for value in bad:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({field: value}, type=kind)
