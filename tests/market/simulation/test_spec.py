"""Which instruments there are to simulate, and how they are chosen."""

from __future__ import annotations

import pytest

from cadenza.market.instrument import Listing
from cadenza.market.simulation.spec import (
    DEFAULT_INSTRUMENTS,
    PAPER_INSTRUMENTS,
    choose,
    stream,
)
from cadenza.models import Venue

ALL = [*DEFAULT_INSTRUMENTS, *PAPER_INSTRUMENTS]


def test_names_are_unique_and_paper_is_apart():
    """The feed has everything but PAPER, the venue nothing else."""
    assert len({spec.instrument_id for spec in ALL}) == len(ALL)
    assert {spec.venue for spec in PAPER_INSTRUMENTS} == {Venue.PAPER}
    assert Venue.PAPER not in {spec.venue for spec in DEFAULT_INSTRUMENTS}


@pytest.mark.parametrize("spec", ALL, ids=lambda spec: spec.instrument_id)
def test_prices_and_quantities_are_on_their_steps(spec):
    """And the id is the payload's."""
    listing = Listing(spec.instrument())
    assert str(listing.id) == spec.instrument_id
    assert listing.ticks[spec.price] > 1000
    assert listing.lots[spec.quantity] > 100


def test_chosen_are_those_named_in_their_order_or_all():
    """An unknown name is answered with the known ones."""
    names = ["PAPER:ETH/USDT", "BINANCE:BTC/USDT"]
    assert [spec.instrument_id for spec in choose(ALL, names)] == names
    assert choose(ALL, []) == ALL
    with pytest.raises(ValueError, match=r"NO:NO/NO is not simulated; there are BINANCE:BTC/USDT"):
        choose(ALL, ["NO:NO/NO"])


def test_streams_differ_by_seed_and_by_instrument():
    """And are the same again."""
    draws = [stream(*key).random() for key in ((1, "A"), (1, "B"), (2, "A"), (1, "A"))]
    assert draws[0] == draws[3]
    assert len(set(draws)) == 3
