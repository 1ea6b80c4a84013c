"""The service at the edge: channels, console, API and the workers behind them."""
