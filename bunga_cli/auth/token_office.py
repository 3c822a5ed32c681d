"""The administration of tokens: making, inspecting, revoking; and the renewal of the secret."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bunga_cli.auth import api_tokens
from bunga_cli.auth.live import LiveSockets
from bunga_cli.auth.people import People
from bunga_cli.auth.token_views import Inspection, Kind, TokenView, api_view, issued_view
from bunga_cli.auth.tokens import (
    Claims,
    Subject,
    TokenInvalid,
    TokenKind,
    Tokens,
    claims_of,
)
from bunga_cli.clock import utc_now
from bunga_cli.errors import Invalid, NotFound
from bunga_cli.keyring import Keyring, new_secret
from bunga_cli.store import Store
from bunga_cli.store.rows import AccountRow, ApiTokenRow, IssuedTokenRow

_SECOND_US = 1_000_000
_JTI = re.compile(r"[0-9a-f]{32}")
_LONGEST_KNOWN = timedelta(days=400)
"""For how long a token may be good that nobody wrote down; see `_expiry_of_unknown`."""


@dataclass(frozen=True, slots=True)
class Order:
    """A token that somebody wants; without `expires_us` it lives as long as others of its kind.

    `create_account`: make the account if there is none.
    """

    kind: Kind
    account: str | None = None
    channel_id: str | None = None
    expires_us: int | None = None
    name: str = ""
    scopes: Sequence[api_tokens.Scope] = ()
    create_account: bool = False


@dataclass(frozen=True, slots=True)
class Revocation:
    """How many tokens were revoked, None if nobody can say; and how many sockets were closed."""

    revoked: int | None
    closed: int


class TokenOffice:
    """Where tokens are made and taken back. What is taken back holds for live sockets at once.

    `save_keyring` writes the site's secrets down.
    """

    def __init__(
        self,
        store: Store,
        tokens: Tokens,
        people: People,
        sockets: LiveSockets,
        save_keyring: Callable[[Keyring], None],
    ) -> None:
        self._store, self._tokens, self._people = store, tokens, people
        self._sockets, self._save_keyring = sockets, save_keyring
        self._rotating = asyncio.Lock()

    # -- looking ----------------------------------------------------------------------------------

    async def list(self) -> list[TokenView]:
        """Return the tokens that were made by hand, the oldest first."""
        now = utc_now()
        views = [
            *(issued_view(row, now) for row in await self._store.tokens.issued()),
            *(api_view(row, now) for row in await self._store.tokens.api_tokens(now)),
        ]
        return sorted(views, key=lambda view: view.created_at)

    async def inspect(self, token: str) -> Inspection:
        """Return what a token is and whether it is good."""
        token = token.strip()
        if token.startswith(api_tokens.PREFIX):
            return await self._inspect_api(token)
        try:
            raw = self._tokens.verified(token)
            claims = claims_of(raw)
        except TokenInvalid as error:
            return Inspection(problem=str(error))
        account = await self._store.accounts.by_id(claims.account_id)
        return Inspection(
            id=claims.jti,
            kind=claims.kind,
            problem=await self._problem(claims, account),
            account=account.username if account else None,
            channel_id=claims.channel_id,
            issued_at=claims.issued_at,
            expires_at=claims.expires_at,
            claims=raw,
        )

    async def _inspect_api(self, token: str) -> Inspection:
        now = utc_now()
        row = await self._store.tokens.api_by_hash(api_tokens.hash_token(token), now)
        if row is None:
            return Inspection(problem="The token is not one of this site.")
        view = api_view(row, now)
        problem = None if view.state == "valid" else f"The token is {view.state}."
        return Inspection(
            id=row.id,
            kind="api",
            problem="Its account is banned." if row.is_banned else problem,
            account=row.account,
            channel_id=row.channel_id,
            scopes=row.scopes,
            issued_at=row.created_at,
            expires_at=row.expires_at,
        )

    async def _problem(self, claims: Claims, account: AccountRow | None) -> str | None:
        if claims.expires_at <= utc_now():
            return "The token is expired."
        if account is None:
            return "Its account does not exist any more."
        standing = await self._store.accounts.standing(account.id, claims.jti, claims.refresh_jti)
        if standing and (standing.is_revoked or claims.is_older_than(standing.tokens_valid_from)):
            return "The token was revoked."
        return "Its account is banned." if standing and standing.is_banned else None

    # -- making -----------------------------------------------------------------------------------

    async def issue(self, order: Order) -> tuple[TokenView, str]:
        """Make a token, and return what is known of it, and itself.

        An access or refresh token is for an account, which becomes a member of the token's channel.
        Raises Invalid, and NotFound without its account or its channel.
        """
        if order.channel_id is not None and not await self._store.channels.get(order.channel_id):
            raise NotFound(
                f"There is no channel {order.channel_id!r}: `bunga channels list` shows all."
            )
        if order.kind == "api":
            return await self._issue_api(order)
        if order.scopes:
            raise Invalid("Scopes are for API tokens; other tokens may do what their account may.")
        return await self._issue_for_account(order, order.kind)

    async def _issue_api(self, order: Order) -> tuple[TokenView, str]:
        if not order.scopes:
            raise Invalid(f"Give at least one scope: {', '.join(api_tokens.SCOPES)}.")
        account = await self._people.find(order.account) if order.account else None
        now, token = utc_now(), api_tokens.new_token()
        lives = None if order.expires_us is None else timedelta(microseconds=order.expires_us)
        row = ApiTokenRow(
            id=api_tokens.new_token_id(),
            name=order.name,
            scopes=sorted(set(order.scopes), key=api_tokens.SCOPES.index),
            account_id=account.id if account else None,
            account=account.username if account else None,
            channel_id=order.channel_id,
            created_at=now,
            expires_at=None if lives is None else now + lives,
            last_used_at=None,
            revoked_at=None,
        )
        await self._store.tokens.add_api(row, api_tokens.hash_token(token))
        return api_view(row, now), token

    async def _issue_for_account(self, order: Order, kind: TokenKind) -> tuple[TokenView, str]:
        now = utc_now()  # before its account is looked up: see `store.revocation`
        account = await self._account_for(order)
        if order.channel_id is not None:
            await self._store.accounts.add_member(order.channel_id, account.id)
        lives_s = None if order.expires_us is None else -(-order.expires_us // _SECOND_US)
        subject = Subject(
            account.id, channel_id=order.channel_id, valid_from=account.tokens_valid_from
        )
        token = self._tokens.issue(kind, subject, lives_s, now)
        claims = self._tokens.read(token, kind)
        row = IssuedTokenRow(
            jti=claims.jti,
            kind=kind,
            name=order.name,
            account_id=account.id,
            account=account.username,
            channel_id=order.channel_id,
            created_at=claims.issued_at,
            expires_at=claims.expires_at,
            revoked_at=None,
        )
        await self._store.tokens.add_issued(row)
        return issued_view(row, utc_now()), token

    async def _account_for(self, order: Order) -> AccountRow:
        if not order.account:
            raise Invalid(f"An {order.kind} token is for an account: name it.")
        account = await self._store.accounts.by_name(order.account)
        if account is None and order.create_account:
            return await self._people.create(order.account)
        return account or await self._people.find(order.account)

    # -- taking back ------------------------------------------------------------------------------

    async def revoke(self, token_id: str) -> Revocation:
        """Take one token back, by its id; what a refresh token bought goes with it.

        Raises NotFound for what cannot be the id of a token.
        """
        now = utc_now()
        if await self._store.tokens.api_by_id(token_id, now):
            await self._store.tokens.revoke_api(token_id, now)
            return Revocation(1, 0)
        known = await self._store.tokens.issued(token_id)
        if not known and not _JTI.fullmatch(token_id):
            raise NotFound(f"There is no token {token_id!r}: `bunga tokens list` shows all.")
        expires_at = known[0].expires_at if known else self._expiry_of_unknown(now)
        if known and known[0].kind == "refresh":  # what it bought outlives it
            expires_at += timedelta(seconds=self._tokens.access_s)
        await self._store.tokens.revoke(token_id, now, expires_at)
        return Revocation(1, await self._sockets.token_revoked(token_id))

    async def revoke_of(self, account: str | None) -> Revocation:
        """Take back all tokens of an account, API tokens included, or (None) of the site."""
        account_id = (await self._people.find(account)).id if account is not None else None
        valid_from = await self._store.tokens.revoke_all(account_id)
        return Revocation(None, await self._sockets.tokens_revoked(valid_from, account_id))

    def _expiry_of_unknown(self, now: datetime) -> datetime:
        """Return when a token that a player got is expired at the latest."""
        return now + max(_LONGEST_KNOWN, timedelta(seconds=self._tokens.refresh_s))

    # -- the secret -------------------------------------------------------------------------------

    async def rotate_secret(self, overlap_us: int | None = None) -> tuple[datetime | None, int]:
        """Sign with a new secret from now on.

        Returns until when older tokens are good, and how many sockets were closed.

        Without `overlap_us` they are good for as long as a refresh token lives. With 0 they are not
        good at all: the sockets are closed, and every player has to register again.
        """
        async with self._rotating:
            now = utc_now()
            lives_us = self._tokens.refresh_s * _SECOND_US if overlap_us is None else overlap_us
            until = now + timedelta(microseconds=lives_us) if lives_us else None
            keyring = self._tokens.keyring.rotated(new_secret(), until, now)
            await asyncio.to_thread(self._save_keyring, keyring)
            self._tokens.keyring = keyring
        if until is not None:
            return until, 0
        return None, await self._sockets.tokens_revoked(now + timedelta(days=1))
