"""The catalogue of errors, and which error of the rooms below has which entry."""

from __future__ import annotations

import logging

import msgspec
import pytest

from cadenza.gateway.api import errors
from cadenza.gateway.api.error_map import FILTERS, REASONS, explain
from cadenza.gateway.api.errors import CATALOGUE, MODULES, OperationError
from cadenza.gateway.api.views import MissingFieldsError
from cadenza.market.errors import CrossedBookError, UnknownInstrumentError
from cadenza.market.instrument import Listing
from cadenza.trading import errors as trading_errors
from cadenza.trading.accounts import errors as account_errors
from cadenza.trading.ledger import errors as ledger_errors
from cadenza.trading.matching.events import RejectReason
from cadenza.trading.orders.filters import FilterError, FilterName, InstrumentFilters
from cadenza.trading.store import errors as store_errors

OWN_FAULTS = {
    "AccountError",
    "AccountIdError",
    "DuplicateReservationError",
    "JournalError",
    "JournalGapError",
    "LedgerError",
    "LockedMismatchError",
    "OrderError",
    "QuoteError",
    "ReservationError",
    "ReservationExceededError",
    "ReservationMismatchError",
    "TradingError",
    "UnbalancedEntryError",
    "UnknownReservationError",
}
"""Roots of trees, and errors that only a bug of the gateway can cause: answered with INTERNAL."""


FACTS = [
    "asked",
    "dealer_id",
    "field",
    "free",
    "nearest",
    "needed",
    "offered",
    "order_id",
    "quote_id",
    "reason",
    "asset",
    "retry_ms",
]
"""Attributes that errors may have, for errors that are made without their arguments."""


def test_codes_are_unique_and_of_a_module():
    """AABBB, in rising order, each module known; names are unique too."""
    codes = [entry.code for entry in CATALOGUE]
    assert codes == sorted(set(codes))
    assert len({entry.name for entry in CATALOGUE}) == len(CATALOGUE)
    assert {code // 1000 for code in codes} == set(MODULES)


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)
def test_entries_are_usable(entry):
    """A status that HTTP has, a sentence, and only what is temporary asks to try again."""
    assert entry.status in {400, 401, 403, 404, 405, 409, 413, 429, 500, 503}
    assert entry.sentence.endswith(".")
    assert entry.temporary == (entry.status in {429, 500, 503})


def test_every_refusal_of_the_engine_and_every_filter_has_an_entry():
    """Both vocabularies are mapped completely, filters one to one."""
    assert set(REASONS) == set(RejectReason)
    assert set(FILTERS) == set(FilterName)
    assert len(set(FILTERS.values())) == len(FILTERS)


def every_error(module):
    return [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type)
        and issubclass(kind, Exception)
        and kind.__module__ == module.__name__
    ]


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for module in (trading_errors, account_errors, ledger_errors, store_errors)
        for kind in every_error(module)
    ],
    ids=lambda kind: kind.__name__,
)
def test_every_error_of_trading_has_an_entry(kind, caplog):
    """No client's mistake is answered with INTERNAL, and no fault of ours with anything else."""
    error = kind.__new__(kind)
    for name in FACTS:
        setattr(error, name, name)
    with caplog.at_level(logging.CRITICAL, "cadenza.gateway"):
        found = explain(error, "test")
    assert (found.entry is errors.INTERNAL) == (kind.__name__ in OWN_FAULTS)


def test_an_unknown_failure_is_logged_and_not_told(caplog):
    """The client learns nothing of the cause; the log has it with the operation's name."""
    found = explain(ValueError("secret path"), "query.test")
    assert found.entry is errors.INTERNAL
    assert "secret" not in found.message
    assert "query.test" in caplog.text
    assert "secret path" in caplog.text


@pytest.mark.parametrize(
    "error",
    [
        trading_errors.HaltedError(OSError("/data/journal")),
        store_errors.StoreDamagedError("/data/journal", "a hole"),
    ],
)
def test_a_broken_store_does_not_tell_its_cause(error):
    """Paths of files stay in the log."""
    found = explain(error, "x")
    assert found.entry is errors.STORE_FAILED
    assert "/data" not in found.message


def test_a_filter_names_the_nearest_value(world):
    """Field, filter, and the nearest valid value stand in the details."""
    filters = InstrumentFilters(world.market.listing("BINANCE:BTC/USDT"))
    with pytest.raises(FilterError) as caught:
        filters.price("1.005")
    details = explain(caught.value, "submit").details("submit")
    assert details.code == "FILTER_TICK_SIZE"
    assert details.resource == "limitPrice"
    assert details.required == ("1.00",)
    assert details.provided == ("1.005",)
    assert details.metadata["filter"] == "TICK_SIZE"
    assert isinstance(filters.listing, Listing)


def test_subclasses_are_found_under_their_base():
    """A crossed book is a stale book; an unknown instrument names its field."""
    crossed = explain(CrossedBookError("BINANCE:BTC/USDT", "2", "1"), "x")
    assert crossed.entry is errors.BOOK_STALE
    unknown = explain(UnknownInstrumentError("X"), "x")
    assert unknown.problem.field == "instrumentId"


def test_missing_fields_are_listed():
    """One sentence for all of them."""
    found = explain(MissingFieldsError("Order", ("a", "b")), "x")
    assert (found.message, found.problem.required) == ("a, b are missing", ("a", "b"))


def test_messages_and_values_are_cut():
    """Nothing huge is echoed."""
    error = OperationError(errors.INVALID_FIELD, "x" * 10_000, provided=("y" * 10_000,))
    assert len(msgspec.json.encode(error.details("a"))) < 200
    assert len(error.rpc().message) < 700


def test_an_engines_refusal_keeps_its_reason():
    """Known words have an entry of their own, others the general one."""
    known = explain(trading_errors.OrderRefusedError("1", "BELOW_EXECUTED", "is"), "x")
    other = explain(trading_errors.OrderRefusedError("1", "SOMETHING", "is"), "x")
    assert (known.entry, other.entry) == (errors.BELOW_EXECUTED, errors.REFUSED)


def test_what_adapters_raise_is_the_clients_too():
    """A field that the target needs and the request has not."""
    assert explain(MissingFieldsError("T", ("a",)), "x").entry is errors.MISSING_FIELD
