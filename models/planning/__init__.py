"""Targets broken down from company to person, and the supervisor's income target behind them."""
