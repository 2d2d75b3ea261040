"""Synthetic meetings: speech synthesis with espeak-ng, the demo recogniser learned from it and the sample recordings."""
