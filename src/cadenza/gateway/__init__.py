"""The gateway: where market data meets subscribers. Channels, permissions, composition."""
