"""The calls of the API that a gateway with its own venue cannot honestly answer, with reasons.

Over RPC they are answered with the error ``NOT_SERVED`` in the envelope, so that a client can tell
them from a misspelt name (Centrifugo's 104). Over REST they are 404 with the same ``errno``: the
API's own list of statuses has no 501.
"""

from __future__ import annotations

from typing import Final

from cadenza.gateway.api.operation import Unserved

UNSERVED: Final = (
    Unserved(
        why="it keeps no credentials of other venues; its accounts need none",
        methods=(
            "command.credential.create",
            "command.credential.save",
            "command.credential.verify",
            "command.credential.revoke",
            "command.credential.rotate",
            "query.credential.list",
        ),
        paths=(
            ("POST", "credential/create"),
            ("GET", "credential/list"),
            ("POST", "credential/rotate"),
            ("POST", "credential/revoke"),
            ("POST", "credential/verify"),
        ),
    ),
    Unserved(
        why="instruments and securities come from its feed and its configuration",
        methods=(
            "command.instrument.sync",
            "command.instrument.save",
            "command.instrument.delete",
            "command.instrument.enable",
            "command.instrument.disable",
            "command.security.sync",
            "command.security.save",
            "command.security.delete",
        ),
        paths=(
            ("POST", "market/instrument/sync"),
            ("POST", "market/instrument/enable"),
            ("POST", "market/instrument/disable"),
            ("DELETE", "market/instrument/delete"),
            ("POST", "market/security/sync"),
            ("DELETE", "market/security/delete"),
        ),
    ),
    Unserved(
        why="market data comes from its feed and its own venue, never from a client",
        methods=("command.orderbook.save", "command.ticker.save", "command.kline.save"),
    ),
    Unserved(
        why="a portfolio follows from the ledger and cannot be written",
        methods=("command.portfolio.save",),
    ),
    Unserved(
        why="accounts are made and changed one at a time, and keep their history: see"
        " command.trading_account.create, update and disconnect",
        methods=("command.trading_account.save", "command.trading_account.delete"),
    ),
    Unserved(
        why="it has no Fermata dealers and wallets",
        methods=(
            "command.fermata.dealer.link",
            "command.fermata.dealer.unlink",
            "command.fermata.wallet.create",
            "query.fermata.wallet.list",
            "command.fermata.wallet.transfer",
            "command.fermata.wallet.freeze",
            "command.fermata.wallet.unfreeze",
            "command.fermata.wallet.close",
        ),
        paths=(("*", "fermata/"),),
    ),
    Unserved(
        why="the API names it without saying what it does",
        methods=("command.subscription.mc.create",),
    ),
    Unserved(
        why="users and tokens are the business of whoever signs the tokens",
        paths=(("*", "auth/"),),
    ),
)
"""Everything of the API that is known here by name only."""

TRADING_OFF: Final = Unserved(
    why="trading is switched off by its configuration",
    methods=(
        "command.trade_order.submit",
        "command.trade_order.cancel",
        "command.trade_order.save",
        "query.trade_order.get",
        "query.trade_order.get_by_id",
        "query.trade_order.list",
        "query.portfolio.get",
        "query.portfolio.list",
        "command.trading_account.create",
        "command.trading_account.update",
        "command.trading_account.validate",
        "command.trading_account.connect",
        "command.trading_account.disconnect",
        "command.trading_account.enable",
        "command.trading_account.disable",
        "query.trading_account.list",
        "query.trading_account.operation.list",
        "command.trading_account.subscribe",
        "command.trading_account.unsubscribe",
        "query.trading_account.subscription.list",
        "command.quote.rfq",
    ),
    paths=(("*", "tradeOrder/"), ("*", "tradingAccount/"), ("*", "quote/")),
)
"""Everything that needs the paper venue, for a gateway without one."""
