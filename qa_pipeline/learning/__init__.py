"""Learning from a company's own labelled meetings: train, compare on meetings nobody has seen, install."""
