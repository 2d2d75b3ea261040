"""The four management actions, their coverage, and who is behind (R32)."""
