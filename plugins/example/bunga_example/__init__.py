"""A shelf of films for Bunga Server."""

from .plugin import plugin

__all__ = ["plugin"]
