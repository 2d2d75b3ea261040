"""Institutions, sales offices, people, who leads them, and the business calendar."""
