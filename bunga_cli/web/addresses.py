"""Addresses that a browser sends along, which anybody may have written."""

from urllib.parse import SplitResult, urlsplit


def parts_of(url: str) -> SplitResult | None:
    """Return the parts of an address or path; None for what is none, and so is not ours."""
    try:
        return urlsplit(url)
    except ValueError:
        return None
