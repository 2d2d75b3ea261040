"""Calibration sets: several reviewers score the same decided meetings blind, and see how far they agree."""
