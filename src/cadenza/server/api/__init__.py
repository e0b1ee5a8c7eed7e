"""The server API over HTTP, for backends."""
