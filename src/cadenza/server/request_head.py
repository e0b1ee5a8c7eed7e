"""The head of a request, read once and by the letter, before any parser sees it.

RFC 9112 (message syntax), RFC 9110 (what the fields mean) and RFC 6455 (the handshake) leave a
client much room: fields that repeat, lists, any case, folded lines, an absolute target, HTTP/1.0.
Here all of that becomes one form; what follows (the parser of bodies, the WebSocket handshake,
the application) knows that form only. Section numbers in comments are those of RFC 9112 unless
they say otherwise.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_TOKEN: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_METHOD: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}")
_VERSION: Final = re.compile(rb"HTTP/1\.([0-9])")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n|$)|(?<!\r)\n")
_FOLD: Final = re.compile(rb"[ \t]*\r\n[ \t]+")
_AUTHORITY: Final = re.compile(rb"https?://([^/?#]*)", re.IGNORECASE)
_HOST: Final = re.compile(rb"(\[[0-9A-Fa-f:.%A-Za-z]+\]|[^\s/?#@\[\]:,]*)(:[0-9]*)?")
_UNSAFE: Final = re.compile(rb"[^\x21-\x7e]")
_LENGTH: Final = re.compile(rb"[0-9]{1,18}")
_BLANKS: Final = b" \t"


class HeadError(Exception):
    """A head that cannot be answered as it is: the HTTP status, and why in a few words."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(f"{status}: {why}")
        self.status = status
        self.why = why


class RequestHead(NamedTuple):
    """One request up to its body; field names in lower case, one entry a field."""

    method: bytes
    target: bytes
    """Path and query, or ``*``; never with a host, and ASCII without blanks."""
    minor: int
    """0 for HTTP/1.0, 1 for HTTP/1.1 and everything later in HTTP/1."""
    fields: dict[bytes, bytes]
    """By name; the values of a field that came several times are one list (RFC 9110, 5.3)."""
    content_length: int
    """Bytes of the body; 0 if it is chunked or there is none."""
    is_chunked: bool

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition(b"?")[0].decode("ascii")

    def options(self, name: bytes) -> list[bytes]:
        """The members of a field that is a list, in lower case."""
        return _members(self.fields.get(name, b"").lower())

    @property
    def asks_for_websocket(self) -> bool:
        """Whether a WebSocket is among what the client would like to change to.

        HTTP/1.0 has no upgrades (RFC 9110, 7.8), whatever its fields say.
        """
        return (
            self.minor > 0
            and b"websocket" in self.options(b"upgrade")
            and b"upgrade" in self.options(b"connection")
        )

    def encoded(self, *, upgrades: bool) -> bytes:
        """The head in its one form.

        Args:
            upgrades: Whether the wish to change the protocol stays in; without it this is the
                head of the plain request, which a server may answer in any case (RFC 9110, 7.8).
        """
        lines = [b"%s %s HTTP/1.%d" % (self.method, self.target, self.minor)]
        for name, value in self.fields.items():
            if upgrades or name not in _HOPS:
                lines.append(name + b": " + value)
        if not upgrades and b"connection" in self.fields:
            kept = [option for option in self.options(b"connection") if option != b"upgrade"]
            if kept:
                lines.append(b"connection: " + b", ".join(kept))
        return b"\r\n".join([*lines, b"", b""])


_HOPS: Final = frozenset({b"upgrade", b"connection", b"http2-settings"})
# Given twice they are two different answers to one question, not a list (RFC 9110, 5.3 and 7.2).
_SINGLE: Final = frozenset({b"host", b"authorization", b"content-type"})


def check_start(data: bytes) -> None:
    """What can be said of a head that is not complete: that it is none.

    Raises:
        HeadError: No further bytes would make it a head.
    """
    if _CONTROL.search(data):
        raise HeadError(400, "a control character in the head")
    line, end, _ = data.partition(b"\r\n")
    method, blank, _ = line.partition(b" ")
    if method and not _METHOD.fullmatch(method.removesuffix(b"\r")):
        raise HeadError(400, "no method")
    if end and not blank:
        raise HeadError(400, "no request line")


def read_head(data: bytes) -> RequestHead:
    """Read a head that ends with its empty line.

    Raises:
        HeadError: It is malformed, ambiguous, or wants what is not done here.
    """
    if _CONTROL.search(data):
        raise HeadError(400, "a control character in the head")
    line, _, rest = data.removesuffix(b"\r\n\r\n").partition(b"\r\n")
    method, target, minor = _request_line(line)
    fields = _fields(rest)
    target = _origin_form(method, target, fields, minor)
    if b"expect" in fields:
        _expectations(fields, minor)
    is_chunked = _is_chunked(fields, minor)
    length = _content_length(fields, is_chunked=is_chunked)
    return RequestHead(method, target, minor, fields, length, is_chunked)


def _request_line(line: bytes) -> tuple[bytes, bytes, int]:
    """Method, target and minor version (3)."""
    parts = line.split(b" ")
    if len(parts) != 3 or not _METHOD.fullmatch(parts[0]) or not parts[1]:
        raise HeadError(400, "no request line")
    version = _VERSION.fullmatch(parts[2])
    if version is None:
        raise HeadError(400, "this server speaks HTTP/1.1")
    # Who knows a later minor version knows this one too (RFC 9110, 2.5).
    return parts[0], parts[1], min(1, int(version[1]))


def _fields(block: bytes) -> dict[bytes, bytes]:
    """The field lines (5), each name once."""
    fields: dict[bytes, bytes] = {}
    if not block:
        return fields
    if block[0] in _BLANKS:
        raise HeadError(400, "the first field is folded")
    if b"\r\n " in block or b"\r\n\t" in block:
        block = _FOLD.sub(b" ", block)  # a server may, and proxies do (5.2)
    for line in block.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if not colon or not _TOKEN.fullmatch(name):  # no blank before the colon either (5.1)
            raise HeadError(400, "a field without a name")
        name, value = name.lower(), value.strip(_BLANKS)
        known = fields.get(name)
        if known is None:
            fields[name] = value
        elif name == b"cookie":
            fields[name] = known + b"; " + value  # the one field with another separator
        elif name == b"content-length":
            fields[name] = _same_length(known, value)
        elif name in _SINGLE:
            raise HeadError(400, f"{name.decode()} is given twice")
        else:
            fields[name] = known + b", " + value
    return fields


def _origin_form(method: bytes, target: bytes, fields: dict[bytes, bytes], minor: int) -> bytes:
    """The target as path and query (3.2); the host of an absolute one replaces ``Host``."""
    if method == b"CONNECT":
        raise HeadError(405, "this server is no proxy")
    absolute = _AUTHORITY.match(target)
    if absolute is not None:
        if not absolute[1]:
            raise HeadError(400, "a target without a host")
        fields[b"host"] = absolute[1]
        target = target[absolute.end() :]
        if target[:1] != b"/":
            target = b"*" if method == b"OPTIONS" and not target else b"/" + target  # 3.2.4
    elif target[:1] != b"/" and not (method == b"OPTIONS" and target == b"*"):
        raise HeadError(400, "a target that is no path")
    host = fields.get(b"host")
    if host is None:
        if minor > 0:
            raise HeadError(400, "Host is missing")  # 3.2
    elif not _HOST.fullmatch(host):
        raise HeadError(400, "Host is not a host")
    # Some clients send paths as they are typed; a fragment is none of a server's business.
    target = target.partition(b"#")[0]
    return _UNSAFE.sub(lambda found: b"%%%02X" % found[0][0], target)


def _expectations(fields: dict[bytes, bytes], minor: int) -> None:
    """Keep the one that is known; HTTP/1.0 has none (RFC 9110, 10.1.1)."""
    wanted = _members(fields.pop(b"expect").lower())
    if minor > 0 and b"100-continue" in wanted:
        fields[b"expect"] = b"100-continue"


def _is_chunked(fields: dict[bytes, bytes], minor: int) -> bool:
    """Whether the body comes in chunks (6.1), the only coding that is known here."""
    coding = fields.get(b"transfer-encoding")
    if coding is None:
        return False
    if minor == 0:
        raise HeadError(400, "Transfer-Encoding in HTTP/1.0")
    codings = _members(coding.lower())
    if codings != [b"chunked"]:
        unknown = codings[-1:] == [b"chunked"] and codings.count(b"chunked") == 1
        raise HeadError(501 if unknown else 400, "a transfer coding that is not known")
    fields[b"transfer-encoding"] = b"chunked"
    return True


def _content_length(fields: dict[bytes, bytes], *, is_chunked: bool) -> int:
    """The length of the body (6.2, 6.3)."""
    given = fields.get(b"content-length")
    if given is None:
        return 0
    if is_chunked:
        # Whoever sends both may be smuggling a second request past a proxy (6.1, 11.2).
        raise HeadError(400, "Content-Length and Transfer-Encoding")
    if b"," in given:
        first, *others = _members(given)
        for other in others:
            given = _same_length(first, other)
    if not _LENGTH.fullmatch(given):
        raise HeadError(400, "Content-Length is no length")
    fields[b"content-length"] = given
    return int(given)


def _same_length(one: bytes, other: bytes) -> bytes:
    """A length that is given twice counts if both are the same (6.3)."""
    if one != other:
        raise HeadError(400, "two different lengths")
    return one


def _members(value: bytes) -> list[bytes]:
    """A list's members; empty ones count for nothing (RFC 9110, 5.6.1)."""
    return [part for member in value.split(b",") if (part := member.strip(_BLANKS))]
