"""Scripted servers that the SDK is tried against."""
