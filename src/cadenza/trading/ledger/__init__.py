"""The double-entry ledger: balances, reservations, fees and fills."""
