"""Institutions, sales offices, people and their ranks, as they were on any day."""
