"""``cadenza serve``: runs the gateway."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from cadenza.cli.config import ConfigOption

if TYPE_CHECKING:
    from cadenza.config import Config

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
    settings = _load(config, overrides)
    try:
        set_up_logs(settings.log)
    except OSError as error:
        _fail(f"cannot write log.file {settings.log.file}: {error.strerror}")
    try:
        gateway = Gateway(settings, pages=page_routes)
    except (ValueError, OSError, FeedError) as error:
        _fail(str(error))

    def started(listening_on: int) -> None:
        if config is None:
            from cadenza.cli.welcome import welcome  # noqa: PLC0415 - only a sandbox says it

            now = time.time()
            instruments = gateway.feed.instruments() if gateway.feed else ()
            names = [*gateway.trading_names(), *(one.instrument_id for one in instruments)]
            typer.echo(welcome(settings, listening_on, names, now, SANDBOX_TOKEN_SECONDS))

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


def _load(path: Path | None, overrides: dict[str, Any]) -> Config:
    from cadenza.config import ConfigError, dump, load, load_tree, sandbox  # noqa: PLC0415 - as above

    try:
        if path is None:
            settings, warnings = load_tree(dump(sandbox(), redact=False), os.environ, overrides)
        else:
            settings, warnings = load(path, os.environ, overrides)
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
