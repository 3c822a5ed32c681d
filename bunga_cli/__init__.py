"""Bunga Server: watch videos together, in sync."""

__version__ = "0.1.0"
