"""Writing TOML."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadenza.config.formats import _toml_text

NAMES = st.from_regex(r"\A[a-z_]{1,6}\Z")
PLAIN = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(
    PLAIN | st.lists(PLAIN, max_size=3),
    lambda inner: (
        st.dictionaries(NAMES, inner, max_size=3)
        | st.lists(st.dictionaries(NAMES, inner, max_size=3), max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_written_tree_reads_back_equal(tree):
    """For every tree of texts, numbers, lists and tables."""
    assert tomllib.loads(_toml_text(tree)) == tree


def test_value_of_another_type_is_an_error():
    """TOML has no null."""
    with pytest.raises(TypeError, match="NoneType"):
        _toml_text({"a": None})
