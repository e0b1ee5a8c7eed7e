"""The camelCase spelling: understood when it comes in, spoken to those who use it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from cadenza.protocol import dialect
from cadenza.protocol import json_codec as codec
from cadenza.protocol import messages as m
from cadenza.protocol.protobuf_fields import FIELDS


def decoded(text):
    (command,) = codec.decode_commands(text.encode())
    return command


@pytest.mark.parametrize(
    ("snake", "spelled"),
    [
        ("presence_stats", "presenceStats"),
        ("num_clients", "numClients"),
        ("was_recovering", "wasRecovering"),
        ("id", "id"),
        ("", ""),
    ],
)
def test_names_are_respelled(snake, spelled):
    assert dialect.camel(snake) == spelled
    assert dialect.camel(snake) == spelled


@pytest.mark.parametrize(
    ("camel", "snake"),
    [
        ('{"id":1,"presenceStats":{"channel":"a"}}', '{"id":1,"presence_stats":{"channel":"a"}}'),
        (
            '{"id":1,"subRefresh":{"channel":"a","token":"t"}}',
            '{"id":1,"sub_refresh":{"channel":"a","token":"t"}}',
        ),
        (
            '{"id":1,"subscribe":{"channel":"a","joinLeave":true}}',
            '{"id":1,"subscribe":{"channel":"a","join_leave":true}}',
        ),
    ],
)
def test_a_command_in_camel_case_means_the_same(camel, snake):
    """Every field that others read is equal; only the mark of the spelling differs."""
    one, other = decoded(camel), decoded(snake)
    assert dialect.is_camel(one)
    assert not dialect.is_camel(other)
    for name in FIELDS[m.Command]:
        ours, theirs = getattr(one, name), getattr(other, name)
        if isinstance(ours, m.SubscribeRequest):
            ours.join_leave_camel = False
        assert ours == theirs


def test_a_connect_request_in_camel_case_is_recognised():
    assert dialect.is_camel(decoded('{"id":1,"connect":{"subs":{"a":{"joinLeave":true}}}}'))
    assert not dialect.is_camel(decoded('{"id":1,"connect":{"subs":{"a":{"join_leave":true}}}}'))


def test_replies_in_camel_case_have_other_names_and_the_same_content():
    info = m.ClientInfo(user="u", client="c", conn_info=Raw(b'{"first_name":1}'))
    reply = m.Reply(id=1, presence=m.PresenceResult(presence={"client_id": info}))
    assert json.loads(dialect.encode_camel(reply)) == {
        "id": 1,
        "presence": {
            "presence": {
                "client_id": {"user": "u", "client": "c", "connInfo": {"first_name": 1}},
            },
        },
    }


def test_fields_that_are_always_there_are_there_in_camel_case_too():
    reply = m.Reply(id=1, presence_stats=m.PresenceStatsResult(num_clients=0, num_users=0))
    assert dialect.encode_camel(reply) == b'{"id":1,"presenceStats":{"numClients":0,"numUsers":0}}'


@pytest.mark.parametrize("struct", FIELDS, ids=lambda struct: struct.__name__)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_both_spellings_of_a_message_differ_in_nothing_but_names(messages, struct, data):
    """The camelCase form, with its struct's names respelled, decodes to the same message."""
    message = data.draw(messages(struct, "json"))
    spelled = json.loads(dialect.encode_camel(message))
    assert snake(spelled, struct) == json.loads(codec.encode_message(message))


def snake(value, struct):
    """Undo the respelling, following the types of the fields; payloads stay as they are."""
    known = {dialect.camel(name): (name, kind) for name, (_, kind) in FIELDS[struct].items()}
    assert value.keys() <= known.keys()
    return {known[key][0]: snake_item(item, known[key][1]) for key, item in value.items()}


def snake_item(item, kind):
    if isinstance(kind, str):
        return item
    if isinstance(kind, type):
        return snake(item, kind)
    if hasattr(kind, "struct"):
        return snake(item, kind.struct)
    if isinstance(item, list):
        return [snake_item(entry, kind.item) for entry in item]
    return {key: snake_item(entry, kind.item) for key, entry in item.items()}
