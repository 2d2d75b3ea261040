"""Indicators: definitions, observations, rankings, CT, its anomalies, and the parameters behind them."""
