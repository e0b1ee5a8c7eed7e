"""Bad input in every field of every operation over both surfaces, nested ones with them.

What comes back is an answer or a specific error; an error has changed nothing.
"""

from __future__ import annotations

import copy
import functools
import json
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from cadenza.gateway.api import CATALOGUE, OperationError, errors, rpc_handler
from cadenza.gateway.api.params import concrete
from cadenza.gateway.api.rest import _envelope
from cadenza.gateway.operations.catalog import MarketServices, make_registry
from cadenza.models import HealthStatus, OperationType
from cadenza.trading.exchange.dealer import DEALER_ID
from support.gateway.trading_world import BTC, NOBODYS, SELL, Desk
from support.trading.venue_world import RULES, World

HUGE = "x" * 100_000
FOREIGN = object()
"""Stands for the id of somebody else's account."""

BAD = [
    None,
    True,
    -1,
    0,
    10**400,
    1.5,
    1e308,
    "",
    "NaN",
    "Infinity",
    "-1",
    "1e5",
    " 1",
    "+1",
    ".5",
    "1\n",
    "9" * 80,
    "0.00000000000001",
    "\u0000\u001b[2J",
    "\u0661",
    "SIDEWAYS",
    "UNKNOWN",
    "' OR 1=1 --",
    "9999-12-31T23:59:59.999Z",
    NOBODYS,
    FOREIGN,
    HUGE,
    [],
    ["x"],
    [None],
    {},
    {"x": 1},
]

BROAD = {
    errors.INVALID_REQUEST,  # fields contradict each other
    errors.INSUFFICIENT_FUNDS,  # the asset is named instead
    errors.NO_PRICE,
    errors.BOOK_NOT_READY,
    errors.NO_TICKER,
    errors.OPEN_ORDERS,
    errors.TOO_MANY_ACCOUNTS,
    errors.ALWAYS_ON,
    errors.NO_QUOTE,
}
"""The errors that are about more than one field."""

LONGEST_ANSWER = 3000
"""Characters of an error's answer over REST: a message, and valid values."""


class FakeTickers:
    def __init__(self, market):
        self.market = market

    def ticker(self, instrument_id):
        self.market.listing(instrument_id)


class FakeKlines:
    def __init__(self, market):
        self.market = market

    def kline(self, instrument_id, interval, **_):
        raise OperationError(errors.UNAVAILABLE)


class FakeHealth:
    def parts(self):
        return {"database": HealthStatus.HEALTHY}


def whole_registry(desk):
    """Everything that a gateway serves."""
    market = desk.world.market
    return make_registry(
        MarketServices(
            market=market,
            tickers=FakeTickers(market),
            klines=FakeKlines(market),
            health=FakeHealth(),
            time_ms=desk.world.clock.time_ms,
        ),
        desk.services,
    )


fields_of = functools.cache(msgspec.structs.fields)
NAMES = sorted(operation.name for operation in whole_registry(Desk(World())))


class Target:
    """One world, and parameters that are complete for each operation."""

    def __init__(self, desk):
        self.desk = desk
        desk.registry = whole_registry(desk)
        desk.handler = rpc_handler(desk.registry)
        self.venue = desk.world.venue
        self.foreign = desk.world.account("bob").account_id
        self.order_id = ""

    @classmethod
    async def open(cls):
        rules = msgspec.structs.replace(RULES, account_limit=100_000)
        target = cls(await Desk.open(rules=rules))
        world = target.desk.world
        world.outside(SELL, 20_000, 50_000)
        world.account()
        target.order_id = world.limit(SELL, "300.00", "1").order_id
        await target.venue.journal.drain()
        return target

    def good(self, operation):
        """By field: what the operation needs."""
        account = self.desk.account
        order = self.desk.order(limitPrice="100.00", quantity="1")
        if operation.name.endswith("save"):
            order = {"tradeOrderId": self.order_id, "limitPrice": "301.00"}
        name = {"tradingAccountId": account}
        wish = operation.name.rpartition(".")[2] in {"create", "connect"}
        return {
            **order,
            **name,
            "tradeOrder": order,
            "tradingAccount": {"nickname": "x"} if wish else {**name, "nickname": "x"},
            "tradeOrderId": self.order_id,
            "dealerAccountId": DEALER_ID,
            "subscriptionType": "MARKET.SUBSCRIPTION.TRADE",
            "interval": "1m",
            "venue": "PAPER",
            "asset": "BTC",
        }

    def base(self, operation, kind):
        """Parameters that are complete."""
        good = self.good(operation)
        found = {one.encode_name: good for one in fields_of(kind) if one.required}
        params = {name: good[name] for name in found}
        known = {one.encode_name for one in fields_of(kind)}
        if operation.name.startswith("command.trade_order.submit"):
            wanted = ("instrumentId", "limitPrice")
        elif operation.name == "command.quote.rfq":
            wanted = ("instrumentId", "quantity")
        elif "trade_order" in operation.name and "list" not in operation.name:
            wanted = ("tradeOrderId",)
        else:
            wanted = ()
        params |= {name: good[name] for name in wanted if name in known}
        if operation.name == "command.trade_order.amend":
            params["limitPrice"] = "301.00"
        if operation.name == "command.trading_account.update" and "nickname" in known:
            params["nickname"] = "y"
        return params

    async def state(self):
        """Everything that an error must leave as it was."""
        exchange = self.venue.exchange
        journal = self.venue.journal
        assert not journal.batch, "an error left something to be written"
        return (
            self.venue.ledger.state(),
            copy.deepcopy([live.state for live in exchange.clearing.live.values()]),
            {order_id: repr(order) for order_id, order in exchange.clearing.live.items()},
            [self.venue.registry.of_owner(owner) for owner in ("ann", "bob")],
            [self.venue.positions.of_account(a.account_id) for a in self.accounts()],
            len(exchange.dealer),
        )

    def accounts(self):
        return self.venue.registry.of_owner("ann") + self.venue.registry.of_owner("bob")

    async def renew(self, operation):
        """Make good what a call that was answered used up."""
        world = self.desk.world
        if operation.name.startswith("command.trade_order."):
            world.exchange.cancel_all(world.account())
            self.order_id = world.limit(SELL, "300.00", "0.1").order_id
        elif operation.name.rpartition(".")[2] in {"disable", "disconnect"}:
            owner, account_id = "ann", self.desk.account
            self.venue.accounts.switch(owner, account_id, OperationType.CONNECT)
        await self.venue.journal.drain()

    def value(self, bad):
        return self.foreign if bad is FOREIGN else bad


def paths(kind, at=()):
    """The path of every field of a struct, those of the structs in it after it."""
    for field in inspect.type_info(kind).fields:
        path = (*at, field.encode_name)
        yield path
        inner = concrete(field.type)
        if isinstance(inner, inspect.StructType):
            yield from paths(inner.cls, path)
        elif isinstance(inner, (inspect.ListType, inspect.VarTupleType)):
            item = concrete(inner.item_type)
            if isinstance(item, inspect.StructType):
                yield from paths(item.cls, (*path, 0))


def changed(params, path, value):
    """Parameters with another value at a path; what is on the way there is made."""
    params = copy.deepcopy(params)
    inner = params
    for step, following in pairwise(path):
        if isinstance(inner, list):
            inner = inner[step]
            continue
        empty = [{}] if following == 0 else {}
        inner = inner.setdefault(step, empty)
    inner[path[-1]] = value
    return params


def removed(params, path):
    """Parameters without a field; ``None`` if it was not there."""
    params = copy.deepcopy(params)
    inner = params
    for step in path[:-1]:
        if not isinstance(inner, dict) or step not in inner:
            return None
        inner = inner[step]
    if not isinstance(inner, dict) or path[-1] not in inner:
        return None
    del inner[path[-1]]
    return params


def fits(params, kind):
    """Whether parameters are of their type, whatever they say."""
    try:
        msgspec.json.decode(json.dumps(params), type=kind)
    except msgspec.DecodeError:
        return False
    return True


ENTRIES = {entry.code: entry for entry in CATALOGUE}


async def rpc_error(target, operation, params):
    """What a call over RPC was refused with: entry and message; ``None``: it was answered."""
    data = json.dumps(params).encode()
    answer = await target.desk.raw(operation.rpc.method, data)
    envelope = json.loads(answer)
    assert b"x" * 1100 not in answer
    if "error" not in envelope:
        return None
    error = envelope["error"]
    assert 0 < len(error["message"]) <= 603
    return ENTRIES[error["code"]], error["message"]


async def rest_error(target, operation, params):
    """What a call over REST was refused with; ``None``: it was answered."""
    form = operation.rest
    if form.http == "GET":
        params = {k: v if isinstance(v, (str, list)) else json.dumps(v) for k, v in params.items()}
    answer = await target.desk.rest(form.http, form.path, params)
    if not isinstance(answer, OperationError):
        assert "x" * 1100 not in json.dumps(answer)
        return None
    body = msgspec.json.encode(_envelope(answer, operation.name))
    assert len(body) <= LONGEST_ANSWER
    return answer.entry, f"{answer.message} {answer.problem.field}"


SURFACES = {"rpc": rpc_error, "rest": rest_error}


async def tried(target, surface, operation, params, path, *, usual=None):
    """Call with bad parameters, and check everything that must hold whatever comes back.

    An error names the field, unless it is the one that comes without the change, too.
    """
    before = await target.state()
    error = await SURFACES[surface](target, operation, params)
    where = (operation.name, surface, path, str(params)[:200])
    if error is None:
        await target.venue.journal.drain()
        return None
    entry, message = error
    assert entry not in {errors.INTERNAL, errors.STORE_FAILED}, where
    assert await target.state() == before, where
    if entry not in BROAD and path and error != usual:
        names = [str(step) for step in path if step != 0]
        assert any(name in message for name in names) or _about(message, path), (where, error)
    return entry


def _about(message, path):
    """Whether an error names what the field decides about, instead of the field itself."""
    words = {
        "tradingAccountId": ("trading account",),
        "externalTradingAccountId": ("trading account",),
        "externalAccountId": ("trading account",),
        "tradeOrderId": ("order",),
        "externalOrderId": ("order",),
        "clientOrderId": ("order", "was used"),
        "instrumentId": ("instrument",),
        "instrumentIds": ("instrument",),
        "instruments": ("instrument",),
        "traderAccountId": ("trading account",),
        "quantity": ("is no amount", "minor units"),
        "orderType": ("limitPrice", "stopPrice", "trailingDistance", "timeInForce", "quoteId"),
        "orderSide": ("quantity", "takeProfit", "stopLoss"),
        "quantityType": ("quantity",),
        "quantityRounding": ("quantity",),
        "quoteCurrencyQuantity": ("quantity",),
        "timeInForce": ("expireAt",),
        "takeProfitLimitPrice": ("takeProfitPrice",),
        "takeProfitTimeInForce": ("takeProfitPrice",),
        "stopLossLimitPrice": ("stopLossPrice",),
        "stopLossTimeInForce": ("stopLossPrice",),
        "quoteQuantity": ("quantity",),
        "idempotencyKey": ("was used for order",),
        "subscriptionId": ("subscription",),
        "baseAsset": ("instrument",),
        "quoteAsset": ("instrument",),
    }
    return any(word in message for word in words.get(str(path[-1]), ()))


def forms(operation):
    if operation.rpc is not None:
        yield "rpc", operation.rpc.params
    if operation.rest is not None:
        yield "rest", operation.rest.params


def operation_of(target, name):
    return next(one for one in target.desk.registry if one.name == name)


@pytest.mark.parametrize("name", NAMES)
async def test_every_bad_value_in_every_field(name, caplog):
    """An answer, or an error that names the field and changes nothing; never a failure."""
    target = await Target.open()
    operation = operation_of(target, name)
    for surface, kind in forms(operation):
        is_query = surface == "rest" and operation.rest.http == "GET"
        base = target.base(operation, kind)
        usual = await SURFACES[surface](target, operation, base)
        await target.venue.journal.drain()
        await target.renew(operation)
        for path in paths(kind):
            if is_query and len(path) > 1:
                continue
            for bad in BAD:
                base = target.base(operation, kind)
                params = changed(base, path, target.value(bad))
                entry = await tried(target, surface, operation, params, path, usual=usual)
                if entry is None and not is_query:
                    assert fits(params, kind), (name, surface, path, str(bad)[:50])
                if entry is None:
                    await target.renew(operation)
    target.desk.world.check()
    assert caplog.text == ""


@pytest.mark.parametrize("name", NAMES)
async def test_every_field_missing(name, caplog):
    """What is required is named; what is not may be left out."""
    target = await Target.open()
    operation = operation_of(target, name)
    for surface, kind in forms(operation):
        usual = await SURFACES[surface](target, operation, target.base(operation, kind))
        await target.renew(operation)
        base = target.base(operation, kind)
        for path in paths(kind):
            params = removed(base, path)
            if params is None:
                continue
            entry = await tried(target, surface, operation, params, path, usual=usual)
            if not fits(params, kind) and not (surface == "rest" and operation.rest.http == "GET"):
                assert entry is errors.MISSING_FIELD
    assert caplog.text == ""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"1", b'"x"', b"{", b"\xff", b"{}" * 2])
async def test_what_is_no_object(name, data, caplog):
    """Bytes that are no parameters at all."""
    target = await Target.open()
    operation = operation_of(target, name)
    before = await target.state()
    if operation.rpc is None:
        return
    envelope = json.loads(await target.desk.raw(operation.rpc.method, data))
    if "error" in envelope:
        assert ENTRIES[envelope["error"]["code"]] is not errors.INTERNAL
        assert await target.state() == before
    assert caplog.text == ""


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", fullmatch=True),
    st.sampled_from(["BUY", "SELL", "MARKET", "STOP", "GTD", "IOC", "QUOTE", "OTOCO", "QUOTED"]),
    st.sampled_from([NOBODYS, BTC, "2030-01-01T00:00:00Z"]),
)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_several_bad_fields_at_once(data):
    """Any of the values in several fields of any operation."""
    import asyncio  # noqa: PLC0415 - hypothesis runs examples without a loop

    asyncio.run(_several(data))


async def _several(data):
    target = await Target.open()
    operation = operation_of(target, data.draw(st.sampled_from(NAMES)))
    surface, kind = data.draw(st.sampled_from(list(forms(operation))))
    fields = [path for path in paths(kind) if 0 not in path]
    params = target.base(operation, kind)
    chosen = st.lists(st.sampled_from(fields), max_size=4, unique=True) if fields else st.just([])
    for path in sorted(data.draw(chosen), key=len, reverse=True):
        parents = params
        for step in path[:-1]:
            parents = parents.get(step) if isinstance(parents, dict) else None
        if path[:-1] and not isinstance(parents, dict):
            continue
        params = changed(params, path, data.draw(VALUES))
    await tried(target, surface, operation, params, ())
    await target.venue.journal.drain()
    target.desk.world.check()


def test_the_registry_is_whole():
    """Both surfaces of every operation are among those tried."""
    registry = whole_registry(Desk(World()))
    assert len(NAMES) == len(registry) > 40
    assert {one.name for one in registry if one.rpc is None} <= {
        "query.kline.get",
        "market.subscription.orderBook.subscribe",
    }
