"""Asks a server that may be anybody's, and may be slow or talkative on purpose."""

import asyncio
import json
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx2

LARGEST_BYTES = 64 * 1024
"""How much of an answer is read; ours are far smaller."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer. `body` is empty if it was too large to be ours."""

    status: int
    headers: httpx2.Headers
    body: bytes

    def table(self) -> dict[str, Any]:
        """Return the JSON object in the body, an empty one if there is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def fetch(
    base_url: str, paths: Sequence[str], context: ssl.SSLContext | None, timeout_s: float
) -> list[Fetched]:
    """Return what these paths answer, all of them within that time. Raises httpx2.HTTPError."""
    return asyncio.run(_fetch(base_url, paths, context, timeout_s))


async def _fetch(
    base_url: str, paths: Sequence[str], context: ssl.SSLContext | None, timeout_s: float
) -> list[Fetched]:
    # The client's own limits are for each read: a byte now and then would keep it for ever.
    try:
        async with (
            asyncio.timeout(timeout_s),
            httpx2.AsyncClient(
                base_url=base_url,
                verify=context or True,
                timeout=timeout_s,
                trust_env=False,
                headers={"Accept-Encoding": "identity"},
            ) as client,
        ):
            return [await _one(client, path) for path in paths]
    except TimeoutError as error:
        raise httpx2.ReadTimeout(f"not all of it came within {timeout_s:.0f} s") from error


async def _one(client: httpx2.AsyncClient, path: str) -> Fetched:
    body = b""
    async with client.stream("GET", path) as response:
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > LARGEST_BYTES:
                body = b""
                break
    return Fetched(response.status_code, response.headers, body)
