"""Peers that decide every byte, and flows through them."""
