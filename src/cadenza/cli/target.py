"""The server that a command talks to, and the identity it has there.

Options, environment and profile become one ``Target``.
"""

from __future__ import annotations

import ipaddress
import os
import shlex
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cadenza.cli.exits import Exit, Failure
from cadenza.cli.options import DEFAULT_URL, Protocol
from cadenza.cli.output import warn
from cadenza.cli.profiles import Profile, Profiles, config_path, is_open_to_others, read_profiles

MAX_TOKEN_BYTES: Final = 64 * 1024
COMMAND_SECONDS: Final = 30.0
"""A ``token_command`` that takes longer has failed."""

TokenSource = Callable[[], Awaitable[str]]
"""Gives the current token; raises ``Failure`` when there is none."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A server and an identity.

    Attributes:
        url: The WebSocket endpoint.
        token: Where the token comes from; ``None``: connect without one.
        renews: Whether asking again may give another token.
        account: The account of the profile; empty if it has none.
        protocol: How messages are written.
    """

    url: str
    token: TokenSource | None = field(default=None, repr=False)
    renews: bool = False
    account: str = ""
    protocol: Protocol = Protocol.JSON


def find_target(
    url: str | None,
    profile: str | None,
    token_file: Path | None,
    protocol: Protocol = Protocol.JSON,
    *,
    environ: Mapping[str, str] = os.environ,
) -> Target:
    """The target that options, environment and profile mean.

    The token is that of ``--token-file``, else of a profile that was named, else ``CADENZA_TOKEN``,
    else of the default profile. A profile that was not named gives its token to its own address
    only.

    Raises:
        Failure: A profile is missing, or something is wrong.
    """
    path = config_path(environ)
    found = _chosen(read_profiles(path), profile, path)
    address = url or found.url or DEFAULT_URL
    check_url(address)
    own = found if profile or not url or url == found.url else Profile()
    if own.token and is_open_to_others(path):
        warn(f"{path} has a token and others may read it: chmod 600 {path}")
    source, renews = _source(token_file, own, profile, environ)
    if source is not None and urlsplit(address).scheme == "ws" and not is_loopback(address):
        warn(f"the token goes to {urlsplit(address).hostname} unencrypted: use wss://")
    return Target(url=address, token=source, renews=renews, account=own.account, protocol=protocol)


def check_url(url: str) -> None:
    """Refuse what is no address of a server, and never repeat it: it may hold a secret.

    Raises:
        Failure: It is none.
    """
    try:
        parts = urlsplit(url)
        is_right = parts.scheme in {"ws", "wss"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_right, parts = False, urlsplit("")
    if not is_right:
        raise Failure(
            "the address of a server looks like ws://HOST:PORT/connection/websocket (or wss://)",
            Exit.USAGE,
        )
    if parts.username or parts.password or "token" in parts.query:
        raise Failure("an address holds no secrets: they end up in logs", Exit.USAGE)


def token_of_text(text: str, what: str) -> str:
    """A token without the blanks around it.

    Raises:
        Failure: It cannot be one.
    """
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise Failure(f"{what} is no token: those are one word", Exit.USAGE)
    return token


def is_loopback(url: str) -> bool:
    """Whether an address is this machine's own."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _chosen(profiles: Profiles, name: str | None, path: Path) -> Profile:
    wanted = name or profiles.default
    if not wanted:
        return Profile()
    if wanted not in profiles.profiles:
        known = ", ".join(profiles.profiles) or "none"
        raise Failure(f"there is no profile {wanted} in {path}; it has {known}", Exit.USAGE)
    return profiles.profiles[wanted]


def _source(
    file: Path | None, profile: Profile, named: str | None, environ: Mapping[str, str]
) -> tuple[TokenSource | None, bool]:
    """The token's source, and whether it may give another one later."""
    if file is not None:
        return _of_file(file), True
    own = _of_profile(profile, environ)
    if named and own is not None:
        return own, bool(profile.token_command)
    if given := environ.get("CADENZA_TOKEN"):
        return _of_text(given), False
    return own, bool(profile.token_command)


def _of_profile(profile: Profile, environ: Mapping[str, str]) -> TokenSource | None:
    if profile.token_command:
        return _of_command(profile.token_command)
    if profile.token_env:
        name = profile.token_env
        if not environ.get(name):
            raise Failure(
                f"the profile takes its token from {name}, which is not set", Exit.UNAUTHORIZED
            )
        return _of_text(environ[name])
    return _of_text(profile.token) if profile.token else None


def _of_text(text: str) -> TokenSource:
    token = token_of_text(text, "the token")

    async def give() -> str:
        return token

    return give


def _of_file(path: Path) -> TokenSource:
    async def read() -> str:
        try:
            with path.open("rb") as file:
                text = file.read(MAX_TOKEN_BYTES).decode().strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "not text"
            raise Failure(f"cannot read --token-file {path}: {why}", Exit.USAGE) from None
        return token_of_text(text, f"--token-file {path}")

    if is_open_to_others(path):
        warn(f"others may read {path}: chmod 600 {path}")
    return read


def _of_command(command: str) -> TokenSource:
    async def run() -> str:
        return token_of_text(await _output_of(command), "what token_command printed")

    return run


async def _output_of(command: str) -> str:
    """The output of a command, which is run without a shell.

    Raises:
        Failure: It cannot be run, fails, or takes too long. Never repeats what it printed.
    """
    import asyncio  # noqa: PLC0415 - every command would load it, and few profiles have a command

    try:
        words = shlex.split(command)
        process = await asyncio.create_subprocess_exec(
            *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
        )
    except (OSError, ValueError, TypeError) as error:
        why = getattr(error, "strerror", None) or error
        raise Failure(f"cannot run token_command: {why}", Exit.UNAUTHORIZED) from None
    try:
        async with asyncio.timeout(COMMAND_SECONDS):
            output, _ = await process.communicate()
    except TimeoutError:
        late = f"token_command gave no token within {COMMAND_SECONDS:g} s"
        raise Failure(late, Exit.UNAUTHORIZED) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        failed = f"token_command ended with exit code {process.returncode}"
        raise Failure(failed, Exit.UNAUTHORIZED)
    return output.decode(errors="replace")
