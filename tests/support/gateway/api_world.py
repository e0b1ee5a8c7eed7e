"""Operations over a small market, called over both surfaces without a socket."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace

import httpx
import jwt
from starlette.applications import Starlette

from cadenza.config import load_tree
from cadenza.gateway.api import Registry, rest_routes, rpc_handler
from cadenza.gateway.operations.account_subscriptions import account_subscription_operations
from cadenza.gateway.operations.catalog import MarketServices, market_operations
from cadenza.gateway.operations.unserved import UNSERVED
from cadenza.market.instrument import make_instrument
from cadenza.market.market import Market
from cadenza.models import HealthStatus, Kline, Ticker, Venue
from cadenza.realtime import RPCEvent
from cadenza.server.origin import Origins
from cadenza.server.tokens import TokenVerifier
from cadenza.trading.accounts.account import Account
from cadenza.trading.accounts.errors import UnknownAccountError

KEY = "unit-test-hmac-key-0123456789abcdef"
NOW_MS = 1_700_000_000_000
BTC = "BINANCE:BTC/USDT"
ETH = "BINANCE:ETH/USDT"
PAPER = "PAPER:BTC/USDT"
MINE = "00000000-0000-4000-8000-000000000001"
YOURS = "00000000-0000-4000-8000-000000000002"


def an_instrument(venue, base, quote="USDT", lot="0.001"):
    return make_instrument(
        venue=venue,
        base=base,
        quote=quote,
        tick="0.01",
        lot=lot,
        external_symbol=f"{base}{quote}",
        description="",
    )


class FakeTickers:
    """Tickers of the instruments that have one."""

    def __init__(self, market):
        self.market = market
        self.silent = {PAPER}

    def ticker(self, instrument_id):
        instrument = self.market.listing(instrument_id).instrument
        if instrument_id in self.silent:
            return None
        return Ticker(
            venue=instrument.venue,
            symbol=instrument.symbol,
            timestamp=NOW_MS,
            instrument_id=instrument_id,
            last_price="1.00",
        )


class FakeKlines:
    """Klines that remember how they were asked."""

    def __init__(self, market):
        self.market = market
        self.asked = []

    def kline(self, instrument_id, interval, *, start_ms=None, end_ms=None, limit=50):
        self.asked.append((instrument_id, str(interval), start_ms, end_ms, limit))
        instrument = self.market.listing(instrument_id).instrument
        return Kline(
            venue=instrument.venue,
            symbol=instrument.symbol,
            interval=interval,
            candles=((NOW_MS, "1", "2", "0.5", "1.5", "10"),),
            is_closed=False,
            timestamp=NOW_MS,
            instrument_id=instrument_id,
        )


class FakeAccounts:
    """Ann owns one account, Bob another."""

    def __init__(self):
        self.by_owner = {"ann": [_account(MINE, "ann")], "bob": [_account(YOURS, "bob")]}

    def of_caller(self, caller):
        return tuple(self.by_owner.get(caller.user, ()))

    def readable(self, caller, account_id):
        for owner, accounts in self.by_owner.items():
            for account in accounts:
                mine = owner == caller.user or account_id in caller.accounts
                if account.account_id == account_id and mine:
                    return account
        raise UnknownAccountError(account_id)


def _account(account_id, owner):
    return Account(
        account_id=account_id,
        owner=owner,
        nickname="paper",
        venues=(Venue.PAPER,),
        created_at=NOW_MS,
        updated_at=NOW_MS,
    )


class FakeHealth:
    """As healthy as a test wants."""

    def __init__(self):
        self.found = {"market": HealthStatus.HEALTHY, "database": HealthStatus.HEALTHY}

    def parts(self):
        return self.found


class ApiWorld:
    """A registry with its services, and callers of both surfaces.

    Attributes:
        verifier: Counts nothing, verifies everything.
        connection: What RPC calls come from.
    """

    def __init__(self):
        self.market = Market()
        for instrument in (
            an_instrument(Venue.BINANCE, "BTC", lot="0.001"),
            an_instrument(Venue.BINANCE, "ETH", lot="0.0001"),
            an_instrument(Venue.PAPER, "BTC", lot="0.00001"),
        ):
            self.market.instrument(instrument)
        self.market.book_snapshot(
            BTC, [("9.00", "1.000"), ("8.00", "2.000")], [("10.00", "3.000")], NOW_MS
        )
        self.tickers = FakeTickers(self.market)
        self.klines = FakeKlines(self.market)
        self.accounts = FakeAccounts()
        self.health = FakeHealth()
        self.services = MarketServices(
            market=self.market,
            tickers=self.tickers,
            klines=self.klines,
            health=self.health,
            time_ms=lambda: NOW_MS,
        )
        self.registry = Registry(
            (
                *market_operations(self.services),
                *account_subscription_operations(self.accounts),
            ),
            UNSERVED,
        )
        config = load_tree({"client": {"token": {"hmac_secret_key": KEY}}}, {}, {})[0]
        self.verifier = TokenVerifier(config.client)
        self.connection = SimpleNamespace(user="ann", token_channels=frozenset(), client="c1")
        self.body_limit = 4096
        self.now = NOW_MS / 1000

    def raw(self, method, data, user="ann", channels=()):
        """Call over RPC; what the handler returns."""
        connection = SimpleNamespace(user=user, token_channels=frozenset(channels), client="c1")
        handler = rpc_handler(self.registry)
        return handler(RPCEvent(connection=connection, method=method, data=data))

    def rpc(self, method, user="ann", channels=(), /, **params):
        """Call over RPC; the envelope of an answer at once."""
        answer = self.raw(method, json.dumps(params).encode(), user, channels)
        assert isinstance(answer, bytes)
        return json.loads(answer)

    async def later(self, method, **params):
        """Call over RPC; the envelope of an answer that comes later."""
        answer = self.raw(method, json.dumps(params).encode())
        assert isinstance(answer, asyncio.Future)
        return json.loads(await answer)

    def token(self, user="ann", **claims):
        return jwt.encode({"sub": user, **claims}, KEY, algorithm="HS256")

    def app(self):
        routes = rest_routes(
            self.registry,
            self.verifier,
            origins=Origins(["https://good.example"]),
            body_limit=self.body_limit,
            now=lambda: self.now,
        )
        return Starlette(routes=routes)

    async def http(self, method, path, *, token=None, headers=None, **options):
        """One HTTP request under ``/api/v3``; as Ann unless a token is given (``""``: none)."""
        token = self.token() if token is None else token
        headers = {**({"authorization": f"Bearer {token}"} if token else {}), **(headers or {})}
        transport = httpx.ASGITransport(self.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            url = f"/api/v3/{path}" if path else "/api/v3"
            return await client.request(method, url, headers=headers, **options)

    async def get(self, path, **params):
        """The envelope of a GET that must work."""
        response = await self.http("GET", path, params=params)
        assert response.status_code == 200, response.text
        return response.json()

    async def refused(self, method, path, **options):
        """Status, and the envelope of a request that must not work."""
        response = await self.http(method, path, **options)
        envelope = response.json()
        assert envelope["success"] is False
        assert "data" not in envelope
        return response.status_code, envelope
