"""Tags filters: they select publications of a channel by their tags.

The comparisons are methods, as ``tag("side") == ...`` would hide what is sent::

    wanted = tag("ticker").among("BTC", "ETH") & ~tag("size").less("0.1")
    await client.subscribe("trades", tags_filter=wanted)

A filter is a ``FilterNode`` of the protocol; the server must allow filters for the channel, or it
refuses the subscribe with 107. Source: Centrifugo client protocol, publication filtering by tags.
"""

from __future__ import annotations

from cadenza.protocol.messages import FilterNode


class Filter(FilterNode):
    """A filter that ``&``, ``|`` and ``~`` combine."""

    def __and__(self, other: FilterNode) -> Filter:
        return Filter(op="and", nodes=[self, other])

    def __or__(self, other: FilterNode) -> Filter:
        return Filter(op="or", nodes=[self, other])

    def __invert__(self) -> Filter:
        return Filter(op="not", nodes=[self])


class Tag:
    """One tag, to be compared. The server compares numbers as decimals.

    Args:
        key: The name of the tag.
    """

    def __init__(self, key: str) -> None:
        self._key = key

    def equals(self, value: str) -> Filter:
        """The tag is this text."""
        return self._compare("eq", value)

    def differs(self, value: str) -> Filter:
        """The tag is another text, or there is none."""
        return self._compare("neq", value)

    def among(self, *values: str) -> Filter:
        """The tag is one of these texts."""
        return Filter(key=self._key, cmp="in", vals=list(values))

    def not_among(self, *values: str) -> Filter:
        """The tag is none of these texts, or there is none."""
        return Filter(key=self._key, cmp="nin", vals=list(values))

    def exists(self) -> Filter:
        """There is such a tag."""
        return Filter(key=self._key, cmp="ex")

    def starts_with(self, text: str) -> Filter:
        """The tag begins with this text."""
        return self._compare("sw", text)

    def ends_with(self, text: str) -> Filter:
        """The tag ends with this text."""
        return self._compare("ew", text)

    def contains(self, text: str) -> Filter:
        """The tag contains this text."""
        return self._compare("ct", text)

    def less(self, number: str) -> Filter:
        """The tag is a number below this one, such as ``"0.1"``."""
        return self._compare("lt", number)

    def at_most(self, number: str) -> Filter:
        """The tag is this number or one below it."""
        return self._compare("lte", number)

    def greater(self, number: str) -> Filter:
        """The tag is a number above this one."""
        return self._compare("gt", number)

    def at_least(self, number: str) -> Filter:
        """The tag is this number or one above it."""
        return self._compare("gte", number)

    def _compare(self, how: str, value: str) -> Filter:
        return Filter(key=self._key, cmp=how, val=value)


def tag(key: str) -> Tag:
    """Begin a tags filter: ``tag("side").equals("BUY")``; see ``cadenza.client.tags``.

    Args:
        key: The name of the tag.
    """
    return Tag(key)
