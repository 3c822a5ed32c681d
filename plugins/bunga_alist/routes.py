"""The original's paths for AList, which its tools and the players know."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from bunga_alist.client import Account
from bunga_alist.fields import problems, read_fields, refusal
from bunga_alist.library import Context, Library
from bunga_alist.settings import is_host, with_scheme
from bunga_cli.plugin import AdminOnly, NotFound, PluginFailure

_PICTURE_HEADERS = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
_CREDENTIALS = ("username", "password")


class SiteRoutes:
    """The site's AList server, and what it says of itself and of its users."""

    def __init__(self, context: Context, library: Library) -> None:
        self._context = context
        self._library = library
        self.router = APIRouter(prefix="/api", tags=["alist"], dependencies=[AdminOnly])
        self.router.get("/alist-host")(self.retrieve_alist_host)
        self.router.put("/alist-host")(self.replace_alist_host)
        self.router.patch("/alist-host")(self.change_alist_host)
        self.router.get("/alist/info")(self.alist_info)
        self.router.get("/alist/user-info")(self.alist_user_info)

    async def retrieve_alist_host(self) -> dict[str, object]:
        """Return where AList is."""
        return {"site": 1, "host": self._context.site_settings().host}

    async def replace_alist_host(self, request: Request) -> Response:
        """Set where AList is: `host`."""
        return await self._save(await read_fields(request))

    async def change_alist_host(self, request: Request) -> Response:
        """Set where AList is, if `host` is given."""
        return await self._save({**await self.retrieve_alist_host(), **await read_fields(request)})

    async def _save(self, fields: dict[str, object]) -> Response:
        if wrong := problems(fields, ["host"]):
            return refusal(wrong)
        host = str(fields["host"]).strip()
        if not is_host(host):
            return refusal({"host": ["Enter a valid URL."]})
        await self._library.save_host(host)
        return JSONResponse(await self.retrieve_alist_host())

    async def alist_info(self, host: str = "") -> Response:
        """Return name and picture of the AList server at an address."""
        if not host:
            return refusal({"err_code": -1, "message": '"host" is required.'})
        try:
            site = await self._library.site(with_scheme(host))
        except PluginFailure as error:
            return refusal({"err_code": 1, "message": str(error)})
        return JSONResponse({"site_name": site.site_title, "avatar": site.logo})

    async def alist_user_info(self, username: str = "", password: str = "") -> Response:
        """Return what somebody may do in the site's AList: "admin", or AList's bit set."""
        host = self._context.site_settings().host
        if not (username and password):
            message = '"username" and "password" are required.'
            return refusal({"err_code": -1, "message": message})
        if not host:
            return refusal({"err_code": -1, "message": "No AList server is set."})
        try:
            user = await self._library.new_user(Account(host, username, password))
        except PluginFailure as error:
            return refusal({"detail": str(error)})
        permission = "admin" if user.is_admin else user.effective_permission
        return JSONResponse({"base_path": user.base_path, "permission": permission})


class AccountRoutes:
    """Each channel's user of AList."""

    def __init__(self, context: Context, library: Library) -> None:
        self._context = context
        self._library = library
        self.router = APIRouter(
            prefix="/api/alist-account", tags=["alist"], dependencies=[AdminOnly]
        )
        self.router.get("")(self.list_alist_accounts)
        self.router.get("/{channel_id:id}")(self.retrieve_alist_account)
        self.router.put("/{channel_id:id}")(self.replace_alist_account)
        self.router.patch("/{channel_id:id}")(self.change_alist_account)

    async def list_alist_accounts(self) -> list[dict[str, str]]:
        """Return all channels' users."""
        return [await self._shown(channel.id) for channel in await self._context.channels()]

    async def retrieve_alist_account(self, channel_id: str) -> dict[str, str]:
        """Return one channel's user."""
        await self._require(channel_id)
        return await self._shown(channel_id)

    async def replace_alist_account(self, channel_id: str, request: Request) -> Response:
        """Set a channel's `username` and `password`."""
        await self._require(channel_id)
        fields = await read_fields(request)
        return await self._save(channel_id, fields, _CREDENTIALS)

    async def change_alist_account(self, channel_id: str, request: Request) -> Response:
        """Set what is given of a channel's `username` and `password`."""
        await self._require(channel_id)
        fields = await read_fields(request)
        given = tuple(name for name in _CREDENTIALS if name in fields)
        return await self._save(channel_id, fields, given)

    async def _save(
        self, channel_id: str, fields: dict[str, object], names: tuple[str, ...]
    ) -> Response:
        if wrong := problems(fields, names):
            return refusal(wrong)
        changes = {name: str(fields[name]) for name in names}
        await self._library.save_account(channel_id, changes)
        return JSONResponse(await self._shown(channel_id))

    async def _require(self, channel_id: str) -> None:
        if channel_id not in {channel.id for channel in await self._context.channels()}:
            raise NotFound("No AListAccount matches the given query.")

    async def _shown(self, channel_id: str) -> dict[str, str]:
        settings = await self._context.channel_settings(channel_id)
        password = settings.password.get_secret_value()
        return {"channel": channel_id, "username": settings.username, "password": password}


class PictureRoutes:
    """The pictures of videos. Players ask without a login: images have none to send."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self.router = APIRouter(tags=["players"])
        path = "/api/channels/{channel_id:id}/alist-thumbnail"
        self.router.get(path, response_class=Response)(self.alist_thumbnail)

    async def alist_thumbnail(self, channel_id: str, path: str = "") -> Response:
        """Return the picture that AList has of the video at a path."""
        try:
            picture = await self._library.picture(channel_id, path)
        except PluginFailure as error:
            return refusal({"detail": str(error)})
        return Response(picture.content, headers=_PICTURE_HEADERS, media_type=picture.content_type)
