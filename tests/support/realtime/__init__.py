"""A node with clients in memory, and the contract suites of its services."""
