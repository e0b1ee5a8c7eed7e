"""The engine of instruments that are only watched: fills against the book of another venue."""
