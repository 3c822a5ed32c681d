"""The `bunga` command; `python -m bunga_cli` is the same."""

from bunga_cli.cli import main

if __name__ == "__main__":
    main()
