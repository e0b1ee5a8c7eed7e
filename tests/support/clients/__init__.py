"""A person who trades through a client library."""
