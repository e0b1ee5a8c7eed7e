"""The documented WebSocket API, operation by operation, async and blocking."""
