"""Tags filters: what is refused, and what a valid one lets through."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadenza.protocol.errors import FilterError
from cadenza.protocol.messages import FilterNode
from cadenza.protocol.tags_filter import FilterLimits, compile_filter, validate


def leaf(cmp, val="", *vals, key="k"):
    return FilterNode(key=key, cmp=cmp, val=val, vals=list(vals))


def branch(op, *nodes):
    return FilterNode(op=op, nodes=list(nodes))


@pytest.mark.parametrize(
    ("node", "rule"),
    [
        (FilterNode(op="maybe"), "tf: unknown op 'maybe'"),
        (FilterNode(key="k"), "tf: unknown cmp ''"),
        (leaf("like", "x"), "tf: unknown cmp 'like'"),
        (leaf("eq"), "tf: 'eq' needs val"),
        (leaf("neq"), "tf: 'neq' needs val"),
        (leaf("sw"), "tf: 'sw' needs val"),
        (leaf("gte"), "tf: 'gte' needs val"),
        (leaf("eq", "a", "b"), "tf: 'eq' takes val, not vals"),
        (leaf("in"), "tf: 'in' needs vals"),
        (leaf("nin"), "tf: 'nin' needs vals"),
        (leaf("in", "a", "b"), "tf: 'in' takes vals, not val"),
        (leaf("ex", "a"), "tf: 'ex' takes neither"),
        (leaf("nex", "", "a"), "tf: 'nex' takes neither"),
        (leaf("eq", "a", key=""), "tf: 'eq' needs key"),
        (leaf("nin", "", "a", key=""), "tf: 'nin' needs key"),
        (branch("and"), "tf: 'and' needs at least one"),
        (branch("or"), "tf: 'or' needs at least one"),
        (branch("not"), "tf: 'not' needs exactly one"),
        (branch("not", leaf("ex"), leaf("ex")), "tf: 'not' needs exactly one"),
        (branch("or", leaf("ex"), branch("not", leaf("eq"))), r"tf.nodes\[1\].nodes\[0\]: 'eq'"),
    ],
)
def test_an_invalid_filter_is_refused_with_its_rule_and_its_place(node, rule):
    for check in (validate, compile_filter):
        with pytest.raises(FilterError, match=rule):
            check(node)


@pytest.mark.parametrize("node", [leaf("ex", key=""), leaf("nex", key=""), leaf("in", "", "")])
def test_a_filter_may_be_odd_and_valid(node):
    validate(node)


@pytest.mark.parametrize(
    ("limits", "rule"),
    [
        (FilterLimits(depth=2), "deeper than 2"),
        (FilterLimits(nodes=3), "more than 3 nodes"),
        (FilterLimits(values=2), "more than 2 vals"),
    ],
)
def test_a_filter_that_is_too_large_is_refused(limits, rule):
    node = branch("and", branch("not", leaf("in", "", "a", "b")), leaf("in", "", "c"))
    validate(node, FilterLimits(depth=3, nodes=4, values=3))
    with pytest.raises(FilterError, match=rule):
        validate(node, limits)


def test_a_very_deep_filter_does_not_exhaust_the_stack():
    node = leaf("ex")
    for _ in range(50_000):
        node = branch("not", node)
    with pytest.raises(FilterError, match="deeper"):
        validate(node)
    # Its own destruction must not be what exhausts the stack.
    while node.nodes:
        node = node.nodes.pop()


@pytest.mark.parametrize(
    ("node", "tag", "matches"),
    [
        (leaf("eq", "a"), "a", True),
        (leaf("eq", "a"), "A", False),
        (leaf("eq", "1"), "1.0", False),
        (leaf("eq", "a"), None, False),
        (leaf("neq", "a"), "b", True),
        (leaf("neq", "a"), None, True),
        (leaf("in", "", "a", "b"), "b", True),
        (leaf("in", "", "a", ""), None, False),
        (leaf("nin", "", "a", "b"), "c", True),
        (leaf("nin", "", "a", ""), None, True),
        (leaf("ex"), "", True),
        (leaf("ex"), None, False),
        (leaf("nex"), None, True),
        (leaf("sw", "ab"), "abc", True),
        (leaf("ew", "bc"), "abc", True),
        (leaf("ct", "b"), "abc", True),
        (leaf("ct", "b"), None, False),
        (leaf("gt", "9"), "10", True),
        (leaf("gt", "0.1"), "0.10", False),
        (leaf("gte", "0.1"), "0.10", True),
        (leaf("lt", "-1"), "-1.5", True),
        (leaf("lte", "+2"), "2.00", True),
        (leaf("gt", "0.1"), "0.1000000000000000000000000000000000000001", True),
        (leaf("lt", "1"), None, False),
    ],
)
def test_comparisons(node, tag, matches):
    tags = {"other": "x"} if tag is None else {"k": tag}
    assert compile_filter(node)(tags) is matches


@pytest.mark.parametrize(
    "text",
    ["", "x", "NaN", "inf", "-Infinity", "1e5", "1_000", " 1", "1 ", "1.", ".5", "٣", "1" * 200],
)
@pytest.mark.parametrize("cmp", ["gt", "gte", "lt", "lte"])
def test_a_comparison_with_what_is_no_plain_number_is_false(cmp, text):
    assert compile_filter(leaf(cmp, "0"))({"k": text}) is False
    if text:
        assert compile_filter(leaf(cmp, text))({"k": "0"}) is False


WORDS = st.sampled_from(["a", "ab", "b", "1", "1.0", "2", "-3", "nan", ""])
KEYS = st.sampled_from(["k", "l", "m"])
FULL = WORDS.filter(bool)
LEAVES = st.one_of(
    st.builds(
        lambda cmp, key, val: leaf(cmp, val, key=key),
        st.sampled_from(["eq", "neq", "sw", "ew", "ct", "lt", "lte", "gt", "gte"]),
        KEYS,
        FULL,
    ),
    st.builds(
        lambda cmp, key, vals: leaf(cmp, "", *vals, key=key),
        st.sampled_from(["in", "nin"]),
        KEYS,
        st.lists(WORDS, min_size=1, max_size=3),
    ),
    st.builds(lambda cmp, key: leaf(cmp, key=key), st.sampled_from(["ex", "nex"]), KEYS),
)
FILTERS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(
            lambda op, nodes: branch(op, *nodes),
            st.sampled_from(["and", "or"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        inner.map(lambda node: branch("not", node)),
    ),
    max_leaves=8,
)


def naive(node, tags):
    """The rules, read off the specification one after another."""
    if node.op:
        results = [naive(child, tags) for child in node.nodes]
        return {"and": all(results), "or": any(results), "not": not results[0]}[node.op]
    tag = tags.get(node.key)
    if tag is None:
        return node.cmp in {"neq", "nin", "nex"}
    if node.cmp in {"lt", "lte", "gt", "gte"}:
        try:
            sign = Decimal(tag).compare(Decimal(node.val))
        except InvalidOperation:
            return False
        accepted = {"lt": [-1], "lte": [-1, 0], "gt": [1], "gte": [1, 0]}[node.cmp]
        return not sign.is_nan() and int(sign) in accepted
    return {
        "eq": tag == node.val,
        "neq": tag != node.val,
        "in": tag in node.vals,
        "nin": tag not in node.vals,
        "ex": True,
        "nex": False,
        "sw": tag[: len(node.val)] == node.val,
        "ew": tag.endswith(node.val),
        "ct": tag.find(node.val) >= 0,
    }[node.cmp]


@given(FILTERS, st.dictionaries(KEYS, WORDS))
def test_a_compiled_filter_agrees_with_a_naive_evaluation(node, tags):
    assert compile_filter(node)(tags) is naive(node, tags)
