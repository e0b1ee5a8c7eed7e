"""Configuration, on its way to a room of its own."""
