"""The paper venue behind the API: account channels, and the payloads of orders and accounts."""
