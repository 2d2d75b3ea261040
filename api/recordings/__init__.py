"""Recordings: uploaded whole or in pieces, checked by content, joined to their meeting, played."""
