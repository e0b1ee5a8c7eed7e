"""What a sandbox says once it listens."""

from __future__ import annotations

from pathlib import Path

import pytest

from cadenza.cli.welcome import welcome
from cadenza.config import KeyOrigins, dump, load_tree, sandbox

NAMES = ["PAPER:BTC/USDT", "BINANCE:BTC/USDT"]


@pytest.fixture
def said():
    """The greeting of a sandbox; options by their dotted names."""

    def say(origins=KeyOrigins(), **overrides):  # noqa: B008 - a tuple
        options = {name.replace("__", "."): value for name, value in overrides.items()}
        config, _ = load_tree(dump(sandbox(), redact=False), {}, options)
        return welcome(config, 8123, NAMES, 1_700_000_000.0, 7 * 86_400, origins)

    return say


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({}, "with paper money, forgotten at the end; --data DIR keeps it"),
        ({"trading__store__path": "/data"}, "with paper money, kept in /data"),
        ({"trading__enabled": False}, "Trading      none (trading.enabled is false)"),
    ],
)
def test_it_says_where_one_trades_and_whether_it_lasts(said, overrides, words):
    """By the configuration that it really has."""
    text = said(**overrides)
    assert words in text
    assert ("http://127.0.0.1:8123/api/v3" in text) == ("none" not in words)


def test_the_page_comes_first_and_the_admin_token_is_the_api_key(said):
    """So that whoever ran `make serve` can open the page and operate from it at once."""
    text = said(http_api__key="the-key-of-this-test", dashboard__enabled=True)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    assert lines[1:3] == [
        "Page         http://127.0.0.1:8123/",
        "Admin token  the-key-of-this-test",
    ]
    assert "/ui/" not in text
    assert "Page         http://127.0.0.1:8123/ui/" in said(
        dashboard__handler_prefix="/ui/", dashboard__enabled=True
    )


def test_a_sandbox_without_the_page_does_not_name_it(said):
    text = said(dashboard__enabled=False)
    assert "Page" not in text
    assert "Admin token" not in text


def test_the_examples_are_about_an_instrument_that_there_is(said):
    """The first of those that are served, the paper ones before all others."""
    text = said()
    assert f"Instruments  {', '.join(NAMES)}" in text
    assert f"market:orderBook:{NAMES[0]}" in text


@pytest.mark.parametrize(
    ("origins", "words", "never"),
    [
        (KeyOrigins(), ["Keys and tokens are made anew", "--data DIR"], ["kept in"]),
        (
            KeyOrigins(file=Path("/d/keys.json")),
            ["Keys are kept in /d/keys.json", "remove that file"],
            ["made anew"],
        ),
        (
            KeyOrigins("CADENZA_CLIENT_TOKEN_HMAC_SECRET_KEY", "CENTRIFUGO_HTTP_API_KEY"),
            [
                "The key of tokens comes from CADENZA_CLIENT_TOKEN_HMAC_SECRET_KEY",
                "The API key comes from CENTRIFUGO_HTTP_API_KEY",
            ],
            ["made anew", "keys.json"],
        ),
        (
            KeyOrigins(token="A", file=Path("/d/keys.json")),
            ["The key of tokens comes from A", "The API key is kept in /d/keys.json"],
            ["made anew"],
        ),
        (
            KeyOrigins(api="B"),
            ["The API key comes from B", "The key of tokens is made anew at every start"],
            ["The API key is", "keys.json"],
        ),
    ],
)
def test_it_says_where_the_keys_come_from_and_how_to_change_them(said, origins, words, never):
    last = said(origins).rpartition("'{}'")[2]
    assert all(word in last for word in words)
    assert not any(word in last for word in never)
