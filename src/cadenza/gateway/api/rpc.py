"""The operations over Centrifugo's ``rpc``.

The answer is ``{data, error, pagination}`` in a successful reply; a name that the API does not have
is Centrifugo's own error 104. Clients of the Protobuf protocol send and get the same JSON bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import msgspec
from msgspec import UNSET

from cadenza.gateway.api import errors
from cadenza.gateway.api.error_map import explain
from cadenza.gateway.api.errors import OperationError
from cadenza.gateway.api.operation import Caller, Operation, Reply, RpcForm, granted_accounts
from cadenza.gateway.api.params import reader
from cadenza.gateway.api.registry import Registry
from cadenza.gateway.api.results import adapted, request_adapter, result_adapter
from cadenza.models import RpcEnvelope
from cadenza.protocol import codes
from cadenza.realtime import CommandError, Disconnected, RPCEvent

_encode: Final = msgspec.json.Encoder().encode
_THE_NODES: Final = (CommandError, Disconnected)  # what the node itself answers

Answer = bytes | asyncio.Future[bytes]


def rpc_handler(registry: Registry) -> Callable[[RPCEvent], Answer]:
    """The ``rpc`` handler of a node: everything that does not depend on a call is made once.

    Operations that are added to the registry later are not served.

    A handler that returns a future gets a future back, without a task between the two, so that the
    node may answer the connection's later calls meanwhile.
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
    """One operation, ready to be called.

    Args:
        operation: Which.
        form: Its form over RPC.
    """

    __slots__ = ("_adapt", "_name", "_needs_user", "_paginated", "_read", "_run", "_show", "_tasks")

    def __init__(self, operation: Operation, form: RpcForm) -> None:
        self._name = form.method
        self._read = reader(form.params)
        self._adapt = request_adapter(form, operation.request)
        self._run = operation.run
        self._show = result_adapter(form)
        self._paginated = form.paginated
        self._needs_user = operation.needs_user
        self._tasks: set[asyncio.Future[Reply]] = set()

    def __call__(self, caller: Caller, data: bytes) -> Answer:
        """Answer a call: at once where the handler does, else when its awaitable is done."""
        try:
            reply = self._run(caller, self._request(caller, data))
            if isinstance(reply, Reply):
                return self._shown(reply)
        except _THE_NODES:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer
            return _refused(explain(error, self._name))
        return self._later(reply)

    def _request(self, caller: Caller, data: bytes) -> Any:
        params = self._read(data)
        if self._needs_user and not caller.user:
            raise OperationError(errors.NO_USER)
        return params if self._adapt is None else adapted(self._adapt, params)

    def _shown(self, reply: Reply) -> bytes:
        data = reply.data if self._show is None else self._show(reply.data)
        pagination = reply.pagination if self._paginated else UNSET
        return _encode(RpcEnvelope(data=data, pagination=pagination))

    def _later(self, awaitable: Awaitable[Reply]) -> Answer:
        inner = self._future(awaitable)
        if inner.done():
            return self._outcome(inner)
        outer: asyncio.Future[bytes] = inner.get_loop().create_future()

        def done(_: asyncio.Future[Reply]) -> None:
            if outer.done():
                return
            try:
                outer.set_result(self._outcome(inner))
            except _THE_NODES as error:
                outer.set_exception(error)

        inner.add_done_callback(done)
        return outer

    def _future(self, awaitable: Awaitable[Reply]) -> asyncio.Future[Reply]:
        if isinstance(awaitable, asyncio.Future):
            return awaitable
        task: asyncio.Future[Reply] = asyncio.ensure_future(_awaited(awaitable))
        self._tasks.add(task)  # the loop alone would not keep it alive
        task.add_done_callback(self._tasks.discard)
        return task

    def _outcome(self, inner: asyncio.Future[Reply]) -> bytes:
        if inner.cancelled():
            return _refused(OperationError(errors.UNAVAILABLE))
        error = inner.exception()
        if isinstance(error, _THE_NODES):
            raise error
        if isinstance(error, Exception):
            return _refused(explain(error, self._name))
        try:
            return self._shown(inner.result())
        except Exception as failure:  # noqa: BLE001 - whatever it is, the client gets an answer
            return _refused(explain(failure, self._name))


def _awaited(awaitable: Awaitable[Reply]) -> Coroutine[Any, Any, Reply]:
    """Any awaitable as a coroutine."""

    async def run() -> Reply:
        return await awaitable

    return awaitable if isinstance(awaitable, Coroutine) else run()
