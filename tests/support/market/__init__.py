"""Slow and obvious versions of what the market computes."""
