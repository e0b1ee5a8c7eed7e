"""Recordings: files into which ``cadenza record`` writes what channels carry."""
