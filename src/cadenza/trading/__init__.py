"""The paper venue: matching, orders, accounts and their ledger."""
