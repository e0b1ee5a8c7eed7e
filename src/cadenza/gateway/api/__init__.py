"""The operations of the API: each once, served over RPC and over REST.

An `Operation` has a name, a sentence, one handler over one typed request, and its two forms. The
forms say how the request is read from the surface's own parameters and how the answer is shown in
its own types; by default both are a `view` by field name. Everything else follows from the
registry: both surfaces, the OpenAPI and the AsyncAPI document, the reference, the test of bad
input.

To add an operation write a function and an entry::

    def cancel(caller: Caller, request: CancelTradeOrderRequest) -> Reply | Awaitable[Reply]:
        order = exchange.cancel(caller.user, request)  # an OrderRecord
        return Reply(order)  # or a future that is done after the commit

    Operation(
        name="command.trade_order.cancel",
        doc="Cancel an order.",
        run=cancel,
        request=CancelTradeOrderRequest,
        needs_user=True,
        rpc=RpcForm(
            method="command.trade_order.cancel",
            params=CancelTradeOrderRequest,
            result=RpcTradeOrder,
        ),
        rest=RestForm(
            http="POST",
            path="tradeOrder/cancel",
            params=CancelTradeOrderRequest,
            result=TradeOrder,
        ),
    )

Rules for handlers:

- Decide at once and return a `Reply`, or return a future of one: neither costs a task. A coroutine
  works too and gets a task.
- Raise `OperationError` with an entry of ``error_table``, or an error of the rooms below that
  `mapping` has in its table; a new kind of error is one line there. Anything else is logged and
  answered with ``INTERNAL``.
- ``params`` is what a client may send: limits stand in the type (``Annotated`` with
  ``msgspec.Meta``), and the surfaces name the field and the nearest valid value.
- Where a surface needs more than a view, give its form ``read`` (parameters to request) or ``show``
  (answer to result). ``show`` gets ``Reply.data``, so over REST an array of one order is
  ``show=lambda order: (view(order, TradeOrder),)``.
- A call that the API does not have is marked ``extension=True``. One that it has and that is not
  served belongs into ``unserved``.
"""

from __future__ import annotations

from cadenza.gateway.api.asyncapi import asyncapi
from cadenza.gateway.api.errors import CATALOGUE, MODULES, ErrorEntry, OperationError
from cadenza.gateway.api.openapi import openapi
from cadenza.gateway.api.operation import (
    Caller,
    NoParams,
    Operation,
    Reply,
    RestForm,
    RpcForm,
    Unserved,
)
from cadenza.gateway.api.registry import Registry, RegistryError
from cadenza.gateway.api.rest import rest_routes
from cadenza.gateway.api.rpc import rpc_handler

__all__ = [
    "CATALOGUE",
    "MODULES",
    "Caller",
    "ErrorEntry",
    "NoParams",
    "Operation",
    "OperationError",
    "Registry",
    "RegistryError",
    "Reply",
    "RestForm",
    "RpcForm",
    "Unserved",
    "asyncapi",
    "openapi",
    "rest_routes",
    "rpc_handler",
]
