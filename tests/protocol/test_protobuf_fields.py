"""The table of Protobuf numbers, against the structs and against two independent sources."""

from __future__ import annotations

import inspect

import pytest

from cadenza.protocol import messages as m
from cadenza.protocol.protobuf_fields import CONNECT_PUSH, FIELDS, ByName, Layout, Repeated

STRUCTS = [
    struct
    for _, struct in inspect.getmembers(m, inspect.isclass)
    if issubclass(struct, m.Message) and struct is not m.Message
]
TABLES = {**FIELDS, CONNECT_PUSH: CONNECT_PUSH.fields}
# What the schema calls these messages, where a struct serves several or is named otherwise.
SCHEMA_NAMES = {
    m.Empty: ["PingRequest", "PingResult", "UnsubscribeResult", "PublishResult"],
    m.ChannelRequest: ["UnsubscribeRequest", "PresenceRequest", "PresenceStatsRequest"],
    m.JoinLeave: ["Join", "Leave"],
    m.UnsubscribePush: ["Unsubscribe"],
    m.MessagePush: ["Message"],
    m.SubscribePush: ["Subscribe"],
    m.DisconnectPush: ["Disconnect"],
    m.RefreshPush: ["Refresh"],
    CONNECT_PUSH: ["Connect"],
}
WIRE_NAMES = {m.SendRequest: "DataOnly", m.RPCResult: "DataOnly", m.MessagePush: "DataOnly"}


def name_of(kind):
    return "ConnectPush" if isinstance(kind, Layout) else kind.__name__


@pytest.mark.parametrize("struct", STRUCTS, ids=name_of)
def test_every_struct_has_a_number_for_every_field_but_the_camel_case_ones(struct):
    expected = {name for name in struct.__struct_fields__ if not name.endswith("_camel")}
    assert set(FIELDS[struct]) == expected


@pytest.mark.parametrize("kind", TABLES, ids=name_of)
def test_no_number_is_given_twice_in_a_message(kind):
    numbers = [number for number, _ in TABLES[kind].values()]
    assert len(numbers) == len(set(numbers))
    assert all(0 < number < 2**29 for number in numbers)


def test_the_connect_push_has_the_fields_of_a_connect_result_and_other_numbers():
    assert set(CONNECT_PUSH.fields) == set(FIELDS[m.ConnectResult])
    assert CONNECT_PUSH.fields["data"][0] == 3
    assert FIELDS[m.ConnectResult]["data"][0] == 5


def plain(kind):
    """A kind in the notation of the independent codec."""
    if isinstance(kind, Repeated):
        return ("list", plain(kind.item))
    if isinstance(kind, ByName):
        return ("map", plain(kind.item))
    if isinstance(kind, str):
        return kind
    return WIRE_NAMES.get(kind, kind.__name__) if isinstance(kind, type) else "ConnectPush"


@pytest.mark.parametrize("struct", FIELDS, ids=name_of)
def test_numbers_and_types_are_those_of_the_independent_codec(struct, wire):
    """Where it knows a field; it numbers the connect push as a connect result, which it is not."""
    theirs = wire.MESSAGES[WIRE_NAMES.get(struct, struct.__name__)]
    ours = {number: (name, plain(kind)) for name, (number, kind) in FIELDS[struct].items()}
    shared = ours.keys() & theirs.keys()
    if struct is m.Push:
        shared.remove(10)
    assert shared or struct is m.Empty
    assert {number: ours[number] for number in shared} == {
        number: (name, "bytes" if kind == "raw" else kind)
        for number, (name, kind) in theirs.items()
        if number in shared
    }


@pytest.mark.parametrize("kind", TABLES, ids=name_of)
def test_numbers_are_those_of_the_published_python_client(kind):
    """Its compiled schema knows most fields; those it knows must have our numbers."""
    client_pb2 = pytest.importorskip("centrifuge.protocol.client_pb2")
    known = client_pb2.DESCRIPTOR.message_types_by_name
    names = [name for name in SCHEMA_NAMES.get(kind, [name_of(kind)]) if name in known]
    if not names:
        pytest.skip("the client has no such message")
    for name in names:
        theirs = {field.name: field.number for field in known[name].fields}
        ours = {field: number for field, (number, _) in TABLES[kind].items() if field in theirs}
        assert ours == {field: theirs[field] for field in ours}
        assert len(ours) >= min(1, len(theirs))
