"""Tags filters of subscriptions (``tf``): check one, and turn it into a function of the tags.

A publication whose tags do not match is not delivered to that subscriber. Source: section 1.4.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Final

from cadenza.protocol.errors import FilterError
from cadenza.protocol.messages import FilterNode

Tags = Mapping[str, str]
Predicate = Callable[[Tags], bool]
_Test = Callable[[str], bool]

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,100}(?:\.[0-9]{1,100})?", re.ASCII)
_NUMERIC: Final[dict[str, Callable[[Decimal, Decimal], bool]]] = {
    "gt": gt,
    "gte": ge,
    "lt": lt,
    "lte": le,
}
_WITH_VAL: Final = frozenset({"eq", "neq", "sw", "ew", "ct", *_NUMERIC})
_WITH_VALS: Final = frozenset({"in", "nin"})
_BARE: Final = frozenset({"ex", "nex"})


@dataclass(frozen=True, slots=True)
class FilterLimits:
    """The largest filter; it is evaluated for every publication of its channel."""

    depth: int = 16
    nodes: int = 128
    values: int = 1024


DEFAULT_LIMITS: Final = FilterLimits()


def validate(node: FilterNode, limits: FilterLimits = DEFAULT_LIMITS) -> None:
    """Check a filter as the server does when a client subscribes.

    Raises:
        FilterError: A rule is broken (error 107 for the client); it names the rule and the node.
    """
    nodes = values = 0
    waiting = [(node, "tf", 1)]
    while waiting:
        current, path, depth = waiting.pop()
        nodes += 1
        values += len(current.vals)
        if depth > limits.depth:
            raise FilterError(f"nested deeper than {limits.depth} nodes", path)
        if nodes + len(current.nodes) > limits.nodes:
            raise FilterError(f"more than {limits.nodes} nodes", path)
        if values > limits.values:
            raise FilterError(f"more than {limits.values} vals", path)
        rule = _broken_rule(current)
        if rule is not None:
            raise FilterError(rule, path)
        if current.op:
            children = enumerate(current.nodes)
            waiting += [(child, f"{path}.nodes[{i}]", depth + 1) for i, child in children]


def _broken_rule(node: FilterNode) -> str | None:
    match node.op:
        case "":
            return _broken_leaf_rule(node)
        case "and" | "or":
            return None if node.nodes else f"{node.op!r} needs at least one child in nodes"
        case "not":
            return None if len(node.nodes) == 1 else "'not' needs exactly one child in nodes"
        case _:
            return f"unknown op {node.op!r}: it is 'and', 'or', 'not' or empty"


def _broken_leaf_rule(node: FilterNode) -> str | None:
    cmp = node.cmp
    if cmp in _BARE:
        return f"{cmp!r} takes neither val nor vals" if node.val or node.vals else None
    if cmp in _WITH_VAL:
        if not node.val:
            return f"{cmp!r} needs val"
        if node.vals:
            return f"{cmp!r} takes val, not vals"
    elif cmp in _WITH_VALS:
        if not node.vals:
            return f"{cmp!r} needs vals"
        if node.val:
            return f"{cmp!r} takes vals, not val"
    else:
        known = ", ".join(sorted(_WITH_VAL | _WITH_VALS | _BARE))
        return f"unknown cmp {cmp!r}: it is one of {known}"
    return None if node.key else f"{cmp!r} needs key"


def compile_filter(node: FilterNode, limits: FilterLimits = DEFAULT_LIMITS) -> Predicate:
    """A function that says whether a publication's tags match.

    Raises:
        FilterError: The filter is not valid.
    """
    validate(node, limits)
    return _compile(node)


def _compile(node: FilterNode) -> Predicate:
    if node.op == "":
        return _leaf(node)
    children = tuple(_compile(child) for child in node.nodes)
    if node.op == "and":
        return lambda tags: all(child(tags) for child in children)
    if node.op == "or":
        return lambda tags: any(child(tags) for child in children)
    negated = children[0]
    return lambda tags: not negated(tags)


def _leaf(node: FilterNode) -> Predicate:
    key, val, values = node.key, node.val, frozenset(node.vals)
    match node.cmp:
        case "ex":
            return lambda tags: key in tags
        case "nex":
            return lambda tags: key not in tags
        case "eq":
            return lambda tags: tags.get(key) == val
        case "neq":
            return lambda tags: tags.get(key) != val
        case "in":
            return lambda tags: tags.get(key) in values
        case "nin":
            return lambda tags: tags.get(key) not in values
    test = _text_test(node.cmp, val)

    def present_and_true(tags: Tags) -> bool:
        tag = tags.get(key)
        return tag is not None and test(tag)

    return present_and_true


def _text_test(cmp: str, val: str) -> _Test:
    match cmp:
        case "sw":
            return lambda tag: tag.startswith(val)
        case "ew":
            return lambda tag: tag.endswith(val)
        case "ct":
            return lambda tag: val in tag
    compare, bound = _NUMERIC[cmp], _number(val)
    if bound is None:
        return lambda _: False

    def compare_numbers(tag: str) -> bool:
        number = _number(tag)
        return number is not None and compare(number, bound)

    return compare_numbers


def _number(text: str) -> Decimal | None:
    """A plain decimal: no exponent, no infinity, no spaces, only ASCII digits."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None
