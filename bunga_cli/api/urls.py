"""Addresses that a client can open from where it is."""

from urllib.parse import quote

from fastapi import Request

from bunga_cli.api.context import AppContext


def absolute_url(request: Request, context: AppContext, *segments: str) -> str:
    """Return the address of a path: below the public URL that is set, else below the one asked.

    A `Host` header that is no host name is not repeated.
    """
    path = "".join(f"/{quote(segment, safe='')}" for segment in segments)
    return completed_url(path, request, context)


def completed_url(url: str, request: Request, context: AppContext) -> str:
    """Return an address unchanged, and of an encoded path on this server the whole address."""
    if not url.startswith("/"):
        return url
    base = context.settings().server.public_url or str(request.base_url)
    return base.rstrip("/") + url
