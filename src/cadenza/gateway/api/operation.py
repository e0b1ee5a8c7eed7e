"""An operation of the API: one handler, and the forms it has over RPC and over REST."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, Literal, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models import Pagination
from cadenza.models.channels import account_of

PREFIX: Final = "/api/v3"
"""Where REST has its paths."""

NO_ACCOUNTS: Final[frozenset[str]] = frozenset()


class Caller(NamedTuple):
    """The one an operation acts for, as its token says.

    Attributes:
        user: The token's user; empty: it names none.
        accounts: Trading accounts whose channels the token names: its bearer may look at them, and
            only the owner may trade.
        client: Id of the connection; empty over REST.
    """

    user: str
    accounts: frozenset[str] = NO_ACCOUNTS
    client: str = ""


def granted_accounts(channels: Iterable[str]) -> frozenset[str]:
    """The trading accounts among the channels that a token names."""
    if not channels:
        return NO_ACCOUNTS
    return frozenset(found for name in channels if (found := account_of(name)) is not None)


class NoParams(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing is asked."""


class Reply(msgspec.Struct, frozen=True, gc=False):
    """The answer of a handler, before a surface shows it.

    Attributes:
        data: Records or states, one or a sequence of them, or anything that JSON can hold.
        pagination: Which part of a list it is.
    """

    data: Any
    pagination: Pagination | UnsetType = UNSET


Handler = Callable[[Caller, Any], Reply | Awaitable[Reply]]
"""Decides at once or returns an awaitable; a future costs no task. Raises `OperationError` or one
of the errors that ``error_map`` knows. It does not know which surface it answers."""

Reader = Callable[[Any], Any]
"""Makes the operation's request of a form's parameters."""

Shower = Callable[[Any], Any]
"""Makes a form's ``data`` of what a handler answered, or an awaitable of it; a future costs no
task. It is called in the turn in which the answer comes, so that it may note what goes on
changing and let that out when it is durable."""

HttpMethod = Literal["GET", "POST", "DELETE"]


class RpcForm(msgspec.Struct, frozen=True, kw_only=True):
    """How an operation is called over RPC.

    Attributes:
        method: ``category.resource.action``.
        result: Type of the answer's ``data``.
        params: Type of the call's data.
        paginated: The answer has a ``pagination``.
        read: Makes the operation's request of the parameters; by default the two are one type, or
            the request is a view of the parameters.
        show: Makes the answer's ``data`` of what the handler answers; by default a view of it as
            ``result``.
    """

    method: str
    result: Any
    params: type[msgspec.Struct] = NoParams
    paginated: bool = False
    read: Reader | None = None
    show: Shower | None = None


class RestForm(msgspec.Struct, frozen=True, kw_only=True):
    """How an operation is called over REST; see `RpcForm` for what the two have in common.

    Attributes:
        http: The HTTP method. GET reads its parameters from the query, the others from the body.
        path: Under ``/api/v3``; empty: that path itself.
        aliases: Further paths.
        public: No token is asked for.
        enveloped: The answer is wrapped; if not, it is ``result`` alone.
        status: The HTTP status of an answer, where it depends on the answer.
    """

    http: HttpMethod
    path: str
    result: Any
    params: type[msgspec.Struct] = NoParams
    paginated: bool = False
    read: Reader | None = None
    show: Shower | None = None
    aliases: tuple[str, ...] = ()
    public: bool = False
    enveloped: bool = True
    status: Callable[[Any], int] | None = None


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a client can ask for.

    Attributes:
        name: Unique; the RPC method's name where there is one.
        doc: One sentence, for the reference and both documents.
        run: The handler.
        request: Type of the handler's request.
        rpc: Its form over RPC, if any.
        rest: Its form over REST, if any.
        extension: The API does not have it.
        needs_user: Tokens that name no user are refused.
    """

    name: str
    doc: str
    run: Handler
    request: type[msgspec.Struct] = NoParams
    rpc: RpcForm | None = None
    rest: RestForm | None = None
    extension: bool = False
    needs_user: bool = False


class Unserved(msgspec.Struct, frozen=True, kw_only=True):
    """Calls of the API that this gateway knows by name and answers with ``NOT_SERVED``.

    Attributes:
        why: A sentence.
        methods: RPC methods.
        paths: REST calls as ``(HTTP method, path)``; a path that ends with ``/`` stands for
            everything below it, under any HTTP method.
    """

    why: str
    methods: tuple[str, ...] = ()
    paths: tuple[tuple[str, str], ...] = ()
