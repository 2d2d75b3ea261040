"""Business weeks and working days."""
