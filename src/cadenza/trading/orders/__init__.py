"""Orders as users send them: requests, filters, records in the store, and faults on purpose."""
