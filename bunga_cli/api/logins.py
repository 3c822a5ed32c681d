"""Accounts and their passwords: the part of logging in that register and token share."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import TypeVar

from fastapi import Request

from bunga_cli.api.errors import ApiError
from bunga_cli.api.throttle import FailureLimit
from bunga_cli.auth.passwords import hash_password, needs_rehash, verify_password
from bunga_cli.clock import monotonic_us
from bunga_cli.store import Store
from bunga_cli.store.rows import AccountRow, StandingRow

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

    async def verify(self, account: AccountRow, password: str, address: str) -> AccountRow | None:
        """Return the account with the hash that is its password's; None for a wrong password.

        Whoever lets somebody in because of it asks for the `confirmed` account last of all: a hash
        takes its time, and the password may be another by then. Raises ApiError after too many
        wrong ones from this address.
        """
        while await self._is_right(account, password, address):
            if not needs_rehash(account.password_hash):
                return account
            renewed = await self._hash(password)
            if await self._accounts.renew_password_hash(account.id, account.password_hash, renewed):
                return replace(account, password_hash=renewed)
            # Another login has renewed it meanwhile, or it is another password's.
            current = await self._accounts.by_id(account.id)
            if current is None:
                break
            account = current
        return None

    async def confirmed(self, account: AccountRow) -> StandingRow | None:
        """Return an account as it is now; None if it has another password than when verified.

        A token for it has to be issued before anything else is awaited.
        """
        standing = await self._accounts.standing(account.id)
        if standing is None or standing.password_hash != account.password_hash:
            return None
        return standing

    async def _is_right(self, account: AccountRow, password: str, address: str) -> bool:
        key = f"{address} {account.id}"
        async with self._slots:
            # Looked at inside: who asks a thousand times at once waits here a thousand times.
            if self._failures.is_blocked(key, self._now_us()):
                raise _too_many_attempts()
            verified = await asyncio.to_thread(verify_password, account.password_hash, password)
        if not verified:
            self._failures.failed(key, self._now_us())
        return verified

    async def create(self, username: str, password: str) -> AccountRow:
        """Return a new account. Raises Conflict if the name is taken."""
        return await self._accounts.create(username, await self._hash(password))

    async def _hash(self, password: str) -> str:
        async with self._slots:
            return await asyncio.to_thread(hash_password, password)


def address_of(request: Request) -> str:
    """Return where a request comes from, without the port."""
    return request.client.host if request.client else "local"


def _too_many_attempts() -> ApiError:
    detail = "Too many wrong passwords; try again in a minute."
    return ApiError(HTTPStatus.TOO_MANY_REQUESTS, {"detail": detail})
