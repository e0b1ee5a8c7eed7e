"""Trading accounts: the first look, more accounts, and who gets at which."""

from __future__ import annotations

from itertools import count

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadenza.gateway.api.views import view
from cadenza.gateway.trading.account_payloads import account_record
from cadenza.models import (
    AccountType,
    OperationType,
    RpcTradingAccount,
    TradingAccount,
    TradingAccountStatus,
    Venue,
)
from cadenza.trading.accounts.account import AccountChange, is_uuid
from cadenza.trading.accounts.errors import (
    AccountIdError,
    AccountInactiveError,
    NicknameError,
    TooManyAccountsError,
    UnknownAccountError,
)
from cadenza.trading.accounts.registry import AccountRegistry
from cadenza.trading.ledger.errors import AmountError, OpenReservationsError
from cadenza.trading.ledger.ledger import Ledger

DEPOSIT = {"USDT": 1_000_000, "BTC": 500}


def make_registry(**options):
    numbers = count(1)
    return AccountRegistry(
        Ledger(),
        lambda: f"00000000-0000-4000-8000-{next(numbers):012}",
        deposit=DEPOSIT,
        **options,
    )


@pytest.fixture
def registry():
    return make_registry(limit=3)


@pytest.fixture
def account_id(registry):
    return registry.first_look("ann", at=1).account.account_id


def money(registry, account_id):
    return {it.asset: it.total for it in registry.ledger.balances(account_id) if it.total}


def test_the_first_look_finds_one_funded_paper_account(registry):
    change = registry.first_look("ann", at=5)
    (account,) = registry.of_owner("ann")
    assert change.account == account
    assert account.venue is Venue.PAPER
    assert account.is_active
    assert account.created_at == 5
    assert money(registry, account.account_id) == DEPOSIT


def test_a_second_look_makes_nothing(registry, account_id):
    before = registry.ledger.state()
    assert registry.first_look("ann", at=9) is None
    assert registry.ledger.state() == before
    assert len(registry.of_owner("ann")) == 1


def test_someone_elses_account_and_no_account_are_told_apart_by_nobody(registry, account_id):
    missing = "00000000-0000-4000-8000-999999999999"
    messages = set()
    for wanted in (account_id, missing):
        with pytest.raises(UnknownAccountError) as caught:
            registry.get("bob", wanted)
        messages.add(str(caught.value).replace(wanted, "ID"))
        assert not registry.owns("bob", wanted)
    assert len(messages) == 1
    assert registry.owns("ann", account_id)


@pytest.mark.parametrize(
    "operate",
    [
        lambda registry, key: registry.fund("bob", key, "USDT", 1, at=2),
        lambda registry, key: registry.reset("bob", key, at=2),
        lambda registry, key: registry.clone("bob", key, "Copy", at=2),
        lambda registry, key: registry.rename("bob", key, "Mine", at=2),
        lambda registry, key: registry.switch("bob", key, OperationType.DISABLE, at=2),
        lambda registry, key: registry.usable("bob", key),
    ],
)
def test_nobody_operates_on_someone_elses_account(registry, account_id, operate):
    before = (registry.ledger.state(), registry.of_owner("ann"))
    with pytest.raises(UnknownAccountError):
        operate(registry, account_id)
    assert (registry.ledger.state(), registry.of_owner("ann")) == before
    assert registry.of_owner("bob") == ()


def test_more_accounts_can_be_made_at_other_venues_and_with_other_money(registry, account_id):
    change = registry.create(
        "ann",
        "Margin",
        at=2,
        venues=(Venue.BINANCE, Venue.OKX),
        account_type=AccountType.MARGIN,
        deposit={"EUR": 7},
    )
    empty = registry.create("ann", "Empty", at=3, deposit={}).account
    assert [it.nickname for it in registry.of_owner("ann")] == ["Paper", "Margin", "Empty"]
    assert change.account.venue is Venue.BINANCE
    assert money(registry, change.account.account_id) == {"EUR": 7}
    assert money(registry, empty.account_id) == {}


def test_one_may_have_so_many_accounts_and_no_more(registry, account_id):
    registry.create("ann", "2", at=2)
    registry.clone("ann", account_id, "3", at=2)
    for refused in (
        lambda: registry.create("ann", "4", at=2),
        lambda: registry.clone("ann", account_id, "4", at=2),
    ):
        with pytest.raises(TooManyAccountsError, match="3"):
            refused()
    assert registry.create("bob", "1", at=2).account.owner == "bob"


def test_an_account_is_funded_and_reset(registry, account_id):
    change = registry.fund("ann", account_id, "EUR", 5, at=2, ref="gift")
    assert change.entries[0].ref == "gift"
    assert money(registry, account_id) == DEPOSIT | {"EUR": 5}
    registry.reset("ann", account_id, at=3)
    assert money(registry, account_id) == DEPOSIT
    registry.reset("ann", account_id, at=4, deposit={"EUR": 1})
    assert money(registry, account_id) == {"EUR": 1}
    assert registry.get("ann", account_id).updated_at == 4


def test_an_account_with_open_orders_is_not_reset(registry, account_id):
    registry.ledger.reserve("o1", account_id, "USDT", 5, at=2)
    with pytest.raises(OpenReservationsError, match="o1"):
        registry.reset("ann", account_id, at=3)


def test_a_clone_has_the_same_money_all_free(registry, account_id):
    registry.ledger.reserve("o1", account_id, "USDT", 5, at=2)
    copy = registry.clone("ann", account_id, "Copy", at=3).account
    assert money(registry, copy.account_id) == DEPOSIT
    assert registry.ledger.balance(copy.account_id, "USDT").locked == 0
    assert copy.venues == registry.get("ann", account_id).venues


def test_an_account_that_cannot_be_funded_is_not_made(registry):
    with pytest.raises(AmountError):
        registry.create("ann", "Bad", at=1, deposit={"USDT": 0})
    assert registry.of_owner("ann") == ()
    assert registry.ledger.seq == 0


OPERATIONS = {
    ("ACTIVE", "DISABLE"): "INACTIVE",
    ("ACTIVE", "ENABLE"): "ACTIVE",
    ("ACTIVE", "CONNECT"): "ACTIVE",
    ("ACTIVE", "DISCONNECT"): "DISCONNECTED",
    ("INACTIVE", "DISABLE"): "INACTIVE",
    ("INACTIVE", "ENABLE"): "ACTIVE",
    ("INACTIVE", "CONNECT"): "ACTIVE",
    ("INACTIVE", "DISCONNECT"): "DISCONNECTED",
    ("DISCONNECTED", "DISABLE"): None,
    ("DISCONNECTED", "ENABLE"): None,
    ("DISCONNECTED", "CONNECT"): "ACTIVE",
    ("DISCONNECTED", "DISCONNECT"): "DISCONNECTED",
}
REACHED_BY = {"ACTIVE": "ENABLE", "INACTIVE": "DISABLE", "DISCONNECTED": "DISCONNECT"}


@pytest.mark.parametrize("start", OPERATIONS, ids="-".join)
def test_every_operation_from_every_status(registry, account_id, start):
    status, operation = start
    registry.switch("ann", account_id, OperationType(REACHED_BY[status]), at=2)
    if OPERATIONS[start] is None:
        with pytest.raises(AccountInactiveError, match=status):
            registry.switch("ann", account_id, OperationType(operation), at=3)
        assert registry.get("ann", account_id).status == status
    else:
        change = registry.switch("ann", account_id, OperationType(operation), at=3)
        assert change.account.status == OPERATIONS[start]
        assert change.operation == operation


def test_an_update_is_no_switch(registry, account_id):
    with pytest.raises(ValueError, match="UPDATE is not one of CONNECT, ENABLE"):
        registry.switch("ann", account_id, OperationType.UPDATE, at=2)


def test_only_an_active_account_is_usable(registry, account_id):
    assert registry.usable("ann", account_id).is_active
    registry.switch("ann", account_id, OperationType.DISABLE, at=2)
    with pytest.raises(AccountInactiveError) as caught:
        registry.usable("ann", account_id)
    assert caught.value.status == TradingAccountStatus.INACTIVE


@pytest.mark.parametrize("nickname", ["", "  ", "x" * 65, "a\nb", "\u202eevil"])
def test_a_nickname_must_be_short_and_visible(registry, account_id, nickname):
    for refused in (
        lambda: registry.create("ann", nickname, at=2),
        lambda: registry.rename("ann", account_id, nickname, at=2),
        lambda: registry.clone("ann", account_id, nickname, at=2),
    ):
        with pytest.raises(NicknameError):
            refused()
    assert registry.rename("ann", account_id, "x" * 64, at=2).account.nickname == "x" * 64


@pytest.mark.parametrize("taken", [None, "acc-123"])
def test_a_broken_source_of_ids_is_noticed(taken):
    account_id = taken or "00000000-0000-4000-8000-000000000001"
    registry = AccountRegistry(Ledger(), lambda: account_id, deposit=DEPOSIT)
    if taken is None:
        registry.first_look("ann", at=1)
    with pytest.raises(AccountIdError):
        registry.first_look("bob", at=1)


def test_an_account_has_two_surfaces():
    owner = "00000000-0000-4000-8000-0000000000ff"
    for sub, expected in ((owner, owner), ("ann", None)):
        record = account_record(make_registry().first_look(sub, at=0).account)
        rest = msgspec.to_builtins(view(record, TradingAccount))
        rpc = msgspec.to_builtins(view(record, RpcTradingAccount))
        assert "userId" not in rest
        assert rpc.get("userId") == expected
        assert rpc["externalAccountId"] == rest["externalTradingAccountId"]
        assert rest["createdAt"] == 0
        assert rpc["createdAt"] == "1970-01-01T00:00:00.000Z"
        assert rest["credentials"] == rpc["credentials"] == ()
        assert msgspec.convert(rest, TradingAccount) == view(record, TradingAccount)


@pytest.mark.parametrize("text", ["", "ann", "{00000000-0000-4000-8000-000000000001}", "0" * 32])
def test_only_the_usual_form_of_a_uuid_is_one(text):
    assert not is_uuid(text)
    assert is_uuid("ABCDEF00-0000-4000-8000-000000000001")


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["look", "create", "fund", "reset", "clone", "rename", "disable"]),
        st.sampled_from(["ann", "bob"]),
        st.integers(1, 1000),
    ),
    max_size=25,
)


@settings(deadline=None)
@given(steps=STEPS)
def test_the_changes_make_an_equal_registry_again(steps):
    """Through their wire form, in order, as after a restart."""
    registry, changes = make_registry(), []
    for at, (step, owner, amount) in enumerate(steps):
        change = None
        accounts = registry.of_owner(owner)
        if step == "look" or not accounts:
            change = registry.first_look(owner, at=at)
        elif step == "create":
            change = registry.create(owner, "More", at=at, deposit={"EUR": amount})
        elif step == "fund":
            change = registry.fund(owner, accounts[-1].account_id, "EUR", amount, at=at)
        elif step == "reset":
            change = registry.reset(owner, accounts[0].account_id, at=at)
        elif step == "clone":
            change = registry.clone(owner, accounts[0].account_id, "Copy", at=at)
        elif step == "rename":
            change = registry.rename(owner, accounts[-1].account_id, f"N{amount}", at=at)
        else:
            key = accounts[-1].account_id
            change = registry.switch(owner, key, OperationType.DISABLE, at=at)
        changes += [change] if change else []
    again = make_registry()
    for change in msgspec.json.decode(msgspec.json.encode(changes), type=list[AccountChange]):
        again.apply(change)
    assert again.ledger.state() == registry.ledger.state()
    for owner in ("ann", "bob"):
        assert again.of_owner(owner) == registry.of_owner(owner)
