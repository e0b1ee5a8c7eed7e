"""RE2 patterns in Python."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadenza.config.errors import PatternError
from cadenza.config.re2 import compile_pattern, fixed_choices, may_take_long


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("^[a-z0-9-]+$", "abc-1", "abc\n"),
        (r"^\d+$", "12", "١٢"),
        (r"^\w+\z", "ab_1", "é"),
        (r"^a\sb$", "a b", "a\vb"),
        (r"^a\Sb$", "a\vb", "a b"),
        (r"^[\s]$", "\t", "\v"),
        (r"^[[:alpha:]_]+$", "ab_", "a1"),
        (r"^[[:punct:]]$", "~", "a"),
        (r"^[[]$", "[", "a"),
        (r"^[]a]$", "]", "b"),
        (r"^[^]a]$", "b", "]"),
        (r"^[a&&b]$", "&", "c"),
        (r"^\Qa.b\E$", "a.b", "axb"),
        (r"^\x{41}\x42$", "AB", "ab"),
        (r"^(?P<a>x)(?<b>y)$", "xy", "x"),
        (r"^(?i:AB)$", "ab", "cd"),
        (r"(?i)^ab$", "AB", "cd"),
        (r"^a{2}b{1,}c{0,3}$", "aabcc", "ab"),
        (r"^a+?b*?c??$", "ab", "b"),
        (r"^{x$", "{x", "x"),
        (r"^a\.b\$\[\-$", "a.b$[-", "axb"),
        (r"a|b$", "a\n", "b\n"),
        (r"[$]", "$", "a"),
    ],
)
def test_pattern_means_what_it_means_in_re2(pattern, matching, other):
    """Both a text that matches and one that only Python's own reading would match."""
    compiled = compile_pattern(pattern)
    assert compiled.search(matching)
    assert not compiled.search(other)


@pytest.mark.parametrize(
    "pattern",
    [
        "(?=a)",
        "(?!a)",
        "(?<=a)",
        "(?<!a)",
        r"(a)\1",
        "(?P=a)",
        "(?#x)",
        "(?>a)",
        "(?(1)a|b)",
        "a*+",
        "a++",
        "a?+",
        "a{2}+",
        "a{,3}",
        r"\pL",
        r"\p{Greek}",
        r"\Z",
        r"\C",
        r"[\S]",
        r"[\b]",
        r"\x{110000}",
        r"\xg",
        "a(?i)b",
        "(?m)^a$",
        "(?U)a",
        "[[:^alpha:]]",
        "[[:word",
        "(",
        ")",
        "[a",
        "*",
        "a**",
        "\\",
        r"\d\e",
        "a{2}{3}",
        "[b-a]",
    ],
)
def test_pattern_that_only_one_side_knows_is_refused(pattern):
    """No pattern may silently check something else than its author thinks."""
    with pytest.raises(PatternError):
        compile_pattern(pattern)


@given(st.text(max_size=30))
def test_any_text_either_compiles_or_is_refused_with_the_one_error(text):
    """No other exception escapes, whatever an operator writes."""
    try:
        compiled = compile_pattern(text)
    except PatternError:
        return
    assert isinstance(compiled, re.Pattern)


@given(st.text(min_size=1, max_size=20))
def test_quoted_text_matches_itself(text):
    """``re.escape`` writes only escapes that RE2 knows."""
    assert compile_pattern("^" + re.escape(text) + "$").search(text)


@pytest.mark.parametrize(
    ("pattern", "slow"),
    [
        ("^(a+)+$", True),
        ("(a|b*)*", True),
        ("((ab)+c){2,}", True),
        ("^[a-z]+(-[a-z]+)?$", False),
        ("(a+){3}", False),
        ("(ab)+(cd)*", False),
    ],
)
def test_repeated_repetitions_are_found(pattern, slow):
    """They take exponential time in Python on hostile names."""
    assert may_take_long(pattern) is slow


@pytest.mark.parametrize(
    ("pattern", "choices"),
    [
        (r"^https://(?P<tenant>one|two)\.example$", ("one", "two")),
        (r"(?<tenant>a\.b|c-d)", ("a.b", "c-d")),
        (r"(?P<tenant>[a-z]+)", None),
        (r"(?P<tenant>one|.*)", None),
        (r"(?P<other>one)", None),
    ],
)
def test_fixed_choices_of_a_group(pattern, choices):
    """Only a plain list of texts counts as fixed."""
    assert fixed_choices(pattern, "tenant") == choices
