"""``cadenza record``: channels into files."""
