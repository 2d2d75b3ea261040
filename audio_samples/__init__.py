"""Sample meetings and the programs that make them."""
