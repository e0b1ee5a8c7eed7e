"""Tags filters: which publications of a channel a subscription wants, by their tags.

``tag("side") == ...`` would hide what is sent, so the comparisons are methods::

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
    """One tag, to be compared. Numbers are compared as decimals, by the server."""

    def __init__(self, key: str) -> None:
        self._key = key

    def equals(self, value: str) -> Filter:
        """It is this text."""
        return self._compare("eq", value)

    def differs(self, value: str) -> Filter:
        """It is another text, or there is none."""
        return self._compare("neq", value)

    def among(self, *values: str) -> Filter:
        """It is one of these."""
        return Filter(key=self._key, cmp="in", vals=list(values))

    def not_among(self, *values: str) -> Filter:
        """It is none of these, or there is none."""
        return Filter(key=self._key, cmp="nin", vals=list(values))

    def exists(self) -> Filter:
        """There is one."""
        return Filter(key=self._key, cmp="ex")

    def starts_with(self, text: str) -> Filter:
        """It begins with this text."""
        return self._compare("sw", text)

    def ends_with(self, text: str) -> Filter:
        """It ends with this text."""
        return self._compare("ew", text)

    def contains(self, text: str) -> Filter:
        """This text is in it."""
        return self._compare("ct", text)

    def less(self, number: str) -> Filter:
        """It is a smaller number."""
        return self._compare("lt", number)

    def at_most(self, number: str) -> Filter:
        """It is no larger number."""
        return self._compare("lte", number)

    def greater(self, number: str) -> Filter:
        """It is a larger number."""
        return self._compare("gt", number)

    def at_least(self, number: str) -> Filter:
        """It is no smaller number."""
        return self._compare("gte", number)

    def _compare(self, how: str, value: str) -> Filter:
        return Filter(key=self._key, cmp=how, val=value)


def tag(key: str) -> Tag:
    """The tag of this name."""
    return Tag(key)
