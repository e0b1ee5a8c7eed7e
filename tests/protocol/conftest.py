"""What the tests of this room share: strategies for every message, and the recorded reference."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import strategies as st
from msgspec import Raw

from cadenza.protocol import messages as m
from cadenza.protocol.protobuf_fields import FIELDS, ByName, Kind, Layout, Repeated

ENVELOPES = {m.Command, m.Reply, m.Push}

Strategies = Callable[..., st.SearchStrategy[Any]]

_json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)
_payloads = {
    "json": st.builds(
        lambda value, ascii_only: Raw(json.dumps(value, ensure_ascii=ascii_only).encode()),
        _json_values,
        st.booleans(),
    ),
    "protobuf": st.builds(Raw, st.binary(min_size=1, max_size=20)),
}
_scalars: dict[str, st.SearchStrategy[Any]] = {
    "bool": st.booleans(),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint32": st.integers(0, 2**32 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "sint64": st.integers(-(2**63), 2**63 - 1),
    "string": st.text(max_size=10),
}


@cache
def _messages(
    kind: type[m.Message] | Layout, form: str = "protobuf", depth: int = 3
) -> st.SearchStrategy[Any]:
    """Messages of one kind, with payloads of the given form; an envelope holds one body at most."""
    struct, fields = (
        (kind.struct, kind.fields) if isinstance(kind, Layout) else (kind, FIELDS[kind])
    )
    values = {name: _values(item, form, depth) for name, (_, item) in fields.items()}
    if struct in ENVELOPES:
        scalars = {n: v for n, v in values.items() if isinstance(fields[n][1], str)}
        bodies = [
            st.builds(struct, **scalars, **{name: value})
            for name, value in values.items()
            if name not in scalars
        ]
        return st.one_of(st.builds(struct, **scalars), *bodies)
    required = set(struct.__struct_fields__[: -len(struct.__struct_defaults__) or None])
    return st.fixed_dictionaries(
        {name: value for name, value in values.items() if name in required},
        optional={name: value for name, value in values.items() if name not in required},
    ).map(lambda given: struct(**given))


def _values(kind: Kind, form: str, depth: int) -> st.SearchStrategy[Any]:
    if kind == "bytes":
        return _payloads[form]
    if isinstance(kind, str):
        return _scalars[kind]
    if isinstance(kind, Repeated):
        if depth == 0:
            return st.just([])
        return st.lists(_values(kind.item, form, depth - 1), max_size=2)
    if isinstance(kind, ByName):
        return st.dictionaries(st.text(max_size=5), _values(kind.item, form, depth), max_size=2)
    return _messages(kind, form, depth)


@pytest.fixture(scope="session")
def messages() -> Strategies:
    """Strategies by struct: ``messages(Command, "json")``."""
    return _messages


@pytest.fixture(scope="session")
def wire(shared: Path) -> ModuleType:
    """An independent codec of the same protocol, in plain dictionaries."""
    path = shared / "conformance/wire.py"
    spec = importlib.util.spec_from_file_location("conformance_wire", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
