"""The sources of market data: recordings and a simulator."""

from __future__ import annotations
