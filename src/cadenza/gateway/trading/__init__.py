"""The paper venue behind the API: account channels, and orders and accounts as payloads."""
