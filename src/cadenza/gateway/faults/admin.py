"""The admin calls: ``faults.set``, ``.clear`` and ``.list`` of the server API's ``rpc``.

What is wrong with a call is said in the message of the error: 107 for its request, 104 for a fault
that there is not, 106 for one too many, 108 where faults are not enabled.
"""

from __future__ import annotations

import logging
import re
from typing import Final

import msgspec

from cadenza.gateway.faults.errors import (
    FaultError,
    FaultRequestError,
    TooManyFaultsError,
    UnknownFaultError,
    nearest,
    shortened,
)
from cadenza.gateway.faults.specs import KINDS, AnyFault, Target
from cadenza.gateway.faults.table import FaultReport, FaultTable
from cadenza.protocol import codes
from cadenza.protocol.codes import ErrorCode
from cadenza.realtime import CommandError
from cadenza.server.api.methods import NOT_FOUND, RPC

logger: Final = logging.getLogger("cadenza.gateway.faults")

PREFIX: Final = "faults."
METHODS: Final = ("faults.set", "faults.clear", "faults.list")


class ClearRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which faults end: the one with this id, or all of this kind; without either, all."""

    id: str = ""
    kind: str = ""


class SetResult(msgspec.Struct, frozen=True):
    """The fault as it stands right after it was set."""

    fault: FaultReport


class ClearResult(msgspec.Struct, frozen=True):
    """Ids of the faults that were ended."""

    cleared: list[str]


class ListResult(msgspec.Struct, frozen=True):
    """Faults that are on, oldest first, and the last that ended."""

    active: list[FaultReport]
    ended: list[FaultReport]


class _Kind(msgspec.Struct):
    kind: str | None = None


_fault: Final = msgspec.json.Decoder(AnyFault)
_clear: Final = msgspec.json.Decoder(ClearRequest)
_kind: Final = msgspec.json.Decoder(_Kind)
_UNKNOWN_FIELD: Final = re.compile(r"contains unknown field `(.*)`", re.DOTALL)
_PLACE: Final = re.compile(r" - at `\$\.?(.*)`$", re.DOTALL)


class FaultCalls:
    """Answers the calls.

    Args:
        table: The faults.
        after: Answers every other method; without it there is none.
    """

    def __init__(self, table: FaultTable, after: RPC | None = None) -> None:
        self._table = table
        self._after = after

    async def rpc(self, method: str, params: bytes) -> bytes:
        """See ``Methods``: a JSON result.

        Raises:
            CommandError: The call failed; the message says why.
        """
        if not method.startswith(PREFIX):
            return await _other(self._after, method, params)
        try:
            return msgspec.json.encode(self._call(method, params or b"{}"))
        except FaultRequestError as error:
            raise _refusal(codes.BAD_REQUEST, error) from error
        except TooManyFaultsError as error:
            raise _refusal(codes.LIMIT_EXCEEDED, error) from error
        except UnknownFaultError as error:
            raise _refusal(NOT_FOUND, error) from error

    def _call(self, method: str, params: bytes) -> SetResult | ClearResult | ListResult:
        match method:
            case "faults.set":
                return SetResult(self._table.set(decode_fault(params)))
            case "faults.clear":
                wanted = decode_clear(params)
                kind = _known_kind(wanted.kind) if wanted.kind else ""
                return ClearResult(self._table.clear(wanted.id, KINDS.get(kind)))
            case "faults.list":
                return ListResult(*self._table.reports())
        hint = nearest(method, METHODS)
        text = f"there is no method {shortened(method)}{hint}"
        raise CommandError(ErrorCode(NOT_FOUND.code, text))


def disabled(after: RPC | None = None) -> RPC:
    """What answers where faults are not enabled: no, and a line in the log that says why."""

    async def rpc(method: str, params: bytes) -> bytes:
        if not method.startswith(PREFIX):
            return await _other(after, method, params)
        logger.warning("%s was called, but faults.enabled is false", shortened(method))
        raise CommandError(codes.NOT_AVAILABLE)

    return rpc


def decode_fault(params: bytes) -> AnyFault:
    """Read a fault.

    Raises:
        FaultRequestError: It is none; the error names the field, and the nearest that there is.
    """
    try:
        fault: AnyFault = _fault.decode(params)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _misread(error, params) from error
    return fault


def decode_clear(params: bytes) -> ClearRequest:
    """Read which faults end.

    Raises:
        FaultRequestError: As for ``decode_fault``.
    """
    try:
        return _clear.decode(params)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _explained(error, ClearRequest.__struct_fields__) from error


async def _other(after: RPC | None, method: str, params: bytes) -> bytes:
    if after is None:
        raise CommandError(NOT_FOUND)
    return await after(method, params)


def _refusal(code: ErrorCode, error: FaultError) -> CommandError:
    return CommandError(ErrorCode(code.code, str(error), code.temporary))


def _known_kind(kind: str) -> str:
    if kind not in KINDS:
        hint = nearest(kind, KINDS) or f"; there are {', '.join(KINDS)}"
        raise FaultRequestError("kind", f"there is no kind {shortened(kind)}{hint}")
    return kind


def _misread(error: Exception, params: bytes) -> FaultRequestError:
    """What is wrong with a fault that cannot be read, its kind first."""
    try:
        kind = _kind.decode(params).kind
        if kind is None:
            return FaultRequestError("kind", f"is missing; there are {', '.join(KINDS)}")
        fields: tuple[str, ...] = KINDS[_known_kind(kind)].__struct_fields__
    except FaultRequestError as unknown:
        return unknown
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        fields = ()
    return _explained(error, (*fields, "kind"))


def _explained(error: Exception, fields: tuple[str, ...]) -> FaultRequestError:
    """A decoder's message as a field and a sentence."""
    text = str(error)
    place = _PLACE.search(text)
    field = "" if place is None else place[1][:60]
    problem = text if place is None else text[: place.start()]
    unknown = _UNKNOWN_FIELD.search(problem)
    if unknown is None:
        return FaultRequestError(field, problem[:200])
    known = Target.__struct_fields__ if field == "target" else fields
    sentence = f"there is no field {shortened(unknown[1])}"
    return FaultRequestError(field, sentence + nearest(unknown[1], known))
