"""What a user asks for: order requests, their checks, and their state in the store."""
