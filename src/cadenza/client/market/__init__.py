"""Order books, trades, tickers and candles over a connection of the SDK."""
