"""``cadenza serve``: runs the gateway."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer
from msgspec.structs import replace

from cadenza.cli.config import ConfigOption

if TYPE_CHECKING:
    from cadenza.config import Config, ConfigWarning, KeyOrigins

SANDBOX_TOKEN_SECONDS: Final = 7 * 24 * 3600


def serve(  # noqa: PLR0917 - typer reads the options from the parameters
    config: ConfigOption = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Folder for what must survive a restart; made if missing."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", "-p", min=0, max=65535, help="Port to listen on; 0: any free one."),
    ] = None,
    feed: Annotated[
        str | None,
        typer.Option("--feed", help="Market data: simulated, replay:PATH (file or folder), none."),
    ] = None,
    speed: Annotated[
        str | None,
        typer.Option("--speed", help='Replay speed: 1 is the recording\'s own pace; or "max".'),
    ] = None,
    loop: Annotated[bool, typer.Option("--loop", help="Replay again and again.")] = False,
) -> None:
    """Run the gateway. Without a configuration it is a sandbox: ready to use, on this machine."""
    # The server's parts are an extra: the command line must load without them.
    try:
        from cadenza.dashboard.routes import page_routes  # noqa: PLC0415 - see above
        from cadenza.gateway.gateway import Gateway  # noqa: PLC0415 - see above
        from cadenza.market.errors import FeedError  # noqa: PLC0415 - see above
        from cadenza.server.logs import set_up_logs  # noqa: PLC0415 - see above
        from cadenza.server.run import run  # noqa: PLC0415 - see above
        from cadenza.trading.store.errors import StoreError  # noqa: PLC0415 - see above
    except ModuleNotFoundError as error:
        _fail(
            f"{error.name} is not installed; the server is an extra: pip install 'cadenza[server]'"
        )
    overrides = _overrides(port, feed, speed, loop=loop)
    if data is not None and data.exists() and not data.is_dir():
        _fail(f"cannot use --data {data}: it is not a folder")
    overrides["trading.store.path"] = None if data is None else str(data)
    origins = None
    if config is None:
        settings, origins = _sandbox(overrides)
    else:
        settings = _load(config, overrides)
    if (speed is not None or loop) and settings.market.feed != "replay":
        flag = "--speed" if speed is not None else "--loop"
        _fail(f"{flag} is for a replay, and the feed is {settings.market.feed}: --feed replay:PATH")
    try:
        set_up_logs(settings.log)
    except OSError as error:
        _fail(f"cannot write log.file {settings.log.file}: {error.strerror}")
    try:
        gateway = Gateway(settings, pages=page_routes)
    except (ValueError, OSError, FeedError) as error:
        _fail(str(error))

    def started(listening_on: int) -> None:
        if origins is not None:
            from cadenza.cli.welcome import welcome  # noqa: PLC0415 - only a sandbox says it

            now = time.time()
            instruments = gateway.feed.instruments() if gateway.feed else ()
            names = [*gateway.trading_names(), *(one.instrument_id for one in instruments)]
            typer.echo(welcome(settings, listening_on, names, now, SANDBOX_TOKEN_SECONDS, origins))

    try:
        run(lambda: gateway.serve(started))
    except (OSError, StoreError) as error:
        _fail(str(error))


def _overrides(
    port: int | None, feed: str | None, speed: str | None, *, loop: bool
) -> dict[str, Any]:
    """The flags as options."""
    overrides: dict[str, Any] = {"http_server.port": port}
    if feed is not None:
        kind, colon, path = feed.partition(":")
        if kind not in {"simulated", "replay", "none"} or (kind == "replay") != bool(path):
            raise typer.BadParameter(
                f"{feed!r} is none of simulated, replay:PATH and none", param_hint="--feed"
            )
        overrides["market.feed"] = kind
        overrides["market.replay.path"] = path if colon else None
    if speed is not None:
        overrides["market.replay.speed"] = _speed(speed)
    if loop:
        overrides["market.replay.loop"] = True
    return overrides


def _speed(text: str) -> float | str:
    if text == "max":
        return text
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise typer.BadParameter(
            f'{text!r} is not a number above 0, nor "max"', param_hint="--speed"
        )
    return speed


def _load(path: Path, overrides: dict[str, Any]) -> Config:
    """The configuration of a file; its warnings are printed, and its mistakes end the program."""
    from cadenza.config import load  # noqa: PLC0415 - as above

    return _checked(lambda: load(path, os.environ, overrides))


def _sandbox(overrides: dict[str, Any]) -> tuple[Config, KeyOrigins]:
    """The configuration of a sandbox, and where its keys come from.

    A sandbox that keeps its data keeps its keys beside it, or everything that holds a token would
    be locked out by a restart. Keys of the environment are the operator's own affair.
    """
    from cadenza.config import (  # noqa: PLC0415 - as above
        KeyOrigins,
        SandboxKeys,
        SandboxKeysError,
        dump,
        load_tree,
        sandbox,
    )
    from cadenza.config.environment import variable_of  # noqa: PLC0415 - as above
    from cadenza.config.sandbox_keys import KEYS_FILE  # noqa: PLC0415 - as above

    keys = SandboxKeys.made()
    tree = dump(sandbox(keys=keys), redact=False)
    settings = _checked(lambda: load_tree(tree, os.environ, overrides))
    origins = KeyOrigins(
        token=variable_of(os.environ, "client.token.hmac_secret_key"),
        api=variable_of(os.environ, "http_api.key"),
    )
    path = settings.trading.store.path
    if not path or (origins.token and origins.api):
        return settings, origins
    try:
        kept = SandboxKeys.kept(Path(path))
    except SandboxKeysError as error:
        _fail(str(error))
    client, http_api = settings.client, settings.http_api
    if not origins.token:
        token = replace(client.token, hmac_secret_key=kept.token)
        settings = replace(settings, client=replace(client, token=token))
    if not origins.api:
        settings = replace(settings, http_api=replace(http_api, key=kept.api))
    return settings, origins._replace(file=Path(path) / KEYS_FILE)


def _checked(read: Callable[[], tuple[Config, list[ConfigWarning]]]) -> Config:
    from cadenza.config import ConfigError  # noqa: PLC0415 - as above

    try:
        settings, warnings = read()
    except ConfigError as error:
        for problem in error.problems:
            typer.echo(f"error: {problem}", err=True)
        raise typer.Exit(1) from None
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)
    return settings


def _fail(sentence: str) -> NoReturn:
    typer.echo(f"error: {sentence}", err=True)
    raise typer.Exit(1)
