"""The month's compliance: who met when and how well, down the tree and over time (R10-R12)."""
