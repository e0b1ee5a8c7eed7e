"""The intents of simulated participants; an executor makes them happen in its book."""

from __future__ import annotations

from typing import NamedTuple

from cadenza.market.simulation.ladder import Quote


class Place(NamedTuple):
    """A maker quotes: post-only."""

    quote: Quote


class Withdraw(NamedTuple):
    """A maker takes a quote back."""

    quote: Quote


class Resize(NamedTuple):
    """A maker offers another quantity at the same price; what is left is ``quote.lots``."""

    quote: Quote


class Take(NamedTuple):
    """A taker buys or sells at once what it gets for its price.

    Attributes:
        ref: Unique in its market, quotes included.
        taker: The number of the taker, from 1.
        is_buy: Its side.
        lots: How much it wants.
        worst: The worst price it accepts, in ticks.
    """

    ref: int
    taker: int
    is_buy: bool
    lots: int
    worst: int


Intent = Place | Withdraw | Resize | Take
