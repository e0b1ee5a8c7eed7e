"""Instruments, order books and trades, and the feeds that drive them."""

from __future__ import annotations
