"""Accounts and their passwords: the part of logging in that register and token share."""

import asyncio
import os
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

from fastapi import Request

from bunga_cli.api.errors import ApiError
from bunga_cli.api.throttle import FailureLimit
from bunga_cli.auth.passwords import hash_password, needs_rehash, verify_password
from bunga_cli.clock import monotonic_us
from bunga_cli.store import Store
from bunga_cli.store.rows import AccountRow

T = TypeVar("T")


class Logins:
    """Hashes and verifies passwords, a few at a time, and stops who guesses.

    When a restart sends every client back at once, they queue here and the rooms keep a processor.
    """

    def __init__(self, store: Store, now_us: Callable[[], int] = monotonic_us) -> None:
        self._accounts = store.accounts
        self._now_us = now_us
        self._failures = FailureLimit()
        self._slots = asyncio.Semaphore(max(1, min(4, (os.cpu_count() or 1) - 1)))

    async def verify(self, account: AccountRow, password: str, address: str) -> bool:
        """Return whether it is the account's password.

        Raises ApiError after too many that were not, from this address.
        """
        key = f"{address} {account.id}"
        async with self._slots:
            # Looked at inside: who asks a thousand times at once waits here a thousand times.
            if self._failures.is_blocked(key, self._now_us()):
                raise _too_many_attempts()
            verified = await asyncio.to_thread(verify_password, account.password_hash, password)
        if not verified:
            self._failures.failed(key, self._now_us())
        elif needs_rehash(account.password_hash):
            await self._accounts.set_password_hash(account.id, await self._hash(password))
        return verified

    async def create(self, username: str, password: str, *, is_admin: bool = False) -> AccountRow:
        """Return a new account. Raises Conflict if the name is taken."""
        password_hash = await self._hash(password)
        return await self._accounts.create(username, password_hash, is_admin=is_admin)

    async def _hash(self, password: str) -> str:
        async with self._slots:
            return await asyncio.to_thread(hash_password, password)


def address_of(request: Request) -> str:
    """Return where a request comes from, without the port."""
    return request.client.host if request.client else "local"


def _too_many_attempts() -> ApiError:
    detail = "Too many wrong passwords; try again in a minute."
    return ApiError(HTTPStatus.TOO_MANY_REQUESTS, {"detail": detail})
