"""Adapters that fetch from other systems what those do not push themselves.

pull    an example for any REST interface that lists changes by cursor
"""
