"""Slots, meetings, attendance, results, transcripts, and what was agreed."""
