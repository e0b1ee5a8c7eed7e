"""Simulated participants: makers, takers and noise, written once for every kind of book."""
