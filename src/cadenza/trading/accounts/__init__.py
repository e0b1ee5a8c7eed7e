"""Trading accounts: their owners, their positions, and their worth."""
