"""The `bunga` command, one module per noun."""

from bunga_cli.cli.root import main

__all__ = ["main"]
