"""The command ``cadenza token``."""

from __future__ import annotations

import json
import time

import jwt
import pytest
import typer
from typer.testing import CliRunner

from cadenza.cli.token import token
from cadenza.config import load
from cadenza.server.tokens import TokenVerifier

RUNNER = CliRunner()
KEY = "0123456789abcdef0123456789abcdef"
OTHER = "fedcba9876543210fedcba9876543210"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    """The tester's own variables must not decide."""
    monkeypatch.setattr("os.environ", {})


@pytest.fixture
def app():
    """The command alone, as the command line mounts it."""
    mounted = typer.Typer()
    mounted.command()(token)
    return mounted


def write(tmp_path, client):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"client": client}))
    return str(path)


def test_connection_token_is_accepted_by_the_server_of_the_same_file(app, tmp_path):
    """User and expiry are in it, nothing else is printed."""
    path = write(tmp_path, {"token": {"hmac_secret_key": KEY, "audience": "me"}})
    before = int(time.time())
    result = RUNNER.invoke(app, ["--user", "alice", "--config", path, "--ttl", "1h"])
    assert result.exit_code == 0
    verifier = TokenVerifier(load(path, {})[0].client)
    claims = verifier.connect(result.stdout.strip(), before)
    assert claims.user == "alice"
    assert before + 3600 <= claims.expire_at <= time.time() + 3600


def test_subscription_token_is_signed_with_its_own_key(app, tmp_path):
    """Where the file has one."""
    own = {"enabled": True, "hmac_secret_key": OTHER}
    path = write(tmp_path, {"token": {"hmac_secret_key": KEY}, "subscription_token": own})
    result = RUNNER.invoke(app, ["--user", "alice", "--config", path, "--channel", "news:a"])
    claims = jwt.decode(result.stdout.strip(), OTHER, ["HS256"], options={"verify_iat": False})
    assert (claims["sub"], claims["channel"]) == ("alice", "news:a")
    assert "exp" not in claims


@pytest.mark.parametrize(
    ("extra", "option", "variable"),
    [
        ([], "client.token.hmac_secret_key", "CADENZA_CLIENT_TOKEN_HMAC_SECRET_KEY"),
        (
            ["--channel", "news:a"],
            "client.subscription_token.hmac_secret_key",
            "CADENZA_CLIENT_SUBSCRIPTION_TOKEN_HMAC_SECRET_KEY",
        ),
    ],
)
def test_without_a_key_it_says_what_to_put_where(app, tmp_path, extra, option, variable):
    """Option and variable, ready to copy."""
    path = write(tmp_path, {"subscription_token": {"enabled": True}})
    result = RUNNER.invoke(app, ["--user", "alice", "--config", path, *extra])
    assert result.exit_code == 1
    assert option in result.stderr
    assert variable in result.stderr
    assert result.stdout == ""


def test_key_set_beside_the_key_is_warned_of(app, tmp_path):
    """The server would refuse the token."""
    keys = {"hmac_secret_key": KEY, "jwks_public_endpoint": "https://keys.example/jwks"}
    path = write(tmp_path, {"token": keys})
    result = RUNNER.invoke(app, ["--user", "alice", "--config", path])
    assert result.exit_code == 0
    assert "jwks_public_endpoint is set" in result.stderr


@pytest.mark.parametrize("ttl", ["0", "-5s", "soon", "10ms"])
def test_ttl_must_be_a_time_to_live(app, tmp_path, ttl):
    """At least a second."""
    path = write(tmp_path, {"token": {"hmac_secret_key": KEY}})
    result = RUNNER.invoke(app, ["--user", "alice", "--config", path, f"--ttl={ttl}"])
    assert result.exit_code == 2


def test_wrong_configuration_is_an_error_without_a_traceback(app, tmp_path):
    """The same sentence as ``config check`` prints."""
    path = write(tmp_path, {"tokn": {}})
    result = RUNNER.invoke(app, ["--user", "alice", "--config", path])
    assert result.exit_code == 1
    assert "did you mean client.token" in result.stderr
