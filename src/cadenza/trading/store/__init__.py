"""Durability: the interface, its implementations, and the journal in front of them."""
