"""The whole venue under random orders, with restarts: what must always hold, holds."""

from __future__ import annotations

from hypothesis import settings

from support.trading.venue_machine import Venue

Venue.TestCase.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestVenue = Venue.TestCase
