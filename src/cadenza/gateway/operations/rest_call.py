"""One operation over HTTP, ready to be called."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import UNSET

from cadenza.gateway.api.errors import OperationError
from cadenza.gateway.api.operation import Operation, Reply, RestForm
from cadenza.gateway.api.params import reader
from cadenza.gateway.api.results import adapted, request_adapter, result_adapter
from cadenza.gateway.operations import error_table as errors
from cadenza.gateway.operations.caller import Caller
from cadenza.gateway.operations.query import query_reader
from cadenza.models import succeeded

_encode: Final = msgspec.json.Encoder().encode


class RestCall:
    """One operation, ready to be called.

    Args:
        operation: Which.
        form: Its form over REST.
    """

    def __init__(self, operation: Operation, form: RestForm) -> None:
        self.name: Final = operation.name
        self.public: Final = form.public
        self._form = form
        self._read_query = query_reader(form.params) if form.http == "GET" else None
        self._read_body = reader(form.params)
        self._adapt = request_adapter(form, operation.request)
        self._run = operation.run
        self._show = result_adapter(form)
        self._needs_user = operation.needs_user

    async def __call__(self, caller: Caller, query: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of an answer.

        Raises:
            Exception: Whatever the handler raises; see `mapping.explain`.
        """
        request = self._read_body(body) if self._read_query is None else self._read_query(query)
        if self._adapt is not None:
            request = adapted(self._adapt, request)
        if self._needs_user and not caller.user:
            raise OperationError(errors.NO_USER)
        reply = self._run(caller, request)
        if not isinstance(reply, Reply):
            reply = await reply
        data = reply.data if self._show is None else self._show(reply.data)
        status = 200 if self._form.status is None else self._form.status(data)
        if not self._form.enveloped:
            return status, _encode(data)
        pagination = reply.pagination if self._form.paginated else UNSET
        return status, _encode(succeeded(data, pagination))
