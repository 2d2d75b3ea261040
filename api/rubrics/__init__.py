"""Rubrics as a company keeps them: drafts, what they would change, and the published ones that score."""
