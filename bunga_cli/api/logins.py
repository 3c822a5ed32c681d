"""Accounts and their passwords: the part of logging in that register and token share."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import sha256
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

FAILURES_OF_ADMIN = 50
"""Of any address: many machines may guess together, and an admin that is locked out by them can
come in by the command line. A player has no such limit, or anybody could lock it out."""

MOST_WAITING = 64
"""More admins' passwords would wait so long that no admin gets in: who comes then is sent away."""


class Logins:
    """Hashes and verifies passwords, a few at a time, and stops who guesses.

    When a restart sends every client back at once, they queue here, however many they are, and the
    rooms keep a processor. Admins have a queue of their own, as long as guessing makes sense.
    """

    def __init__(self, store: Store, now_us: Callable[[], int] = monotonic_us) -> None:
        self._accounts = store.accounts
        self._now_us = now_us
        self._failures = FailureLimit()
        self._failures_of_admins = FailureLimit(FAILURES_OF_ADMIN)
        self._waiting = 0
        self._slot_of_admins = asyncio.Semaphore(1)
        self._slots = asyncio.Semaphore(max(1, min(4, (os.cpu_count() or 1) - 1)))

    async def verify(self, account: AccountRow, password: str, address: str) -> AccountRow | None:
        """Return the account with the hash that is its password's; None for a wrong password.

        Whoever lets somebody in because of it asks for the `confirmed` account last of all: a hash
        takes its time, and the password may be another by then. Raises ApiError after too many
        wrong ones from this address, or from all for an admin, and if too many others wait.
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
        # By name, so that a name that nobody has is treated as one that somebody has.
        name = sha256(account.username.encode()).hexdigest()
        self._require_patience(account, name, address)
        async with self._turn(account):
            # Looked at again: who asks many times at once waits here as many times.
            self._require_patience(account, name, address)
            verified = await asyncio.to_thread(verify_password, account.password_hash, password)
        if not verified:
            self._failures.failed(f"{address} {name}", self._now_us())
            if account.is_admin:
                self._failures_of_admins.failed(name, self._now_us())
        return verified

    def _require_patience(self, account: AccountRow, name: str, address: str) -> None:
        """Raise ApiError after too many failures of this address, or of all for an admin."""
        now_us = self._now_us()
        is_guessed = account.is_admin and self._failures_of_admins.is_blocked(name, now_us)
        if is_guessed or self._failures.is_blocked(f"{address} {name}", now_us):
            raise too_many_attempts()

    @asynccontextmanager
    async def _turn(self, account: AccountRow) -> AsyncIterator[None]:
        """Wait for a turn. Raises ApiError if too many wait for an admin's already."""
        if not account.is_admin:
            async with self._slots:
                yield
            return
        if self._waiting >= MOST_WAITING:
            raise _too_many_at_once()
        self._waiting += 1
        try:
            async with self._slot_of_admins:
                yield
        finally:
            self._waiting -= 1

    async def create(self, username: str, password: str) -> AccountRow:
        """Return a new account. Raises Conflict if the name is taken."""
        return await self._accounts.create(username, await self._hash(password))

    async def _hash(self, password: str) -> str:
        async with self._slots:
            return await asyncio.to_thread(hash_password, password)


def address_of(request: Request) -> str:
    """Return where a request comes from, without the port."""
    return request.client.host if request.client else "local"


def too_many_attempts() -> ApiError:
    """Return the refusal for whoever guesses."""
    detail = "Too many wrong passwords; try again in a minute."
    return ApiError(HTTPStatus.TOO_MANY_REQUESTS, {"detail": detail})


def _too_many_at_once() -> ApiError:
    detail = "Too many passwords are waiting to be checked; try again in a minute."
    return ApiError(HTTPStatus.TOO_MANY_REQUESTS, {"detail": detail})
