"""How operations are served: each is written once, and answers over RPC and over REST.

An `Operation` has a name, a sentence, one handler over one typed request, and its two forms. The
forms say how the request is read from the surface's own parameters and how the answer is shown in
its own types; by default both are a `view` by field name. Everything else follows from the
registry: both surfaces, the OpenAPI and the AsyncAPI document, the reference, the test of bad
input. The operations themselves are in ``gateway.operations``.

To add one write a function and an entry::

    def cancel(caller: Caller, request: CancelTradeOrderRequest) -> Reply:
        return Reply(exchange.cancel(caller.user, request))  # the state of the order

    Operation(
        name="command.trade_order.cancel",
        doc="Cancel an order.",
        run=cancel,
        request=CancelTradeOrderRequest,
        needs_user=True,
        rpc=RpcForm(
            method="command.trade_order.cancel",
            params=CancelTradeOrderRequest,
            show=answers.one,  # a future of an RpcTradeOrder, done after the commit
            result=RpcTradeOrder,
        ),
        rest=RestForm(
            http="POST",
            path="tradeOrder/cancel",
            params=CancelTradeOrderRequest,
            show=answers.one_rest,
            result=TradeOrder,
        ),
    )

Rules for handlers:

- Decide at once and return a `Reply`, or return a future of one: neither costs a task. A coroutine
  works too and gets a task.
- Answer records or states, and do not ask which surface they are for.
- Raise `OperationError` with an entry of the catalogue in ``errors``, or an error of the rooms
  below that ``error_map`` has in its table; a new kind of error is one line there. Anything else is
  logged and answered with ``INTERNAL``.

Rules for forms:

- ``params`` is what a client may send: limits stand in the type (``Annotated`` with
  ``msgspec.Meta``), and the surfaces name the field and the nearest valid value.
- Where a surface needs more than a view, give its form ``read`` (parameters to request) or ``show``
  (``Reply.data`` to result). ``show`` may return an awaitable, for example a future that is done
  when what it shows is durable.
- A call that the API does not have is marked ``extension=True``. One that it has and that is not
  served belongs into ``gateway.operations.unserved``.
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
