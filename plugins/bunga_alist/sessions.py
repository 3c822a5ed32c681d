"""Who is logged in where: one token for each account, renewed when AList no longer takes it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from bunga_alist.client import Account, AList
from bunga_alist.failures import Refused
from bunga_cli.plugin import HttpClient

T = TypeVar("T")

TOKEN_LIFETIME_S = 12 * 3600.0
"""When a token is replaced though it is good: players keep theirs for as long as a film, and
AList's live for two days."""

REFUSAL_LIFETIME_S = 300.0
"""How long a refused login is not tried again: so long AList locks an address out that insists."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How a login went, and until when that counts."""

    token: str
    refusal: Refused | None
    expires_at_s: float


class Sessions:
    """The tokens of all accounts. Requests at the same time share one login."""

    def __init__(self, http: HttpClient, now_s: Callable[[], float] = time.monotonic) -> None:
        self._http = http
        self._now_s = now_s
        self._outcomes: dict[Account, _Outcome] = {}
        self._logins: dict[Account, asyncio.Task[str]] = {}

    async def run(self, account: Account, request: Callable[[AList, str], Awaitable[T]]) -> T:
        """Return what a request with the account's token answers. Raises AListError."""
        alist = AList(self._http, account.host)
        token = await self.token(account)
        try:
            return await request(alist, token)
        except Refused as refusal:
            if not refusal.is_of_token:
                raise
        self._forget_token(account, token)
        return await request(alist, await self.token(account))

    async def token(self, account: Account) -> str:
        """Return a token, an old one if there is one. Raises AListError."""
        outcome = self._outcomes.get(account)
        if outcome is None or outcome.expires_at_s <= self._now_s():
            return await self._shared_login(account)
        if outcome.refusal is not None:
            raise Refused(str(outcome.refusal), outcome.refusal.status)
        return outcome.token

    def forget(self, account: Account) -> None:
        """Log in anew when the account is used next, whatever happened before."""
        self._outcomes.pop(account, None)

    def forget_refusals(self) -> None:
        """Try every account again that was refused."""
        outcomes = self._outcomes.items()
        self._outcomes = {account: o for account, o in outcomes if o.refusal is None}

    def _forget_token(self, account: Account, token: str) -> None:
        outcome = self._outcomes.get(account)
        if outcome is not None and outcome.token == token:  # else it is renewed already
            self.forget(account)

    async def _shared_login(self, account: Account) -> str:
        login = self._logins.get(account)
        if login is None:
            login = self._logins[account] = asyncio.create_task(self._log_in(account))
            login.add_done_callback(lambda done: self._login_done(account, done))
        return await asyncio.shield(login)

    def _login_done(self, account: Account, task: "asyncio.Task[str]") -> None:
        del self._logins[account]
        if not task.cancelled():
            task.exception()  # whoever waited has it; perhaps nobody did for so long

    async def _log_in(self, account: Account) -> str:
        try:
            token = await AList(self._http, account.host).log_in(account)
        except Refused as refusal:
            if refusal.is_lasting:
                self._remember(account, _Outcome("", refusal, self._now_s() + REFUSAL_LIFETIME_S))
            raise
        self._remember(account, _Outcome(token, None, self._now_s() + TOKEN_LIFETIME_S))
        return token

    def _remember(self, account: Account, outcome: _Outcome) -> None:
        now_s = self._now_s()
        current = {a: o for a, o in self._outcomes.items() if o.expires_at_s > now_s}
        self._outcomes = {**current, account: outcome}
