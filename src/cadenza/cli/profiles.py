"""Profiles: the user's file of servers, with an identity for each."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from cadenza.cli.exits import Exit, Failure

NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HEADER: Final = re.compile(r"^\s*\[")


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One server, as one user.

    Attributes:
        url: The address of its WebSocket endpoint.
        token: The token itself.
        token_command: A command that prints a token; run without a shell whenever one is needed.
        token_env: The name of the environment variable that holds a token.
        account: The trading account for commands that name none.
    """

    url: str = ""
    token: str = ""
    token_command: str = ""
    token_env: str = ""
    account: str = ""

    @property
    def token_sources(self) -> list[str]:
        """The names of those options for a token that are set."""
        names = ("token", "token_command", "token_env")
        return [name for name in names if getattr(self, name)]


class Profiles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The contents of the file: profiles by name, and the name of the default one."""

    profiles: dict[str, Profile] = {}
    default: str = ""


def config_path(environ: Mapping[str, str]) -> Path:
    """The path of the file: ``CADENZA_CONFIG_FILE``, or by the XDG base directories."""
    if given := environ.get("CADENZA_CONFIG_FILE"):
        return Path(given)
    base = environ.get("XDG_CONFIG_HOME") or ""
    folder = Path(base) if Path(base).is_absolute() else Path.home() / ".config"
    return folder / "cadenza" / "config.toml"


def read_profiles(path: Path) -> Profiles:
    """The profiles of a file; none if it does not exist.

    Raises:
        Failure: The file cannot be read, or is wrong; its values are never quoted.
    """
    try:
        return parse_profiles(path.read_text(encoding="utf-8"), path)
    except FileNotFoundError:
        return Profiles()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise Failure(f"cannot read {path}: {why}", Exit.USAGE) from None


def parse_profiles(text: str, path: Path) -> Profiles:
    """The profiles of a text.

    Raises:
        Failure: It is wrong.
    """
    try:
        found = msgspec.convert(tomllib.loads(text), Profiles)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise Failure(f"{path} is not right: {error}", Exit.USAGE) from None
    for name, profile in found.profiles.items():
        if len(profile.token_sources) > 1:
            sources = " and ".join(profile.token_sources)
            raise Failure(f"{path}: profile {name} has {sources}; keep one", Exit.USAGE)
    if found.default and found.default not in found.profiles:
        raise Failure(f"{path}: the default profile {found.default} is not in it", Exit.USAGE)
    return found


def is_open_to_others(path: Path) -> bool:
    """Whether other users of this machine may read a file."""
    try:
        return os.name == "posix" and bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
    except OSError:
        return False


def write_profile(path: Path, name: str, profile: Profile, *, is_default: bool) -> None:
    """Add or replace a profile; everything else in the file stays as it was, with its comments.

    Raises:
        Failure: The file is wrong, or cannot be written.
    """
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        lines = _without(text.splitlines(), f"profiles.{name}")
        if is_default:
            lines = [f"default = {_quoted(name)}", *_without_default(lines)]
        fields = msgspec.to_builtins(profile)
        if lines and lines[-1].strip():
            lines.append("")
        lines += [f"[profiles.{name}]", *(f"{it} = {_quoted(fields[it])}" for it in fields)]
        new = "\n".join(lines) + "\n"
        parse_profiles(new, path)
        _replace(path, new)
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"cannot write {path}: {error}", Exit.USAGE) from None


def _without(lines: list[str], section: str) -> list[str]:
    kept, is_inside = [], False
    for line in lines:
        if _HEADER.match(line):
            is_inside = line.split("#")[0].strip() == f"[{section}]"
        if not is_inside:
            kept.append(line)
    return kept


def _without_default(lines: list[str]) -> list[str]:
    first = next((at for at, line in enumerate(lines) if _HEADER.match(line)), len(lines))
    is_default = re.compile(r"\s*default\s*=")
    return [it for at, it in enumerate(lines) if at >= first or not is_default.match(it)]


def _quoted(value: Any) -> str:
    """A TOML basic string: JSON's escapes are among TOML's, DEL aside."""
    return msgspec.json.encode(str(value)).decode().replace("\x7f", "\\u007f")


def _replace(path: Path, text: str) -> None:
    """Write the file for the user alone, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path.resolve())
    except BaseException:
        new.unlink(missing_ok=True)
        raise
