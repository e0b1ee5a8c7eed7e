"""The account channel: changes of orders, executions and balances, told to their owner.

Every event is made when it is decided and published when it is durable, in that order. Beside the
stream stands the state that it has shown so far, so that a new subscriber can be given the open
orders and the portfolio exactly as of its offset. Who may subscribe is decided here, too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Final

import msgspec

from cadenza.gateway.api.views import view
from cadenza.gateway.outlet import Outlet
from cadenza.gateway.trading.account_payloads import (
    account_record,
    balance_record,
    portfolio_record,
    position_entry,
)
from cadenza.gateway.trading.order_payloads import OrderJson, execution_json
from cadenza.models import (
    EventType,
    RpcBalanceEntry,
    RpcPortfolio,
    RpcPositionEntry,
    RpcTradingAccount,
    SecurityType,
    UpdateMode,
    iso_of,
)
from cadenza.models.channels import account_channel, account_of
from cadenza.protocol import codes
from cadenza.realtime import ChannelOptions, CommandError, SubscribeEvent, SubscribeReply
from cadenza.trading.accounts.account import Account
from cadenza.trading.accounts.position import Position
from cadenza.trading.accounts.valuation import Holdings
from cadenza.trading.ledger.entry import Balance
from cadenza.trading.ledger.units import AssetScales
from cadenza.trading.orders.state import Execution, OrderState
from cadenza.trading.venue import PaperVenue

_encode: Final = msgspec.json.Encoder().encode


class PortfolioDelta(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The data of a portfolio event: the balances and positions that changed, as they are now.

    Attributes:
        trading_account_id: The account.
        balances: The balances that changed.
        positions: The positions that changed; closed ones too.
        update_mode: Always ``DELTA``.
        updated_at: ISO 8601, UTC.
    """

    trading_account_id: str
    balances: tuple[RpcBalanceEntry, ...]
    positions: tuple[RpcPositionEntry, ...]
    update_mode: UpdateMode
    updated_at: str


class AccountState(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The state of an account, for subscribers that ask for it in the subscribe result's ``data``.

    Attributes:
        orders: The open orders as RPC orders, in the order they came.
        portfolio: All balances and positions, and their worth.
    """

    orders: tuple[msgspec.Raw, ...]
    portfolio: RpcPortfolio


class SubscribeData(msgspec.Struct, frozen=True, rename="camel"):
    """The ``data`` of a subscribe command: other fields are the application's own.

    Attributes:
        state: Whether the subscribe result shall carry the account's state as of its offset.
    """

    state: bool = False


_read: Final = msgspec.json.Decoder(SubscribeData).decode


class Shown:
    """The state of one account as its stream has told it so far.

    Attributes:
        orders: The open orders by id, as encoded RPC orders, in the order they came.
        balances: The balances by asset.
        positions: The open positions by instrument.
    """

    __slots__ = ("balances", "orders", "positions")

    def __init__(self) -> None:
        self.orders: dict[str, bytes] = {}
        self.balances: dict[str, Balance] = {}
        self.positions: dict[str, Position] = {}


class AccountEvents:
    """An ``ExchangeListener`` that publishes what it hears.

    Args:
        outlet: Publishes the events.
        options: The options of the account channels.
        new_id: Makes event ids.
        currency: The asset in which portfolios are summed up.
    """

    def __init__(
        self,
        outlet: Outlet,
        options: ChannelOptions,
        new_id: Callable[[], str],
        *,
        currency: str,
    ) -> None:
        self._currency = currency
        self._outlet = outlet
        self._options = options
        self._new_id = new_id
        self._venue: PaperVenue | None = None
        self._json = OrderJson(AssetScales({}))
        self._shown: dict[str, Shown] = {}
        # The orders that this commit has changed so far, so that an answer need not encode them.
        self._fresh: dict[str, bytes] = {}

    def attach(self, venue: PaperVenue) -> None:
        """Tell of this venue; the state that it has now has been told before."""
        self._venue = venue
        self._json = OrderJson(venue.scales)
        venue.exchange.on_undone(self._fresh.clear)
        for order in venue.exchange.open_orders():
            self._of(order.account_id).orders[order.order_id] = self._order(order)
        for account in venue.registry:
            shown = self._of(account.account_id)
            for balance in venue.ledger.balances(account.account_id):
                shown.balances[balance.asset] = balance
            for position in venue.positions.of_account(account.account_id):
                shown.positions[position.instrument_id] = position

    @property
    def venue(self) -> PaperVenue:
        """The venue that is told of."""
        if self._venue is None:
            raise RuntimeError("account events without a venue")
        return self._venue

    def encoded(self, order: OrderState) -> msgspec.Raw:
        """An order as RPC shows it, encoded; as it is now."""
        return msgspec.Raw(self._fresh.get(order.order_id) or self._order(order))

    def state(self, account: Account) -> bytes:
        """An ``AccountState`` as of the newest publication of the account's channel."""
        shown, venue = self._of(account.account_id), self.venue
        holdings = Holdings(
            account.account_id,
            account.venue,
            tuple(shown.balances[asset] for asset in sorted(shown.balances)),
            tuple(shown.positions[name] for name in sorted(shown.positions)),
        )
        valuation = venue.valuation(self._currency)
        record = portfolio_record(
            holdings,
            valuation,
            venue.scales,
            updated_at=venue.now(),
            security_types=venue.security_types,
        )
        orders = tuple(map(msgspec.Raw, shown.orders.values()))
        return _encode(AccountState(orders=orders, portfolio=view(record, RpcPortfolio)))

    # Changes that the exchange tells.

    def on_order(self, order: OrderState) -> None:
        """See ``ExchangeListener``."""
        data = self._fresh[order.order_id] = self._order(order)
        payload = self._event(EventType.TRADE_ORDER_UPDATED, data, order.updated_at)
        effect = partial(self._show_order, order.account_id, order.order_id, order.is_open, data)
        self._then(order.account_id, payload, effect)

    def on_execution(self, execution: Execution, order: OrderState) -> None:
        """See ``ExchangeListener``."""
        data = execution_json(execution, order, self.venue.scales)
        payload = self._event(EventType.EXECUTION_CREATED, data, execution.at)
        self._then(execution.account_id, payload)

    def on_balances(self, account_id: str, assets: Collection[str]) -> None:
        """See ``ExchangeListener``."""
        self._fresh.clear()
        venue = self.venue
        now = venue.now()
        balances = tuple(venue.ledger.balance(account_id, asset) for asset in sorted(assets))
        positions = tuple(
            position
            for position in venue.journal.batch.positions.values()
            if position.account_id == account_id
        )
        delta = PortfolioDelta(
            trading_account_id=account_id,
            balances=tuple(self._balance(balance, now) for balance in balances),
            positions=tuple(filter(None, map(self._position, positions))),
            update_mode=UpdateMode.DELTA,
            updated_at=iso_of(now),
        )
        payload = self._event(EventType.PORTFOLIO_UPDATED, _encode(delta), now)
        effect = partial(self._show_portfolio, account_id, balances, positions)
        self._then(account_id, payload, effect)

    def on_account(self, account: Account) -> None:
        """See ``ExchangeListener``."""
        data = _encode(view(account_record(account), RpcTradingAccount))
        payload = self._event(EventType.TRADING_ACCOUNT_UPDATED, data, account.updated_at)
        self._then(account.account_id, payload)

    def _order(self, order: OrderState) -> bytes:
        return self._json.encode(order)

    def _balance(self, balance: Balance, now: int) -> RpcBalanceEntry:
        kind = self.venue.security_types.get(balance.asset, SecurityType.CRYPTO)
        record = balance_record(balance, self.venue.scales, updated_at=now, security_type=kind)
        return view(record, RpcBalanceEntry)

    def _position(self, position: Position) -> RpcPositionEntry | None:
        instrument = self.venue.exchange.instruments.get(position.instrument_id)
        if instrument is None:
            return None
        kind = self.venue.security_types.get(instrument.listing.id.base, SecurityType.CRYPTO)
        mark = instrument.engine.last or None
        entry = position_entry(position, instrument.units, mark, security_type=kind)
        return view(entry, RpcPositionEntry)

    def _event(self, kind: EventType, data: bytes, at: int) -> bytes:
        return b'{"eventType":"%s","eventId":"%s","timestamp":"%s","data":%s}' % (
            kind.value.encode(),
            self._new_id().encode(),
            iso_of(at).encode(),
            data,
        )

    def _then(
        self, account_id: str, payload: bytes, effect: Callable[[], None] | None = None
    ) -> None:
        self.venue.journal.then(partial(self._publish, account_id, payload, effect))

    def _publish(self, account_id: str, payload: bytes, effect: Callable[[], None] | None) -> None:
        if effect is not None:
            effect()
        self._outlet.publish(account_channel(account_id), payload, self._options)

    def _show_order(self, account_id: str, order_id: str, is_open: bool, data: bytes) -> None:
        orders = self._of(account_id).orders
        if is_open:
            orders[order_id] = data
        else:
            orders.pop(order_id, None)

    def _show_portfolio(
        self, account_id: str, balances: tuple[Balance, ...], positions: tuple[Position, ...]
    ) -> None:
        shown = self._of(account_id)
        for balance in balances:
            shown.balances[balance.asset] = balance
        for position in positions:
            if position.is_open:
                shown.positions[position.instrument_id] = position
            else:
                shown.positions.pop(position.instrument_id, None)

    def _of(self, account_id: str) -> Shown:
        shown = self._shown.get(account_id)
        if shown is None:
            shown = self._shown[account_id] = Shown()
        return shown


class AccountChannelAccess:
    """Decides about subscriptions to account channels.

    Args:
        events: The account channels, which know the venue and the state of each account.
    """

    def __init__(self, events: AccountEvents) -> None:
        self._events = events

    def on_subscribe(self, event: SubscribeEvent) -> SubscribeReply:
        """Let the owner in; a subscription with a token gets what the token grants.

        Raises:
            CommandError: 103, for accounts of others as for those that do not exist; 107, the data
                is no JSON object.
        """
        account_id = account_of(event.channel) or ""
        account = self._events.venue.registry.any(account_id)
        user = event.connection.user
        if not event.token and (account is None or not user or account.owner != user):
            raise CommandError(codes.PERMISSION_DENIED, _ONLY_OWNERS)
        state = None
        if account is not None and _wants_state(event.data):
            state = partial(self._events.state, account)
        return SubscribeReply(by_rules=bool(event.token), state=state)


_ONLY_OWNERS: Final = "only an account's owner may, or whoever has a subscription token for it"


def _wants_state(data: bytes) -> bool:
    if not data:
        return False
    try:
        return _read(data).state
    except msgspec.DecodeError as error:
        raise CommandError(codes.BAD_REQUEST) from error
