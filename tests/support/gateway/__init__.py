"""Accounts as a client sees them, and a gateway to trade on."""
