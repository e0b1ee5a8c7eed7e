"""The certificate of a listening port, in the three forms that the configuration takes."""

from __future__ import annotations

import base64
import binascii
import ssl
import tempfile
from pathlib import Path
from typing import Final

from cadenza.config import TlsConfig

_MARK: Final = "-----BEGIN "


class TlsError(OSError):
    """The certificate or its key cannot be used; the message names the option."""


def server_context(config: TlsConfig) -> ssl.SSLContext:
    """What a TLS server needs, with TLS 1.2 as the oldest version.

    Raises:
        TlsError: One of the two is in none of the three forms, or they do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    load_certificate(context, config)
    return context


def load_certificate(context: ssl.SSLContext, config: TlsConfig) -> None:
    """Read certificate and key; handshakes from here on use them, connections go on.

    Raises:
        TlsError: As above, and what was loaded before stays.
    """
    cert = _pem("http_server.tls.cert_pem", config.cert_pem)
    key = _pem("http_server.tls.key_pem", config.key_pem.reveal())
    # OpenSSL is given files only; the folder is readable by nobody else, and gone afterwards.
    with tempfile.TemporaryDirectory() as folder:
        cert_path, key_path = Path(folder, "cert.pem"), Path(folder, "key.pem")
        cert_path.write_text(cert)
        key_path.write_text(key)
        try:
            # First where nothing can break: a bad pair would be half of what is served.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
                cert_path, key_path, _no_password
            )
            context.load_cert_chain(cert_path, key_path, _no_password)
        except (ssl.SSLError, ValueError) as error:
            reason = getattr(error, "reason", None) or "no certificate and key in PEM"
            raise TlsError(f"http_server.tls: {reason}") from None


def _pem(option: str, given: str) -> str:
    if _MARK in given:
        return given
    try:
        text = base64.b64decode(given, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        text = ""
    if _MARK in text:
        return text
    try:
        return Path(given).read_text()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a text"
        raise TlsError(
            f"{option} is neither PEM, nor PEM in base64, nor a file: {reason}"
        ) from None


def _no_password() -> str:
    """Asked for an encrypted key: without this, OpenSSL would ask the terminal."""
    raise ValueError("the key is encrypted")
