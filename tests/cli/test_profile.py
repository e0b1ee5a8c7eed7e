"""Profiles: the file, who reads it, and that no secret gets out."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from cadenza.cli.profiles import config_path

OPTIONS = ("--feed", "simulated")


@pytest.fixture
def path(environment):
    return Path(environment["CADENZA_CONFIG_FILE"])


def test_a_token_is_kept_for_the_user_alone_and_never_shown(cadenza, server, token, path):
    """Not by list, show, errors or a failed connection."""
    secret = token()
    added = cadenza("profile", "add", "mine", "--url", server.ws, "--token-stdin", stdin=secret)
    assert (added.returncode, added.stderr) == (0, f"profile mine is in {path}\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert secret in path.read_text()
    outputs = [
        cadenza("profile", "list"),
        cadenza("profile", "list", "--json"),
        cadenza("profile", "show", "mine"),
        cadenza("rpc", "query.venue.list"),
        cadenza("rpc", "no.such", "--profile", "mine"),
        cadenza("profile", "add", "mine", "--url", server.ws),
    ]
    assert [it.returncode for it in outputs] == [0, 0, 0, 0, 1, 2]
    assert "kept in the file" in outputs[2].stdout
    assert all(secret not in it.stdout + it.stderr for it in outputs)


def test_a_file_that_others_may_read_is_warned_of(cadenza, server, token, path, tmp_path):
    """That of the profiles, and that of a token; the command goes on."""
    cadenza("profile", "add", "mine", "--url", server.ws, "--token-stdin", stdin=token())
    path.chmod(0o644)
    found = cadenza("rpc", "query.venue.list")
    assert found.returncode == 0
    assert f"warning: {path} has a token and others may read it: chmod 600 {path}" in found.stderr
    file = tmp_path / "token"
    file.write_text(token() + "\n")
    file.chmod(0o640)
    found = cadenza("rpc", "query.venue.list", "--token-file", file)
    assert found.returncode == 0
    assert f"warning: others may read {file}: chmod 600 {file}" in found.stderr
    file.chmod(0o600)
    assert "warning" not in cadenza("rpc", "query.venue.list", "--token-file", file).stderr.replace(
        f"warning: {path}", ""
    )


def test_a_token_comes_from_a_command_or_a_variable(cadenza, server, token, path, tmp_path):
    """Neither is in the file, nor in what is printed."""
    script = tmp_path / "give token"
    script.write_text(f"#!/bin/sh\necho {token()}\n")
    script.chmod(0o700)
    cadenza("profile", "add", "a", "--url", server.ws, "--token-command", f"'{script}'")
    cadenza("profile", "add", "b", "--url", server.ws, "--token-env", "MY_TOKEN")
    for name, code in (("a", 0), ("b", 0)):
        found = cadenza("rpc", "query.venue.list", "--profile", name, MY_TOKEN=token())
        assert found.returncode == code
    found = cadenza("rpc", "query.venue.list", "--profile", "b")
    assert found.returncode == 4
    assert "MY_TOKEN, which is not set" in found.stderr


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("false", "token_command ended with exit code 1"),
        ("true", "what token_command printed is no token"),
        ("echo two words", "what token_command printed is no token"),
        ("/no/such/program", "cannot run token_command: No such file or directory"),
        ("'", "cannot run token_command"),
    ],
)
def test_a_command_that_gives_no_token(cadenza, server, command, words):
    """Said in a sentence, without what it printed."""
    cadenza("profile", "add", "a", "--url", server.ws, "--token-command", command)
    found = cadenza("rpc", "query.venue.list")
    assert found.returncode in {2, 4}
    assert words in found.stderr
    assert "two words" not in found.stderr


def test_what_wins(cadenza, server, token, path):
    """A named profile before the environment, that before the default one; an address before all.

    The token of a profile that was not named goes to its own address only.
    """
    nowhere = "ws://127.0.0.1:1/x"
    good, bad = token(), "not-a-token"
    cadenza("profile", "add", "bad", "--url", server.ws, "--token-stdin", stdin=bad)
    cadenza("profile", "add", "good", "--url", server.ws, "--token-stdin", stdin=good)
    cadenza("profile", "add", "far", "--url", nowhere, "--token-stdin", stdin=good)

    def code(*options, **variables):
        return cadenza("rpc", "query.venue.list", *options, **variables).returncode

    assert code() == 4  # bad is the default, as it was the first
    assert code("--profile", "good") == 0
    assert code(CADENZA_PROFILE="good") == 0
    assert code(CADENZA_TOKEN=good) == 0
    assert code("--profile", "good", CADENZA_TOKEN=bad) == 0
    assert code("--profile", "far") == 3
    assert code("--profile", "far", "--url", server.ws) == 0
    other = server.ws.replace("127.0.0.1", "localhost")
    cadenza("profile", "add", "good", "--url", server.ws, "--token-stdin", "--replace", "--default",
            stdin=good)  # fmt: skip
    assert code() == 0
    assert code("--url", other) == 4  # without a token


def test_the_file_keeps_its_comments(cadenza, path):
    """And everything else that a user wrote; only the one profile is another."""
    path.parent.mkdir(parents=True)
    path.write_text(
        '# mine\ndefault = "a"\n\n[profiles.a]  # first\nurl = "ws://a/"  # here\n\n'
        '[profiles.b]\nurl = "ws://b/"\n'
    )
    assert cadenza("profile", "add", "c", "--url", "ws://c/", "--account", "7").returncode == 0
    assert (
        cadenza("profile", "add", "b", "--url", "ws://d/", "--replace", "--default").returncode == 0
    )
    assert path.read_text() == (
        'default = "b"\n# mine\n\n[profiles.a]  # first\nurl = "ws://a/"  # here\n\n'
        '[profiles.c]\nurl = "ws://c/"\naccount = "7"\n\n[profiles.b]\nurl = "ws://d/"\n'
    )
    rows = [json.loads(line) for line in cadenza("profile", "list", "--json").stdout.splitlines()]
    assert [(it["profile"], it["url"], it["default"]) for it in rows] == [
        ("a", "ws://a/", False),
        ("c", "ws://c/", False),
        ("b", "ws://d/", True),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("profiles", "is not right"),
        ("[profiles.a]\nurl = 1\n", "is not right"),
        ('[profiles.a]\ntoken = "s3cret"\ntoken_env = "X"\n', "token and token_env; keep one"),
        ('[profiles.a]\ntokn = "s3cret"\n', "unknown field"),
        ('default = "b"\n[profiles.a]\n', "the default profile b is not in it"),
    ],
)
def test_a_file_that_is_wrong(cadenza, path, text, words):
    """Exit code 2, its name and what is wrong; nothing that it holds, and it is not changed."""
    path.parent.mkdir(parents=True)
    path.write_text(text)
    for command in (["profile", "list"], ["profile", "add", "c", "--url", "ws://c/"], ["rpc", "x"]):
        found = cadenza(*command)
        assert found.returncode == 2
        assert str(path) in found.stderr
        assert words in found.stderr
        assert "s3cret" not in found.stderr
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add", "a b", "--url", "ws://a/"], "a name has letters"),
        (["add", "a", "--url", "http://a/"], "looks like ws://"),
        (["add", "a", "--url", "ws://a/", "--token-env", "X", "--token-stdin"], "one place"),
        (["show", "a"], "there is no profile a in"),
        (["add", "a"], "Missing option"),
    ],
)
def test_what_cannot_be_a_profile(cadenza, path, arguments, words):
    """Exit code 2, and no file."""
    found = cadenza("profile", *arguments, stdin="x")
    assert found.returncode == 2
    assert words in found.stderr
    assert not path.exists()


def test_the_file_is_where_xdg_says(tmp_path):
    """A folder that is not absolute does not count, as the specification says."""
    home = Path.home() / ".config/cadenza/config.toml"
    assert config_path({"XDG_CONFIG_HOME": str(tmp_path)}) == tmp_path / "cadenza/config.toml"
    assert config_path({"XDG_CONFIG_HOME": "here"}) == home
    assert config_path({}) == home
    assert config_path({"CADENZA_CONFIG_FILE": "x.toml"}) == Path("x.toml")


def test_a_token_typed_at_a_terminal_is_not_shown(terminal, path):
    """The prompt comes, the letters do not."""
    typing = terminal("profile", "add", "a", "--url", "ws://a/", "--token-stdin")
    typing.read(b"Token")
    typing.type("s3cret", hidden=True)
    assert typing.end() == 0
    assert b"profile a is in" in typing.seen
    assert b"s3cret" not in typing.seen
    assert 'token = "s3cret"' in path.read_text()
