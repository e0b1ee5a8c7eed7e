"""``cadenza token``: makes a token for a user, with the key of a configuration."""

from __future__ import annotations

import os
import time
from typing import Annotated, NoReturn

import typer

from cadenza.cli.config import ConfigOption


def token(
    user: Annotated[str, typer.Option("--user", "-u", help="User id; empty for anonymous.")],
    config: ConfigOption = None,
    ttl: Annotated[
        str | None,
        typer.Option("--ttl", help='Seconds or a duration like "24h"; without it: no expiry.'),
    ] = None,
    channel: Annotated[
        str | None,
        typer.Option("--channel", help="Make a subscription token for this channel instead."),
    ] = None,
) -> None:
    """Print a connection token, or with --channel a subscription token."""
    # The server's parts are an extra: the command line must load without them.
    from cadenza.config import ConfigError, load  # noqa: PLC0415 - see above
    from cadenza.server.tokens import (  # noqa: PLC0415 - see above
        connection_token,
        subscription_token,
    )

    seconds = _seconds(ttl)
    try:
        client = load(config, os.environ)[0].client
    except ConfigError as error:
        _fail(str(error))
    separate = channel is not None and client.subscription_token.enabled
    section = "client.subscription_token" if separate else "client.token"
    rules = client.subscription_token if separate else client.token
    if not rules.hmac_secret_key:
        _fail(
            f"there is no key to sign with: put a long random text into {section}.hmac_secret_key "
            f"of {config or 'a configuration file'}, or into the environment variable "
            f"CADENZA_{section.replace('.', '_').upper()}_HMAC_SECRET_KEY"
        )
    if rules.jwks_public_endpoint:
        typer.echo(
            f"warning: {section}.jwks_public_endpoint is set, so the server does not accept "
            "tokens of this key",
            err=True,
        )
    now = time.time()
    if channel is None:
        typer.echo(connection_token(rules, user, now=now, ttl=seconds))
    else:
        typer.echo(subscription_token(rules, user, channel, now=now, ttl=seconds))


def _seconds(text: str | None) -> float | None:
    # It brings the engine along, which other commands do not need.
    from cadenza.realtime.duration import Duration  # noqa: PLC0415 - see above

    if text is None:
        return None
    try:
        seconds = Duration.parse(f"{text}s" if text.isdecimal() else text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--ttl") from None
    if seconds < 1:
        raise typer.BadParameter("must be at least one second", param_hint="--ttl")
    return seconds


def _fail(sentence: str) -> NoReturn:
    typer.echo(f"error: {sentence}", err=True)
    raise typer.Exit(1)
