"""The four management actions, their cadence, and who is behind."""
