"""The operations over Centrifugo's ``rpc``.

The answer is ``{data, error, pagination}`` in a successful reply; a name that the API does not have
is Centrifugo's own error 104. Clients of the Protobuf protocol send and get the same JSON bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.gateway.api import errors
from cadenza.gateway.api.error_map import explain
from cadenza.gateway.api.errors import OperationError
from cadenza.gateway.api.operation import Caller, Operation, Reply, RpcForm, granted_accounts
from cadenza.gateway.api.params import reader
from cadenza.gateway.api.registry import Registry
from cadenza.gateway.api.results import request_reader, requested, result_shower
from cadenza.models import Pagination, RpcEnvelope
from cadenza.protocol import codes
from cadenza.realtime import CommandError, Disconnected, RPCEvent
from cadenza.realtime.eager import waits

T = TypeVar("T")

Answer = bytes | asyncio.Future[bytes]
"""The JSON of an envelope, or a future of it."""

_THE_NODES: Final = (CommandError, Disconnected)
"""Errors that the node itself answers."""

_encode: Final = msgspec.json.Encoder().encode


def rpc_handler(registry: Registry) -> Callable[[RPCEvent], Answer]:
    """Make the ``rpc`` handler of a node; what does not depend on a call is made once.

    Operations that are added to the registry later are not served.

    Where an operation has to be waited for, the handler returns a future, so that the node may
    answer the connection's later calls meanwhile. Between a future of the operation and that of
    the node there is no task.
    """
    calls = {
        method: RpcCall(operation, operation.rpc)
        for method, operation in registry.methods.items()
        if operation.rpc is not None
    }

    def handle(event: RPCEvent) -> Answer:
        call = calls.get(event.method)
        if call is None:
            return _not_served(registry, event.method)
        connection = event.connection
        granted = granted_accounts(connection.token_channels)
        return call(Caller(connection.user, granted, connection.client), event.data)

    return handle


def _not_served(registry: Registry, method: str) -> bytes:
    why = registry.unserved_methods.get(method)
    if why is None:
        raise CommandError(codes.METHOD_NOT_FOUND)
    return _refused(OperationError(errors.NOT_SERVED, f"{method} is not served here: {why}"))


def _refused(error: OperationError) -> bytes:
    return _encode(RpcEnvelope(error=error.rpc()))


class RpcCall:
    """One operation, ready to be called over RPC.

    Args:
        operation: The operation.
        form: Its form over RPC.
    """

    __slots__ = ("_make", "_name", "_needs_user", "_paginated", "_read", "_run", "_show", "_tasks")

    def __init__(self, operation: Operation, form: RpcForm) -> None:
        self._name = form.method
        self._read = reader(form.params)
        self._make = request_reader(form, operation.request)
        self._run = operation.run
        self._show = result_shower(form)
        self._paginated = form.paginated
        self._needs_user = operation.needs_user
        self._tasks: set[asyncio.Future[Any]] = set()

    def __call__(self, caller: Caller, data: bytes) -> Answer:
        """Answer a call: at once where nothing has to be waited for."""
        try:
            reply = self._run(caller, self._request(caller, data))
            if isinstance(reply, Reply):
                return self._shown(reply)
        except _THE_NODES:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer
            return _refused(explain(error, self._name))
        return self._later(reply, self._shown)

    def _request(self, caller: Caller, data: bytes) -> Any:
        params = self._read(data)
        if self._needs_user and not caller.user:
            raise OperationError(errors.NO_USER)
        return params if self._make is None else requested(self._make, params)

    def _shown(self, reply: Reply) -> Answer:
        pagination = reply.pagination if self._paginated else UNSET
        if self._show is None:
            return _enveloped(pagination, reply.data)
        data = self._show(reply.data)
        if waits(data):
            return self._later(data, partial(_enveloped, pagination))
        return _enveloped(pagination, data)

    def _later(self, awaitable: Awaitable[T], go_on: Callable[[T], Answer]) -> Answer:
        """The answer that is made of what has to be waited for; a future costs no task."""
        waited = self._future(awaitable)
        if waited.done():
            return self._outcome(waited, go_on)
        answer: asyncio.Future[bytes] = waited.get_loop().create_future()
        waited.add_done_callback(partial(self._settle, answer, go_on))
        return answer

    def _future(self, awaitable: Awaitable[T]) -> asyncio.Future[T]:
        if isinstance(awaitable, asyncio.Future):
            return awaitable
        task: asyncio.Future[T] = asyncio.ensure_future(awaitable)
        self._tasks.add(task)  # the loop alone would not keep it alive
        task.add_done_callback(self._tasks.discard)
        return task

    def _settle(
        self,
        answer: asyncio.Future[bytes],
        go_on: Callable[[T], Answer],
        waited: asyncio.Future[T],
    ) -> None:
        if answer.done():  # whoever called has given up
            return
        try:
            outcome = self._outcome(waited, go_on)
        except _THE_NODES as error:
            answer.set_exception(error)
            return
        if isinstance(outcome, bytes):
            answer.set_result(outcome)
        else:
            outcome.add_done_callback(partial(_hand_on, answer))

    def _outcome(self, waited: asyncio.Future[T], go_on: Callable[[T], Answer]) -> Answer:
        if waited.cancelled():
            return _refused(OperationError(errors.UNAVAILABLE))
        error = waited.exception()
        if isinstance(error, _THE_NODES):
            raise error
        if isinstance(error, Exception):
            return _refused(explain(error, self._name))
        try:
            return go_on(waited.result())
        except _THE_NODES:
            raise
        except Exception as failure:  # noqa: BLE001 - whatever it is, the client gets an answer
            return _refused(explain(failure, self._name))


def _enveloped(pagination: Pagination | UnsetType, data: Any) -> bytes:
    return _encode(RpcEnvelope(data=data, pagination=pagination))


def _hand_on(answer: asyncio.Future[bytes], outcome: asyncio.Future[bytes]) -> None:
    """Settle a future as another one was settled, unless nobody waits for it any more."""
    error = outcome.exception()
    if answer.done():
        return
    if error is None:
        answer.set_result(outcome.result())
    else:
        answer.set_exception(error)
