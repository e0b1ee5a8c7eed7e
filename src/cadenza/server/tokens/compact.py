"""The compact form of a signed token, ``header.payload.signature`` in base64url (RFC 7515)."""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from functools import lru_cache
from typing import Any, Final

import msgspec

from cadenza.protocol.errors import DecodeError
from cadenza.protocol.json_reader import JsonReader
from cadenza.realtime.claims import TokenInvalid

MAX_TOKEN_LENGTH: Final = 65_536
"""Characters; as much as a whole message of a client may have by default."""

MAX_HEADER_LENGTH: Final = 16_384
"""Characters of a token's header; some issuers put a chain of certificates there (``x5c``)."""

_STANDARD: Final = b"+/"
_URL: Final = b"-_"
_TO_URL: Final = bytes.maketrans(_STANDARD, _URL)
# The standard alphabet's own two characters become one that no decoder takes.
_FROM_URL: Final = bytes.maketrans(_URL + _STANDARD, _STANDARD + b"!!")


class Header(msgspec.Struct, frozen=True, gc=False):
    """What matters of a token's header."""

    alg: str
    kid: str | None = None
    crit: Any = None


class Signed(msgspec.Struct, frozen=True, gc=False):
    """A token taken apart; nothing of it is verified yet."""

    header: Header
    payload: bytes
    """The claims, as JSON."""
    signing_input: bytes
    """What the signature was made over."""
    signature: bytes
    """Still in base64url."""


_headers: Final[JsonReader[Header]] = JsonReader(Header)


def encode_segment(data: bytes) -> bytes:
    """Base64url without padding."""
    return b2a_base64(data, newline=False).rstrip(b"=").translate(_TO_URL)


def decode_segment(segment: bytes) -> bytes:
    """The bytes of a base64url text.

    Raises:
        TokenInvalid: It has padding, or a character outside the alphabet.
    """
    padding = b"=" * (-len(segment) % 4)
    try:
        return a2b_base64(segment.translate(_FROM_URL) + padding, strict_mode=True)
    except Base64Error:
        raise TokenInvalid("the token is not base64url") from None


@lru_cache(maxsize=64)
def _read_header(segment: bytes) -> Header:
    """Nearly all tokens of a server have the same few headers, so each is read once."""
    if len(segment) > MAX_HEADER_LENGTH:
        raise TokenInvalid("the header is too long")
    try:
        header = _headers.read(decode_segment(segment))
    except DecodeError as error:
        raise TokenInvalid(f"the header is malformed: {error}") from None
    if header.crit is not None:
        raise TokenInvalid("the header has critical extensions")
    return header


def split(token: str) -> Signed:
    """Take a token apart.

    Raises:
        TokenInvalid: It is not of three parts, too long, or its header is malformed.
    """
    if len(token) > MAX_TOKEN_LENGTH:
        raise TokenInvalid(f"the token is longer than {MAX_TOKEN_LENGTH} characters")
    try:
        signing_input, _, signature = token.encode("ascii").rpartition(b".")
    except UnicodeEncodeError:
        raise TokenInvalid("the token is not ASCII") from None
    header, _, payload = signing_input.partition(b".")
    if not payload or not signature or b"." in payload:
        raise TokenInvalid("the token is not of the form header.payload.signature")
    return Signed(_read_header(header), decode_segment(payload), signing_input, signature)
