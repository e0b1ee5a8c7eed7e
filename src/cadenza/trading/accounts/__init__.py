"""Trading accounts: who owns them, their positions, and what they are worth."""
