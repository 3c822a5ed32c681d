"""The `bunga` command; `python -m bunga_cli` is the same."""

from bunga_cli.packages import tolerate_damaged_packages

tolerate_damaged_packages()

from bunga_cli.cli import main  # noqa: E402  it imports such libraries

if __name__ == "__main__":
    main()
