"""The grammar of channel names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadenza.protocol.channel import ChannelGrammar

GRAMMAR = ChannelGrammar()
NAMES = st.text("ab:#,$", max_size=12)


@pytest.mark.parametrize(
    ("channel", "namespace", "rest"),
    [
        ("news", "", "news"),
        ("chat:room", "chat", "room"),
        ("a:b:c", "a", "b:c"),
        ("$hist:1", "hist", "1"),
        ("$news", "", "$news"),
        ("$$a:b", "$a", "b"),
        (":x", "", "x"),
        ("chat:", "chat", ""),
        ("", "", ""),
    ],
)
def test_the_namespace_is_the_text_before_the_first_boundary(channel, namespace, rest):
    assert GRAMMAR.namespace(channel) == namespace
    assert GRAMMAR.rest(channel) == rest


@pytest.mark.parametrize(
    ("channel", "private"), [("$a", True), ("$a:b", True), ("a$", False), ("a:$b", False)]
)
def test_a_channel_is_private_when_it_begins_with_the_prefix(channel, private):
    assert GRAMMAR.is_private(channel) is private


@pytest.mark.parametrize(
    ("channel", "users"),
    [
        ("news", None),
        ("dialog#ann", ("ann",)),
        ("dialog#ann,bob", ("ann", "bob")),
        ("a#b#c,d", ("c", "d")),
        ("x#", ("",)),
        ("x#,", ("", "")),
    ],
)
def test_the_users_stand_after_the_last_boundary(channel, users):
    assert GRAMMAR.users(channel) == users


@pytest.mark.parametrize(
    ("channel", "user", "allowed"),
    [
        ("news", "ann", True),
        ("dialog#ann,bob", "bob", True),
        ("dialog#ann,bob", "an", False),
        ("dialog#ann,bob", "ann,bob", False),
        ("dialog#ann,bob", "", False),
        ("x#", "", True),
        ("x#", "ann", False),
    ],
)
def test_a_list_of_users_admits_those_on_it_only(channel, user, allowed):
    assert GRAMMAR.user_allowed(channel, user) is allowed


def test_every_mark_can_be_another_one_of_any_length():
    grammar = ChannelGrammar("::", "!!", ";", "priv-")
    assert grammar.namespace("priv-a::b:c") == "a"
    assert grammar.rest("priv-a::b:c") == "b:c"
    assert grammar.is_private("priv-a::b:c")
    assert not grammar.is_private("$a")
    assert grammar.users("a#b!!c;d,e") == ("c", "d,e")


@given(NAMES)
def test_an_empty_mark_is_a_feature_that_is_off(channel):
    grammar = ChannelGrammar("", "", "", "")
    assert grammar.namespace(channel) == ""
    assert grammar.rest(channel) == channel
    assert grammar.users(channel) is None
    assert not grammar.is_private(channel)


def test_without_a_separator_a_list_holds_one_user():
    assert ChannelGrammar(user_separator="").users("a#b,c") == ("b,c",)


@given(NAMES)
def test_namespace_and_rest_make_up_the_name_again(channel):
    namespace, rest = GRAMMAR.namespace(channel), GRAMMAR.rest(channel)
    assert rest == channel or channel.removeprefix("$") == f"{namespace}:{rest}"
    assert ":" not in namespace
