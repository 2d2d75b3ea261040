"""Personal data is erased on request; what it was counted in stays."""
