"""Venues, stores and naive engines that the trading tests compare with."""
