"""Frames of Protobuf messages, round trips, and Google's implementation as a second opinion."""

from __future__ import annotations

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from cadenza.protocol import messages as m
from cadenza.protocol import protobuf_codec as codec
from cadenza.protocol.errors import DecodeError
from cadenza.protocol.protobuf_fields import CONNECT_PUSH, FIELDS, ByName, Layout, Repeated
from cadenza.protocol.protobuf_read import reader_of
from cadenza.protocol.protobuf_write import writer_of

PUBLISH = m.Command(id=7, publish=m.PublishRequest(channel="chat", data=Raw(b"\x00\xff")))
KINDS = [*FIELDS, CONNECT_PUSH]


def name_of(kind):
    return "ConnectPush" if isinstance(kind, Layout) else kind.__name__


# Round trips.


@pytest.mark.parametrize("struct", FIELDS, ids=name_of)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_message_is_the_same_after_a_round_trip(messages, struct, data):
    message = data.draw(messages(struct))
    assert codec.decode_message(struct, codec.encode_message(message)) == message


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_frames_of_commands_and_of_replies_are_the_same_after_a_round_trip(messages, data):
    for struct, decode in (
        (m.Command, codec.decode_commands),
        (m.Reply, codec.decode_replies),
    ):
        sent = data.draw(st.lists(messages(struct), min_size=1, max_size=3))
        assert list(decode(codec.encode_frame(sent))) == sent


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_the_independent_codec_reads_our_replies(messages, wire, data):
    """Apart from the connect push, which it numbers otherwise, and fields it does not know."""
    reply = data.draw(messages(m.Reply))
    if reply.push is not None:
        reply.push.connect = None
    decoded = wire.decode_message("Reply", codec.encode_message(reply))
    assert decoded.get("id", 0) == reply.id
    assert set(decoded) - {"id"} == {
        name for name in FIELDS[m.Reply] if name != "id" and getattr(reply, name) is not None
    }
    if reply.push is not None and reply.push.pub is not None:
        publication = decoded["push"]["pub"]
        assert publication.get("data", b"") == bytes(reply.push.pub.data)
        assert publication.get("tags", {}).keys() == reply.push.pub.tags.keys()


# Google's implementation, from the same table.


def google_classes():
    file = descriptor_pb2.FileDescriptorProto(name="p.proto", package="p", syntax="proto3")
    for kind in KINDS:
        proto = file.message_type.add(name=name_of(kind))
        fields = kind.fields if isinstance(kind, Layout) else FIELDS[kind]
        for name, (number, item) in fields.items():
            add_field(proto, name, number, item)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        kind: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"p.{name_of(kind)}"))
        for kind in KINDS
    }


def add_field(proto, name, number, kind):
    types = descriptor_pb2.FieldDescriptorProto
    field = proto.field.add(name=name, number=number, label=types.LABEL_OPTIONAL)
    if isinstance(kind, ByName):
        entry = proto.nested_type.add(name="".join(map(str.title, name.split("_"))) + "Entry")
        entry.options.map_entry = True
        add_field(entry, "key", 1, "string")
        add_field(entry, "value", 2, kind.item)
        field.label, field.type = types.LABEL_REPEATED, types.TYPE_MESSAGE
        field.type_name = f".p.{proto.name}.{entry.name}"
        return
    if isinstance(kind, Repeated):
        field.label, kind = types.LABEL_REPEATED, kind.item
    if isinstance(kind, str):
        field.type = types.Type.Value(f"TYPE_{kind.upper()}")
    else:
        field.type, field.type_name = types.TYPE_MESSAGE, f".p.{name_of(kind)}"


GOOGLE = google_classes()


def to_google(message, kind, target=None):
    """The same message as an object of Google's implementation."""
    target = GOOGLE[kind]() if target is None else target
    fields = kind.fields if isinstance(kind, Layout) else FIELDS[kind]
    for name, (_, item) in fields.items():
        value = getattr(message, name)
        if isinstance(item, ByName) and item.item == "string":
            getattr(target, name).update(value)
        elif isinstance(item, ByName):
            for key, entry in value.items():
                to_google(entry, item.item, getattr(target, name)[key])
        elif isinstance(item, Repeated) and item.item == "string":
            getattr(target, name).extend(value)
        elif isinstance(item, Repeated):
            for entry in value:
                to_google(entry, item.item, getattr(target, name).add())
        elif not isinstance(item, str):
            if value is not None:
                getattr(target, name).SetInParent()
                to_google(value, item, getattr(target, name))
        else:
            setattr(target, name, bytes(value) if item == "bytes" else value)
    return target


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_googles_implementation_reads_what_we_write_and_writes_what_we_read(messages, kind, data):
    message = data.draw(messages(kind))
    theirs = to_google(message, kind)
    written = writer_of(kind).write(message)
    assert GOOGLE[kind].FromString(written) == theirs
    serialized = theirs.SerializeToString()
    assert reader_of(kind).read(serialized, 0, len(serialized), 0) == message
    assert len(written) == len(serialized)


# Frames.


def test_a_message_of_length_zero_is_a_pong():
    assert list(codec.decode_commands(b"\x00")) == [m.Command()]
    assert codec.encode_frame([m.Reply()]) == b"\x00"


def test_commands_of_a_frame_come_in_their_order():
    frame = codec.encode_frame([PUBLISH, m.Command(), m.Command(id=8)])
    assert list(codec.decode_commands(frame)) == [PUBLISH, m.Command(), m.Command(id=8)]


def test_a_delimited_message_has_its_length_before_it():
    assert codec.delimit(b"x" * 300) == b"\xac\x02" + b"x" * 300


def test_the_bytes_of_a_publish_command_are_the_known_ones():
    assert codec.encode_frame([PUBLISH]) == bytes.fromhex("0e 08 07 3a 0a 0a04 63686174 1202 00ff")


def test_a_bare_push_is_encoded_with_the_numbers_of_the_connect_push():
    push = m.Push(connect=m.ConnectResult(client="c", data=Raw(b"1")))
    assert codec.encode_message(push) == bytes.fromhex("52 06 0a01 63 1a01 31")
    assert codec.encode_message(m.Reply(push=push)) == b"\x22\x08" + codec.encode_message(push)


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(b"", id="empty"),
        pytest.param(bytes.fromhex("ffffffff"), id="garbage"),
        pytest.param(bytes.fromhex("080232020a00"), id="no length"),
        pytest.param(b"\x80", id="half a length"),
        pytest.param(b"\x05\x08", id="length beyond the frame"),
        pytest.param(b"\x80" * 10 + b"\x00", id="length of eleven bytes"),
        pytest.param(b'{"id":1}', id="JSON"),
    ],
)
def test_what_is_no_frame_is_a_decode_error(frame):
    for decode in (codec.decode_commands, codec.decode_replies):
        with pytest.raises(DecodeError):
            list(decode(frame))


def test_commands_before_a_bad_one_are_delivered():
    commands = codec.decode_commands(codec.encode_frame([PUBLISH]) + b"\x01\xff")
    assert next(commands) == PUBLISH
    with pytest.raises(DecodeError):
        next(commands)


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_a_frame_cut_anywhere_is_a_decode_error_or_whole_messages(messages, data):
    sent = data.draw(st.lists(messages(m.Command), min_size=1, max_size=2))
    frame = codec.encode_frame(sent)
    boundaries = {len(codec.encode_frame(sent[:count])) for count in range(1, len(sent) + 1)}
    for length in range(len(frame)):
        if length in boundaries:
            assert list(codec.decode_commands(frame[:length])) == sent[:-1]
        else:
            with pytest.raises(DecodeError):
                list(codec.decode_commands(frame[:length]))


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_random_bytes_raise_nothing_but_decode_errors(messages, data):
    """Pure noise, and messages in which a few bytes were changed."""
    struct = data.draw(st.sampled_from([m.Command, m.Reply]))
    noise = data.draw(st.binary(max_size=60))
    mutated = bytearray(codec.encode_message(data.draw(messages(struct))))
    for at, byte in data.draw(st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=4)):
        if mutated:
            mutated[at % len(mutated)] = byte
    for body in (noise, bytes(mutated)):
        try:
            decoded = codec.decode_message(struct, body)
        except DecodeError:
            continue
        assert codec.decode_message(struct, codec.encode_message(decoded)) == decoded
