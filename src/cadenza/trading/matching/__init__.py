"""The matching engine: books, stops, and the commands and events of orders."""
