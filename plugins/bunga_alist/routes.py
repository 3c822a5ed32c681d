"""The original's paths for AList, which its tools and the players know."""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import AfterValidator

from bunga_alist.client import Account
from bunga_alist.failures import NoPicture
from bunga_alist.library import Context, Library
from bunga_alist.remembered import FAILURE_LIFETIME_S
from bunga_alist.settings import is_host, with_scheme
from bunga_cli.plugin import (
    AdminOnly,
    ApiError,
    Body,
    BungaError,
    NotFound,
    PluginFailure,
    Text,
    checked,
    documented,
    one_line,
    read_fields,
)

_NO_PICTURE = "There is no picture of this video."
_MAX_REASONS = 100

_PICTURE_HEADERS = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}


def _checked_host(host: str) -> str:
    if not is_host(host):
        raise ValueError("Enter a valid URL.")
    return host


class Host(Body):
    """Where AList is."""

    host: Annotated[Text, AfterValidator(_checked_host)]


class User(Body):
    """A channel's user of AList."""

    username: Text
    password: Text


class PartOfUser(User):
    """What to change of it. The defaults are never read: what is left out stays."""

    username: Text = ""
    password: Text = ""


class SiteRoutes:
    """The site's AList server, and what it says of itself and of its users."""

    def __init__(self, context: Context, library: Library) -> None:
        self._context = context
        self._library = library
        self.router = APIRouter(prefix="/api", tags=["alist"], dependencies=[AdminOnly])
        self.router.get("/alist-host")(self.retrieve_alist_host)
        documentation = documented(Host)
        self.router.put("/alist-host", openapi_extra=documentation)(self.replace_alist_host)
        self.router.patch("/alist-host", openapi_extra=documentation)(self.change_alist_host)
        self.router.get("/alist/info")(self.alist_info)
        self.router.get("/alist/user-info")(self.alist_user_info)

    async def retrieve_alist_host(self) -> dict[str, object]:
        """Return where AList is."""
        return {"site": 1, "host": self._context.site_settings().host}

    async def replace_alist_host(self, request: Request) -> dict[str, object]:
        """Set where AList is: `host`."""
        return await self._save(checked(Host, (await read_fields(request)).values))

    async def change_alist_host(self, request: Request) -> dict[str, object]:
        """Set where AList is, if `host` is given."""
        unchanged = await self.retrieve_alist_host()
        return await self._save(checked(Host, {**unchanged, **(await read_fields(request)).values}))

    async def _save(self, said: Host) -> dict[str, object]:
        await self._library.save_host(said.host)
        return await self.retrieve_alist_host()

    async def alist_info(self, host: str = "") -> dict[str, object]:
        """Return name and picture of the AList server at an address."""
        if not host:
            raise _refusal(err_code=-1, message='"host" is required.')
        if not is_host(with_scheme(host)):
            raise _refusal(err_code=1, message='"host" is not the address of a web server.')
        try:
            site = await self._library.site(with_scheme(host))
        except PluginFailure as error:
            raise _refusal(err_code=1, message=str(error)) from error
        return {"site_name": site.site_title, "avatar": site.logo}

    async def alist_user_info(self, username: str = "", password: str = "") -> dict[str, object]:
        """Return what somebody may do in the site's AList: "admin", or AList's bit set."""
        host = self._context.site_settings().host
        if not (username and password):
            raise _refusal(err_code=-1, message='"username" and "password" are required.')
        if not host:
            raise _refusal(err_code=-1, message="No AList server is set.")
        try:
            user = await self._library.new_user(Account(host, username, password))
        except PluginFailure as error:
            raise _refusal(detail=str(error)) from error
        permission = "admin" if user.is_admin else user.effective_permission
        return {"base_path": user.base_path, "permission": permission}


class AccountRoutes:
    """Each channel's user of AList."""

    def __init__(self, context: Context, library: Library) -> None:
        self._context = context
        self._library = library
        self.router = APIRouter(
            prefix="/api/alist-account", tags=["alist"], dependencies=[AdminOnly]
        )
        self.router.get("")(self.list_alist_accounts)
        one = "/{channel_id:id}"
        self.router.get(one)(self.retrieve_alist_account)
        self.router.put(one, openapi_extra=documented(User))(self.replace_alist_account)
        self.router.patch(one, openapi_extra=documented(PartOfUser))(self.change_alist_account)

    async def list_alist_accounts(self) -> list[dict[str, str]]:
        """Return all channels' users."""
        return [await self._shown(channel.id) for channel in await self._context.channels()]

    async def retrieve_alist_account(self, channel_id: str) -> dict[str, str]:
        """Return one channel's user."""
        await self._require(channel_id)
        return await self._shown(channel_id)

    async def replace_alist_account(self, channel_id: str, request: Request) -> dict[str, str]:
        """Set a channel's `username` and `password`."""
        await self._require(channel_id)
        return await self._save(channel_id, checked(User, (await read_fields(request)).values))

    async def change_alist_account(self, channel_id: str, request: Request) -> dict[str, str]:
        """Set what is given of a channel's `username` and `password`."""
        await self._require(channel_id)
        said = checked(PartOfUser, (await read_fields(request)).values)
        return await self._save(channel_id, said)

    async def _save(self, channel_id: str, said: User) -> dict[str, str]:
        await self._library.save_account(channel_id, said.model_dump(exclude_unset=True))
        return await self._shown(channel_id)

    async def _require(self, channel_id: str) -> None:
        if channel_id not in {channel.id for channel in await self._context.channels()}:
            raise NotFound("No AListAccount matches the given query.")

    async def _shown(self, channel_id: str) -> dict[str, str]:
        settings = await self._context.channel_settings(channel_id)
        password = settings.password.get_secret_value()
        return {"channel": channel_id, "username": settings.username, "password": password}


class PictureRoutes:
    """The pictures of videos. Players ask without a login: images have none to send.

    So nobody is told more than that there is none. The log says why, each reason once in a while.
    """

    def __init__(
        self, context: Context, library: Library, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._context, self._library, self._now_s = context, library, now_s
        self._logged: dict[tuple[str, str], float] = {}
        self.router = APIRouter(tags=["players"])
        path = "/api/channels/{channel_id:id}/alist-thumbnail"
        self.router.get(path, response_class=Response)(self.alist_thumbnail)

    async def alist_thumbnail(self, channel_id: str, path: str = "") -> Response:
        """Return the picture that AList has of the video at a path."""
        try:
            picture = await self._library.picture(channel_id, path)
        except BungaError as error:
            self._log(channel_id, error)
            raise _refusal(detail=_NO_PICTURE) from error
        return Response(picture.content, headers=_PICTURE_HEADERS, media_type=picture.content_type)

    def _log(self, channel_id: str, error: BungaError) -> None:
        if not isinstance(error, PluginFailure) or isinstance(error, NoPicture):
            return
        now_s, reason = self._now_s(), (channel_id, str(error))
        if self._logged.get(reason, 0.0) > now_s:
            return
        self._logged = {key: until_s for key, until_s in self._logged.items() if until_s > now_s}
        if len(self._logged) < _MAX_REASONS:
            self._logged[reason] = now_s + FAILURE_LIFETIME_S
            self._context.log.warning("No pictures for channel %s. %s", one_line(channel_id), error)


def _refusal(**body: object) -> ApiError:
    return ApiError(HTTPStatus.BAD_REQUEST, body)
