"""Each operation of the ledger, and what it refuses."""

from __future__ import annotations

import msgspec
import pytest

from cadenza.trading.ledger.entry import (
    EXTERNAL,
    FEES,
    LARGEST,
    MARKET,
    Balance,
    Bucket,
    Entry,
    Kind,
    LedgerState,
    Posting,
    Reservation,
)
from cadenza.trading.ledger.errors import (
    AmountError,
    DuplicateReservationError,
    InsufficientFundsError,
    JournalGapError,
    LockedMismatchError,
    OpenReservationsError,
    ReservationExceededError,
    ReservationMismatchError,
    UnbalancedEntryError,
    UnknownReservationError,
)
from cadenza.trading.ledger.fill import OUTSIDE, Fill, Leg
from cadenza.trading.ledger.ledger import Ledger


@pytest.fixture
def ledger():
    """Ann has 10,000 of USD, Bob 50 of BTC, in minor units."""
    ledger = Ledger()
    ledger.deposit("ann", "USD", 10_000, at=1)
    ledger.deposit("bob", "BTC", 50, at=2)
    return ledger


@pytest.fixture
def untouched(ledger):
    """Checks at the end that a refused operation changed nothing."""
    before = ledger.state()
    yield ledger
    assert ledger.state() == before


def fill(buyer, seller, *, quantity=5, cost=500):
    return Fill(
        trade_id="t1",
        at=9,
        base_asset="BTC",
        quote_asset="USD",
        quantity=quantity,
        cost=cost,
        buyer=buyer,
        seller=seller,
    )


def test_a_deposit_comes_from_outside(ledger):
    assert ledger.balance("ann", "USD") == Balance("ann", "USD", 10_000, 0)
    assert ledger.balance(EXTERNAL, "USD").free == -10_000
    assert ledger.balance("ann", "BTC").total == 0
    assert ledger.balances("carl") == ()


def test_an_entry_is_the_whole_operation():
    entry = Ledger().deposit("ann", "USD", 7, at=3, ref="gift")
    assert entry == Entry(
        seq=1,
        kind=Kind.DEPOSIT,
        at=3,
        ref="gift",
        postings=(
            Posting(EXTERNAL, "USD", Bucket.FREE, -7),
            Posting("ann", "USD", Bucket.FREE, 7),
        ),
    )
    assert msgspec.json.decode(msgspec.json.encode(entry), type=Entry) == entry


def test_only_free_money_can_be_withdrawn(ledger):
    ledger.reserve("o1", "ann", "USD", 6_000, at=3)
    with pytest.raises(InsufficientFundsError) as caught:
        ledger.withdraw("ann", "USD", 4_001, at=4)
    error = caught.value
    assert (error.account_id, error.asset, error.needed, error.available) == (
        "ann",
        "USD",
        4_001,
        4_000,
    )
    ledger.withdraw("ann", "USD", 4_000, at=5)
    assert ledger.balance("ann", "USD") == Balance("ann", "USD", 0, 6_000)


def test_a_reservation_locks_and_a_release_frees(ledger):
    ledger.reserve("o1", "ann", "USD", 6_000, at=3)
    ledger.reserve("o2", "ann", "USD", 4_000, at=3)
    assert ledger.balance("ann", "USD") == Balance("ann", "USD", 0, 10_000)
    assert [held.order_id for held in ledger.reservations("ann")] == ["o1", "o2"]
    ledger.release("o1", at=4)
    assert ledger.balance("ann", "USD") == Balance("ann", "USD", 6_000, 4_000)
    assert ledger.reservation("o1") is None


def test_an_amended_order_locks_more_or_less(ledger):
    ledger.reserve("o1", "ann", "USD", 6_000, at=3)
    ledger.resize("o1", 9_000, at=4)
    assert ledger.balance("ann", "USD") == Balance("ann", "USD", 1_000, 9_000)
    ledger.resize("o1", 1, at=5)
    assert ledger.balance("ann", "USD") == Balance("ann", "USD", 9_999, 1)
    assert ledger.resize("o1", 1, at=6).postings == ()


def test_a_fill_moves_goods_money_and_fees_and_frees_the_better_price(ledger):
    ledger.reserve("buy", "ann", "USD", 1_212, at=3)
    ledger.reserve("sell", "bob", "BTC", 10, at=4)
    entry, settled = ledger.settle(
        fill(
            Leg(account_id="ann", order_id="buy", rate_ppm=10_000, keep=606),
            Leg(account_id="bob", order_id="sell", rate_ppm=2_000, keep=5),
        )
    )
    assert entry.kind is Kind.FILL
    assert (settled.buyer_fee, settled.seller_fee) == (5, 1)
    assert ledger.balance("ann", "USD") == Balance("ann", "USD", 8_788 + 101, 606)
    assert ledger.balance("ann", "BTC") == Balance("ann", "BTC", 5, 0)
    assert ledger.balance("bob", "BTC") == Balance("bob", "BTC", 40, 5)
    assert ledger.balance("bob", "USD") == Balance("bob", "USD", 499, 0)
    assert ledger.balance(FEES, "USD").free == 6
    assert ledger.reservation("buy") == Reservation("buy", "ann", "USD", 606, 0)


def test_a_fill_that_keeps_nothing_closes_the_reservation(ledger):
    ledger.reserve("buy", "ann", "USD", 600, at=3)
    ledger.settle(fill(Leg(account_id="ann", order_id="buy"), OUTSIDE))
    assert ledger.reservation("buy") is None
    assert ledger.balance("ann", "USD") == Balance("ann", "USD", 9_500, 0)
    assert ledger.balance(MARKET, "USD").free == 500
    assert ledger.balance(MARKET, "BTC").free == -5
    with pytest.raises(UnknownReservationError):
        ledger.release("buy", at=10)


def test_an_account_can_trade_with_itself_where_that_is_allowed(ledger):
    ledger.deposit("ann", "BTC", 5, at=3)
    ledger.reserve("buy", "ann", "USD", 505, at=3)
    ledger.reserve("sell", "ann", "BTC", 5, at=3)
    ledger.settle(
        fill(
            Leg(account_id="ann", order_id="buy", rate_ppm=10_000),
            Leg(account_id="ann", order_id="sell", rate_ppm=10_000),
        )
    )
    assert ledger.balance("ann", "USD") == Balance("ann", "USD", 9_990, 0)
    assert ledger.balance("ann", "BTC") == Balance("ann", "BTC", 5, 0)


def test_a_reset_account_is_as_new(ledger):
    ledger.deposit("ann", "BTC", 3, at=3)
    ledger.reset("ann", {"USD": 77, "EUR": 5}, at=4)
    assert [(it.asset, it.free) for it in ledger.balances("ann")] == [
        ("BTC", 0),
        ("EUR", 5),
        ("USD", 77),
    ]
    assert ledger.balance(EXTERNAL, "USD").free == -77


def test_a_clone_has_the_totals_all_free(ledger):
    ledger.reserve("o1", "ann", "USD", 6_000, at=3)
    ledger.deposit("carl", "EUR", 1, at=3)
    ledger.deposit("carl", "USD", 1, at=3)
    ledger.clone("ann", "carl", at=4)
    assert ledger.balance("carl", "USD") == Balance("carl", "USD", 10_000, 0)
    assert ledger.balance("carl", "EUR").total == 0
    assert ledger.balance("ann", "USD") == Balance("ann", "USD", 4_000, 6_000)


def test_an_account_with_open_orders_is_not_reset_nor_cloned_over(ledger):
    for number in range(5):
        ledger.reserve(f"o{number}", "ann", "USD", 1, at=3)
    for refused in (
        lambda: ledger.reset("ann", {}, at=4),
        lambda: ledger.clone("bob", "ann", at=4),
    ):
        with pytest.raises(OpenReservationsError, match="o0, o1, o2 and 2 more") as caught:
            refused()
        assert len(caught.value.order_ids) == 5


@pytest.mark.parametrize("amount", [0, -1])
def test_an_amount_must_be_positive(untouched, amount):
    for refused in (
        lambda: untouched.deposit("ann", "USD", amount, at=3),
        lambda: untouched.withdraw("ann", "USD", amount, at=3),
        lambda: untouched.reserve("o1", "ann", "USD", amount, at=3),
        lambda: untouched.reset("ann", {"EUR": 1, "USD": amount}, at=3),
        lambda: untouched.settle(fill(OUTSIDE, OUTSIDE, quantity=amount)),
        lambda: untouched.settle(fill(OUTSIDE, OUTSIDE, cost=amount)),
    ):
        with pytest.raises(AmountError):
            refused()


def test_a_deposit_has_a_bound_and_a_balance_has_none(untouched):
    for refused in (
        lambda: untouched.deposit("ann", "USD", LARGEST + 1, at=3),
        lambda: untouched.reset("ann", {"EUR": 1, "USD": LARGEST + 1}, at=3),
    ):
        with pytest.raises(AmountError, match="at most"):
            refused()


def test_what_was_done_since_a_mark_can_be_undone():
    ledger = Ledger()
    ledger.deposit("ann", "USD", 100, at=1)
    ledger.reserve("o1", "ann", "USD", 40, at=2)
    before, seen = ledger.state(), ledger.balances("ann")
    ledger.mark()
    ledger.deposit("ann", "EUR", LARGEST, at=3)
    ledger.deposit("ann", "EUR", LARGEST, at=3)
    assert ledger.balance("ann", "EUR").free == 2 * LARGEST
    ledger.resize("o1", 70, at=3)
    ledger.release("o1", at=4)
    ledger.reserve("o2", "ann", "USD", 10, at=5)
    ledger.undo()
    assert (ledger.state(), ledger.balances("ann")) == (before, seen)
    assert ledger.deposit("ann", "USD", 1, at=6).seq == 3


def test_a_reservation_needs_free_money(untouched):
    with pytest.raises(InsufficientFundsError, match="10001 minor units are needed, 10000"):
        untouched.reserve("o1", "ann", "USD", 10_001, at=3)
    with pytest.raises(InsufficientFundsError):
        untouched.reserve("o1", "nobody", "USD", 1, at=3)


def test_an_order_is_reserved_once(ledger):
    ledger.reserve("o1", "ann", "USD", 5, at=3)
    before = ledger.state()
    with pytest.raises(DuplicateReservationError):
        ledger.reserve("o1", "bob", "BTC", 5, at=3)
    assert ledger.state() == before


def test_an_order_that_is_not_there_is_named(untouched):
    leg = Leg(account_id="ann", order_id="o9")
    for refused in (
        lambda: untouched.release("o9", at=3),
        lambda: untouched.resize("o9", 1, at=3),
        lambda: untouched.settle(fill(leg, OUTSIDE)),
    ):
        with pytest.raises(UnknownReservationError, match="o9"):
            refused()


@pytest.mark.parametrize(
    ("leg", "error"),
    [
        (Leg(account_id="ann", order_id="buy", keep=101), ReservationExceededError),
        (Leg(account_id="ann", order_id="buy", keep=-1), ReservationExceededError),
        (Leg(account_id="ann", order_id="buy", rate_ppm=200_001), ReservationExceededError),
        (Leg(account_id="bob", order_id="buy"), ReservationMismatchError),
        (Leg(account_id="bob", order_id="sell"), ReservationMismatchError),
    ],
)
def test_a_fill_takes_no_more_than_is_reserved_and_from_nobody_else(ledger, leg, error):
    ledger.reserve("buy", "ann", "USD", 600, at=3)
    ledger.reserve("sell", "bob", "BTC", 50, at=3)
    before = ledger.state()
    with pytest.raises(error):
        ledger.settle(fill(leg, OUTSIDE))
    assert ledger.state() == before


def entry(seq, postings, reservations=()):
    return Entry(
        seq=seq, kind=Kind.DEPOSIT, at=3, ref="", postings=postings, reservations=reservations
    )


@pytest.mark.parametrize(
    ("damaged", "error"),
    [
        (entry(2, ()), JournalGapError),
        (entry(4, ()), JournalGapError),
        (entry(3, (Posting("ann", "USD", Bucket.FREE, 1),)), UnbalancedEntryError),
        (
            entry(
                3,
                (
                    Posting("ann", "USD", Bucket.FREE, -1),
                    Posting("ann", "USD", Bucket.LOCKED, 1),
                ),
            ),
            LockedMismatchError,
        ),
        (entry(3, (), (Reservation("o1", "ann", "USD", 1),)), LockedMismatchError),
        (
            entry(
                3,
                (
                    Posting("ann", "BTC", Bucket.FREE, -1),
                    Posting("bob", "BTC", Bucket.FREE, 1),
                ),
            ),
            InsufficientFundsError,
        ),
    ],
)
def test_a_damaged_journal_is_refused(untouched, damaged, error):
    with pytest.raises(error):
        untouched.apply(damaged)


def test_a_ledger_comes_back_from_a_state_and_the_entries_after_it(ledger):
    ledger.reserve("o1", "ann", "USD", 6_000, at=3)
    state = msgspec.json.decode(msgspec.json.encode(ledger.state()), type=LedgerState)
    later = [ledger.resize("o1", 10, at=4), ledger.release("o1", at=5)]
    assert Ledger.replay(later, state).state() == ledger.state()
    assert ledger.seq == 5
