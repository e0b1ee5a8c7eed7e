"""The exchange: one writer that places, clears and ends the orders of all accounts."""
