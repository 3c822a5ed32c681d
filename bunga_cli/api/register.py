"""`POST /api/channels/{id}/register/`: the address people paste into their player."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from bunga_cli.api.access import ANY_CALLER
from bunga_cli.api.bodies import Body, Text, checked, documented, read_fields
from bunga_cli.api.channels import Channel
from bunga_cli.api.context import AppContext, Context
from bunga_cli.api.errors import ApiError, bad_request
from bunga_cli.api.logins import Logins, address_of
from bunga_cli.api.services import services_for
from bunga_cli.api.tokens import TokenPair
from bunga_cli.errors import Conflict
from bunga_cli.paths import CHANNEL_ID
from bunga_cli.store.rows import AccountRow, ChannelRow

router = APIRouter(tags=["players"])

_RESERVED = frozenset({"server", "admin"})
"""Ids of senders that are no player: whoever had one would speak in its name."""


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
    entrance = Entrance(context, request.app.state.logins, channel, address_of(request))
    account, is_new = await entrance.admit(credentials)
    response.status_code = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    return Registration(
        token=TokenPair.issued(context.tokens, account.id),
        channel=Channel.of(channel),
        **await services_for(context, channel, account),  # type: ignore[arg-type]  # pydantic checks them
    )


class Entrance:
    """Decides who becomes a member of one channel."""

    def __init__(
        self, context: AppContext, logins: Logins, channel: ChannelRow, address: str
    ) -> None:
        self._accounts = context.store.accounts
        self._logins = logins
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
        if credentials.username in _RESERVED:
            raise bad_request(username="This name is reserved.")
        try:
            account = await self._logins.create(credentials.username, credentials.password)
        except Conflict:  # the same player, registering twice at once
            return await self.admit(credentials)
        await self._accounts.add_member(self._channel.id, account.id)
        return account, True

    async def _admit_known(self, account: AccountRow, password: str) -> AccountRow:
        if not await self._logins.verify(account, password, self._address):
            raise _refused(HTTPStatus.UNAUTHORIZED, "password", "Password is not correct.")
        if not await self._is_welcome(account):
            raise _closed()
        await self._accounts.add_member(self._channel.id, account.id)
        return account

    async def _is_welcome(self, account: AccountRow) -> bool:
        if self._channel.allow_new_client or account.is_admin:
            return True
        return await self._accounts.is_member(self._channel.id, account.id)


def _refused(status: HTTPStatus, field: str, sentence: str) -> ApiError:
    return ApiError(status, {field: sentence})


def _closed() -> ApiError:
    return _refused(HTTPStatus.FORBIDDEN, "channel_id", "Channel does not allow new client.")
