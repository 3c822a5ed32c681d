"""`/api/channels/{id}/register/`: the address people paste into their player."""

import math
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, StringConstraints

from bunga_cli.api.access import ANY_CALLER
from bunga_cli.api.channels import Channel
from bunga_cli.api.context import AppContext, Context
from bunga_cli.api.errors import ApiError, bad_request
from bunga_cli.api.logins import Logins, address_of
from bunga_cli.api.services import services_for
from bunga_cli.api.tokens import TokenPair
from bunga_cli.auth.people import RESERVED
from bunga_cli.clock import utc_now
from bunga_cli.errors import Conflict
from bunga_cli.paths import CHANNEL_ID
from bunga_cli.plugin.bodies import Body, Text, checked, documented, read_fields
from bunga_cli.store.rows import AccountRow, ChannelRow, ExclusionRow

router = APIRouter(tags=["players"])


class Credentials(Body):
    """What a player made up for itself, and keeps."""

    username: Annotated[Text, StringConstraints(max_length=150)]
    password: Text


class Registration(BaseModel):
    """All that a player needs to take part in a channel; each service of a plugin is a key."""

    model_config = ConfigDict(extra="allow")

    token: TokenPair
    channel: Channel
    voice_call: dict[str, Any] | None
    bilibili: dict[str, Any] | None
    alist: dict[str, Any] | None


@router.post(
    f"/api/channels/{CHANNEL_ID}/register",
    dependencies=[ANY_CALLER],
    openapi_extra=documented(Credentials),
    responses={HTTPStatus.CREATED: {"model": Registration}},
)
async def register(
    channel_id: str, request: Request, response: Response, context: Context
) -> Registration:
    """Make the account a member of the channel, and make the account first if it is new (201)."""
    credentials = checked(Credentials, (await read_fields(request)).values)
    channel = await context.store.channels.get(channel_id)
    if channel is None:
        raise _refused(HTTPStatus.NOT_FOUND, "channel_id", "Channel does not exist.")
    logins = context.logins
    entrance = Entrance(context, logins, channel, address_of(request))
    admitted, is_new = await entrance.admit(credentials)
    account = await logins.confirmed(admitted)
    if account is None:  # its password was reset meanwhile
        raise _wrong_password()
    token = TokenPair.issued(context.tokens, account)
    response.status_code = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    return Registration(
        token=token,
        channel=Channel.of(channel),
        **await services_for(context, channel, account),  # type: ignore[arg-type]  # pydantic checks them
    )


@router.get(
    f"/api/channels/{CHANNEL_ID}/register", dependencies=[ANY_CALLER], include_in_schema=False
)
async def invite(channel_id: str, request: Request) -> Response:
    """Lead a browser to the invitation: a phone's camera opens the address that it reads."""
    if "text/html" not in request.headers.get("accept", ""):
        raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "POST"})
    return RedirectResponse(f"/?channel={quote(channel_id, safe='')}", HTTPStatus.SEE_OTHER)


class Entrance:
    """Decides who becomes a member of one channel."""

    def __init__(
        self, context: AppContext, logins: Logins, channel: ChannelRow, address: str
    ) -> None:
        self._accounts, self._exclusions = context.store.accounts, context.store.exclusions
        self._logins, self._audit = logins, context.audit
        self._channel = channel
        self._address = address

    async def admit(self, credentials: Credentials) -> tuple[AccountRow, bool]:
        """Return the account, now a member, and whether it is new. Raises ApiError."""
        account = await self._accounts.by_name(credentials.username)
        if account is None:
            return await self._admit_unknown(credentials)
        return await self._admit_known(account, credentials.password), False

    async def _admit_unknown(self, credentials: Credentials) -> tuple[AccountRow, bool]:
        if not self._channel.allow_new_client:
            raise _closed()
        if credentials.username in RESERVED:
            raise bad_request(username="This name is reserved.")
        try:
            account = await self._logins.create(credentials.username, credentials.password)
        except Conflict:  # the same player, registering twice at once
            return await self.admit(credentials)
        await self._accounts.add_member(self._channel.id, account.id)
        return account, True

    async def _admit_known(self, account: AccountRow, password: str) -> AccountRow:
        verified = await self._logins.verify(account, password, self._address)
        if verified is None:
            await self._audit.sign_in_failed(account.username, self._address, "api")
            raise _wrong_password()
        exclusion = await self._exclusions.at_door(verified.id, self._channel.id)
        if exclusion is not None:
            raise _excluded(exclusion)
        if not await self._is_welcome(verified):
            raise _closed()
        await self._accounts.add_member(self._channel.id, verified.id)
        return verified

    async def _is_welcome(self, account: AccountRow) -> bool:
        if self._channel.allow_new_client or account.is_admin:
            return True
        return await self._accounts.is_member(self._channel.id, account.id)


def _refused(status: HTTPStatus, field: str, sentence: str) -> ApiError:
    return ApiError(status, {field: sentence})


def _excluded(exclusion: ExclusionRow) -> ApiError:
    where = "this server" if exclusion.channel_id is None else "this channel"
    sentence = f"You are banned from {where}."
    if exclusion.until is not None:
        minutes = max(1, math.ceil((exclusion.until - utc_now()) / timedelta(minutes=1)))
        sentence = f"You were sent away from {where}; try again in {minutes} min."
    return _refused(HTTPStatus.FORBIDDEN, "channel_id", sentence)


def _wrong_password() -> ApiError:
    return _refused(HTTPStatus.UNAUTHORIZED, "password", "Password is not correct.")


def _closed() -> ApiError:
    return _refused(HTTPStatus.FORBIDDEN, "channel_id", "Channel does not allow new client.")
