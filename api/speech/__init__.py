"""The speech models of this machine: which are there, which one is used, whether they are whole."""
