"""The engine of instruments that are only watched: fills against somebody else's book."""
