"""Recordings and transcripts used for more than one meeting, whichever institution held them (K4)."""
