"""The keys of a sandbox that keeps its data: made once, and the same after every restart."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from cadenza.config.values import Secret

KEYS_FILE: Final = "keys.json"
"""The file in the data folder; whoever removes it gets new keys at the next start."""

KEY_BYTES: Final = 32
"""Of a key that is made; as hexadecimal text it is twice as long."""

_SIGNING: Final = "token_hmac_secret_key"
_CALLING: Final = "http_api_key"
_MOST: Final = 64 * 1024


class SandboxKeysError(Exception):
    """The keys of a data folder cannot be used; the message says why, and never what they are."""


class KeyOrigins(NamedTuple):
    """Where the keys of a running sandbox come from.

    Attributes:
        token: The variable that has the tokens' key; empty: none has.
        api: The variable that has the API's key; empty: none has.
        file: The file that keeps those that no variable has; ``None``: they end with the process.
    """

    token: str = ""
    api: str = ""
    file: Path | None = None


class SandboxKeys(NamedTuple):
    """What a sandbox signs tokens with, and what its server API asks for."""

    token: Secret
    api: Secret

    @classmethod
    def made(cls, token_hex: Callable[[int], str] = secrets.token_hex) -> SandboxKeys:
        """New keys.

        Args:
            token_hex: Random source: ``token_hex(32)`` gives 32 bytes as hexadecimal text. Two
                are taken, the tokens' key first and then the API's.
        """
        return cls(Secret(token_hex(KEY_BYTES)), Secret(token_hex(KEY_BYTES)))

    @classmethod
    def kept(cls, folder: Path, token_hex: Callable[[int], str] = secrets.token_hex) -> SandboxKeys:
        """The keys of a data folder, made and written there if it has none yet.

        The file is for its owner alone. It is there whole or not at all, also after a power
        failure, and of two programs that make it at once both get what one of them wrote.

        Args:
            folder: The data folder; made if it is missing.
            token_hex: Random source; see ``made``.

        Raises:
            SandboxKeysError: The file cannot be read or written, or holds no keys.
        """
        path = folder / KEYS_FILE
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not path.exists():
                _write(path, cls.made(token_hex))
            text = _read(path)
        except OSError as error:
            raise SandboxKeysError(f"cannot keep keys in {path}: {error.strerror}") from None
        return _parsed(path, text)


def _read(path: Path) -> bytes:
    """The file's bytes; if others could read it they cannot from now on."""
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
            os.fchmod(file.fileno(), 0o600)
        return file.read(_MOST)


def _parsed(path: Path, text: bytes) -> SandboxKeys:
    try:
        found = json.loads(text)
        token, api = found[_SIGNING], found[_CALLING]
    except (ValueError, KeyError, TypeError, RecursionError):
        token = api = ""
    for key in (token, api):
        # As long as configurations must have them, so that no cut file makes a guessable key.
        if not isinstance(key, str) or len(key) < KEY_BYTES:
            raise SandboxKeysError(f"{path} holds no keys of a sandbox; remove it to make new ones")
    return SandboxKeys(Secret(token), Secret(api))


def _write(path: Path, keys: SandboxKeys) -> None:
    """Write the file under another name, then give it its own unless it is taken by now."""
    new = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    tree = {_SIGNING: keys.token.reveal(), _CALLING: keys.api.reveal()}
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps(tree, indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(new, path)
    finally:
        new.unlink(missing_ok=True)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Make a new name in a folder outlive a power failure, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
