"""Measurements of a running server; run them from the repository's root, see README.md."""
