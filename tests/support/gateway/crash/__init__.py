"""The crash test: load, kills, and what must be there afterwards."""
