"""``cadenza profile``: servers and identities by name."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from cadenza.cli.exits import Exit, Failure
from cadenza.cli.output import emit, is_terminal, json_line, note, safe, table, warn
from cadenza.cli.profiles import (
    NAME,
    Profile,
    config_path,
    is_open_to_others,
    read_profiles,
    write_profile,
)
from cadenza.cli.target import MAX_TOKEN_BYTES, check_url, token_of_text

app = typer.Typer(
    name="profile", help="Servers and identities by name, kept in a file.", no_args_is_help=True
)


@app.command(name="list")
def list_profiles(
    json: Annotated[bool, typer.Option("--json", help="Print JSON, one value a line.")] = False,
) -> None:
    """Print the profiles, and where the file is. Never prints a token."""
    path = config_path(os.environ)
    found = read_profiles(path)
    rows = [
        {**_shown(profile), "profile": name, "default": name == found.default}
        for name, profile in found.profiles.items()
    ]
    if json:
        for row in rows:
            emit(json_line(row))
        return
    header = ["profile", "url", "token", "account"]
    texts = [
        [f"{row['profile']}{' *' if row['default'] else ''}", *(str(row[it]) for it in header[1:])]
        for row in rows
    ]
    for line in table(header, texts, right=frozenset()) if texts else ():
        emit(line)
    note(f"in {path}; * is the default" if rows else f"there is no profile in {path} yet")


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the profile.")],
) -> None:
    """Print one profile; of its token only where it comes from."""
    path = config_path(os.environ)
    profiles = read_profiles(path).profiles
    if name not in profiles:
        known = ", ".join(profiles) or "none"
        raise Failure(f"there is no profile {name} in {path}; it has {known}", Exit.USAGE)
    for key, value in _shown(profiles[name]).items():
        emit(safe(f"{key:8} {value}").rstrip())
    if profiles[name].token and is_open_to_others(path):
        warn(f"others may read {path}: chmod 600 {path}")


@app.command()
def add(  # noqa: PLR0917 - typer reads the options from the parameters
    name: Annotated[str, typer.Argument(metavar="NAME", help="Letters, digits, - and _.")],
    url: Annotated[str, typer.Option("--url", help="The WebSocket address.")],
    token_env: Annotated[
        str, typer.Option("--token-env", help="The environment variable that has the token.")
    ] = "",
    token_command: Annotated[
        str, typer.Option("--token-command", help="A command that prints it; run without a shell.")
    ] = "",
    token_stdin: Annotated[
        bool,
        typer.Option("--token-stdin", help="Read it from standard input, and keep it in the file."),
    ] = False,
    account: Annotated[str, typer.Option("--account", help="The account that is meant.")] = "",
    default: Annotated[
        bool, typer.Option("--default", help="The one that counts when none is named.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Even if there is one.")] = False,
) -> None:
    """Add a profile. The file is for you alone, and its comments stay.

    A token is no option of this program: other users of the machine can see those.
    """
    path = config_path(os.environ)
    if not NAME.fullmatch(name):
        raise Failure("a name has letters, digits, - and _, at most 64", Exit.USAGE)
    if bool(token_env) + bool(token_command) + token_stdin > 1:
        raise Failure("a token comes from one place: give one of the options", Exit.USAGE)
    check_url(url)
    known = read_profiles(path).profiles
    if name in known and not replace:
        raise Failure(f"there is a profile {name} already: --replace", Exit.USAGE)
    profile = Profile(
        url=url,
        token=_read_token() if token_stdin else "",
        token_command=token_command,
        token_env=token_env,
        account=account,
    )
    write_profile(path, name, profile, is_default=default or not known)
    note(f"profile {name} is in {path}")


def _read_token() -> str:
    """The token from standard input; at a terminal it is not shown."""
    if is_terminal(sys.stdin):
        text: str = typer.prompt("Token", hide_input=True, err=True)
    else:
        text = sys.stdin.read(MAX_TOKEN_BYTES)
    return token_of_text(text, "what standard input gave")


def _shown(profile: Profile) -> dict[str, str]:
    sources = {
        "token": "kept in the file",
        "token_command": "from a command",
        "token_env": f"from {profile.token_env}",
    }
    found = [sources[it] for it in profile.token_sources]
    return {"url": profile.url, "token": "".join(found) or "none", "account": profile.account}
