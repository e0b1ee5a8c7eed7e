"""Single values: secrets, which never show."""

from __future__ import annotations

import logging

import pytest

from cadenza.config import Config, Secret, dump, dumps, sandbox


def logged(secret):
    return logging.LogRecord("n", logging.INFO, "p", 1, "key %s", (secret,), None).getMessage()


@pytest.mark.parametrize(
    "show", [repr, str, "{}".format, "{:>9}".format, lambda s: f"{s!r} {s}", logged]
)
def test_secret_never_shows(show):
    """In no way of making a text of it."""
    assert "hush" not in show(Secret("hush"))
    assert "***" in show(Secret("hush"))


def test_secret_is_the_text_it_holds():
    """For comparison and encoding, and revealed as a plain string."""
    assert Secret("hush") == "hush"
    assert Secret("hush").encode() == b"hush"
    assert type(Secret("hush").reveal()) is str
    assert Secret("hush").reveal() == "hush"


def test_empty_secret_shows_as_empty():
    """So that a log tells whether a key is configured at all."""
    assert repr(Secret("")) == "''"


def test_configuration_shows_no_secret():
    """Neither its repr nor its dump, unless asked for."""
    config = sandbox(lambda size: "ab" * size)
    assert "abab" not in repr(config)
    assert "abab" not in str(dump(config))
    assert dump(config)["http_api"]["key"] == "***"
    assert dump(config, redact=False)["http_api"]["key"] == "ab" * 32
    assert "abab" not in dumps(config, "yaml")
    assert dump(Config())["http_api"]["key"] == ""
