"""Market data on its way to subscribers: channels, first states, tickers, candles."""
