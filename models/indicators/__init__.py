"""Definitions, append-only observations, effective-dated parameters, rankings, gaps and anomalies."""
