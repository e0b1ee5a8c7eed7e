"""Configuration files, read and written."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadenza.config import ConfigError, load
from cadenza.config.formats import MAX_BYTES, _toml_text

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


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '{"http_server": {"port": 81}}'),
        ("a.yaml", "http_server:\n  port: 81\n"),
        ("a.yml", "http_server: {port: 81}"),
        ("a.toml", "[http_server]\nport = 81\n"),
        ("A.JSON", '\ufeff{"HTTP_Server": {"Port": 81}}'),
    ],
)
def test_format_is_told_by_the_ending(tmp_path, name, text):
    """Names of options do not depend on the case, a byte order mark does no harm."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert load(path, {})[0].http_server.port == 81


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.json", '{"a": ', "cannot be parsed"),
        ("a.json", '{"log": {}, "log": {}}', '"log" is there twice'),
        ("a.json", "[]", "must hold sections of options, not a list"),
        ("a.yaml", "a: b: c", "cannot be parsed"),
        ("a.yaml", "a: !!python/object:os.system {}", "cannot be parsed"),
        ("a.toml", "a = ", "cannot be parsed"),
        ("a.ini", "", "must end in .json, .yaml, .yml, .toml"),
    ],
)
def test_unusable_file_is_an_error_that_names_it(tmp_path, name, text, words):
    """Whatever the format."""
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert str(path) in str(caught.value)
    assert words in str(caught.value)


def test_malformed_yaml_does_not_show_its_lines(tmp_path):
    """A parser that quotes the place of the mistake would print secrets."""
    path = tmp_path / "a.yaml"
    path.write_text("client:\n  token:\n    hmac_secret_key: hush: hush\n")
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert "hush" not in str(caught.value)
    assert "line 3" in str(caught.value)


def test_missing_and_oversized_files_are_errors(tmp_path):
    """Also a folder, which cannot be read."""
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "none.json", {})
    folder = tmp_path / "folder.json"
    folder.mkdir()
    with pytest.raises(ConfigError, match="directory"):
        load(folder, {})
    large = tmp_path / "large.json"
    large.write_bytes(b" " * (MAX_BYTES + 1))
    with pytest.raises(ConfigError, match="larger than"):
        load(large, {})


def test_empty_yaml_is_the_default(tmp_path):
    """A file with comments only."""
    path = tmp_path / "a.yaml"
    path.write_text("# nothing yet\n")
    assert load(path, {})[1] == []


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_a_tree_as_toml_reads_back_equal(tree):
    """For every tree of texts, numbers, lists and tables."""
    assert tomllib.loads(_toml_text(tree)) == tree


def test_a_value_that_toml_does_not_have_is_an_error():
    """TOML has no null."""
    with pytest.raises(TypeError, match="NoneType"):
        _toml_text({"a": None})
