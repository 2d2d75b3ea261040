"""A generated insurer for demonstrations, tests and measurements: consistent with itself, and invented.

Nothing in it is taken from a real company or person. One institution after another is drawn from its own
random stream, so the same seed gives the same rows on every database:

    extent -> tree -> people -> production -> activities -> management -> meetings -> planning -> observations
"""
