"""The OpenAPI and the AsyncAPI document: whole, consistent, and made of every operation."""

from __future__ import annotations

import json
import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadenza.gateway.api import CATALOGUE, asyncapi, openapi
from cadenza.gateway.api.asyncapi import STREAMS
from cadenza.gateway.api.schemas import prose, with_tuples_of_draft_7
from cadenza.models import KlineInterval

HTTP = {"get", "post", "delete"}


@pytest.fixture
def documents(world):
    return {"openapi": openapi(world.registry), "asyncapi": asyncapi(world.registry)}


def walk(value):
    """Every object inside a document."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def resolve(document, ref):
    """What a reference leads to; a KeyError says that it leads nowhere."""
    found = document
    for step in ref.removeprefix("#/").split("/"):
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found


@pytest.mark.parametrize("name", ["openapi", "asyncapi"])
def test_every_reference_leads_somewhere(documents, name):
    """And every schema of the components is used."""
    document = documents[name]
    refs = {found["$ref"] for found in walk(document) if isinstance(found.get("$ref"), str)}
    for ref in refs:
        assert isinstance(resolve(document, ref), dict)
    used = {ref.rsplit("/", 1)[1] for ref in refs if "/schemas/" in ref}
    assert used == set(document["components"]["schemas"])


@pytest.mark.parametrize("name", ["openapi", "asyncapi"])
def test_a_document_is_plain_json(documents, name):
    """It survives JSON unchanged, and holds no markup of the source."""
    text = msgspec.json.encode(documents[name]).decode()
    assert json.loads(text) == documents[name]
    assert "``" not in text


def test_every_rest_call_has_its_operation(world, documents):
    """Path, method, a unique id, a sentence, parameters or a body, and every answer."""
    document = documents["openapi"]
    assert document["openapi"] == "3.1.0"
    ids = []
    for path, methods in world.registry.paths.items():
        for http, operation in methods.items():
            shown = document["paths"][f"/api/v3/{path}".rstrip("/")][http.lower()]
            ids.append(shown["operationId"])
            assert shown["summary"] == operation.doc
            assert "200" in shown["responses"]
            assert (shown.get("security") == []) == operation.rest.public
            assert "401" in shown["responses"] or operation.rest.public
            fields = msgspec.structs.fields(operation.rest.params)
            names = [parameter["name"] for parameter in shown.get("parameters", [])]
            assert names == ([one.encode_name for one in fields] if http == "GET" else [])
            assert ("requestBody" in shown) == (http != "GET" and bool(fields))
    assert len(ids) == len(set(ids))
    shown = {f"{m} {p}" for p, found in document["paths"].items() for m in set(found) & HTTP}
    assert len(shown) == len(ids)


def test_tags_and_codes_are_declared(documents):
    """Every tag that is used; every code of the catalogue."""
    document = documents["openapi"]
    declared = {tag["name"] for tag in document["tags"]}
    used = {
        tag for path in document["paths"].values() for one in path.values() for tag in one["tags"]
    }
    assert used == declared
    envelope = document["components"]["schemas"]["ErrorEnvelope"]
    assert envelope["properties"]["errno"]["enum"] == [entry.code for entry in CATALOGUE]


def test_lists_of_a_query_repeat_the_name(documents):
    """As the surface reads them."""
    found = documents["openapi"]["paths"]["/api/v3/market/orderBook/list"]["get"]["parameters"]
    (ids,) = [one for one in found if one["name"] == "instrumentIds"]
    assert (ids["style"], ids["explode"], ids["required"]) == ("form", True, False)


def test_every_channel_is_there(documents):
    """Each kind of channel with its parameters, its payload and a publication."""
    document = documents["asyncapi"]
    assert document["asyncapi"] == "3.0.0"
    for stream in STREAMS:
        channel = document["channels"][stream.name]
        assert set(channel["parameters"]) == set(re.findall(r"\{(\w+)\}", channel["address"]))
        operation = document["operations"][stream.name]
        assert operation["action"] == "send"
        assert operation["channel"] == {"$ref": f"#/channels/{stream.name}"}
    addresses = {stream.address for stream in STREAMS}
    assert {"market:orderBook:{instrumentId}", "tradingAccount:{accountId}"} <= addresses
    interval = document["channels"]["kline"]["parameters"]["interval"]
    assert interval["enum"] == [one.value for one in KlineInterval]


def test_every_rpc_method_is_there(world, documents):
    """A request, and a reply with data or an error."""
    document = documents["asyncapi"]
    by_address = {one["address"]: name for name, one in document["channels"].items()}
    assert len(by_address) == len(document["channels"])
    for method, operation in world.registry.methods.items():
        name = by_address[method]
        shown = document["operations"][name]
        assert (shown["action"], shown["summary"]) == ("receive", operation.doc)
        reply = resolve(document, shown["reply"]["messages"][0]["$ref"])["payload"]
        assert set(reply["properties"]) >= {"data", "error"}
        assert ("pagination" in reply["properties"]) == operation.rpc.paginated
    assert set(document["operations"]) == set(document["channels"])


def test_account_events_tell_their_data(documents):
    """One branch for each kind of event of an account."""
    event = documents["asyncapi"]["components"]["schemas"]["AccountEvent"]
    kinds = {one["properties"]["eventType"]["const"] for one in event["oneOf"]}
    assert {"event.trade_order.updated", "event.portfolio.updated"} <= kinds


@settings(max_examples=50)
@given(st.text(alphabet="ab `\n", max_size=30))
def test_prose_has_no_markup_of_the_source(text):
    """Double backticks become single ones."""
    assert "``" not in prose(text.replace("```", ""))


def test_tuples_for_older_readers():
    """AsyncAPI's schemas are of a draft that has no ``prefixItems``."""
    row = {"items": False, "prefixItems": [{"type": "string"}, {"prefixItems": [{}]}]}
    assert with_tuples_of_draft_7({"a": [row]}) == {
        "a": [
            {
                "items": [{"type": "string"}, {"items": [{}], "additionalItems": False}],
                "additionalItems": False,
            }
        ]
    }
