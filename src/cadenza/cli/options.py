"""Options that commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

DEFAULT_URL: Final = "ws://127.0.0.1:8000/connection/websocket"


class Protocol(StrEnum):
    """The form in which messages are written."""

    JSON = "json"
    PROTOBUF = "protobuf"


UrlOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="CADENZA_URL",
        show_envvar=True,
        help=f"WebSocket address; without it and a profile {DEFAULT_URL}.",
    ),
]
ProfileOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--profile",
        envvar="CADENZA_PROFILE",
        show_envvar=True,
        help="Address, token and account from this profile of the configuration file.",
    ),
]
TokenFileOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--token-file", help="File with the token; without it CADENZA_TOKEN, or the profile's."
    ),
]
ProtocolOption: TypeAlias = Annotated[
    Protocol, typer.Option("--protocol", help="How messages are written.")
]
JsonOption: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print JSON, one value a line.")
]
QuietOption: TypeAlias = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say nothing but results and errors.")
]
AccountOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--account", help="Account id; without it the profile's, or the only one."),
]
LimitOption: TypeAlias = Annotated[
    int | None, typer.Option("--limit", "-n", min=1, help="End after so many.")
]

SinceOption = Annotated[
    str | None,
    typer.Option("--since", metavar="TIME", help="From then on: 2026-12-01T14:00Z, or 2h."),
]

InstrumentOption = Annotated[str | None, typer.Option("--instrument", help="Only this instrument.")]
