"""The original's paths for channels' accounts at Bilibili, and for logging in by phone."""

from collections.abc import Awaitable
from dataclasses import asdict, replace
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import AfterValidator

from bunga_bilibili.accounts import Accounts
from bunga_bilibili.bilibili import Bilibili, BilibiliFailure, Login, Refused
from bunga_bilibili.settings import is_cookie_value
from bunga_bilibili.wbi import key_in
from bunga_cli.plugin import (
    AdminOnly,
    ApiError,
    Body,
    NotFound,
    Text,
    checked,
    documented,
    read_fields,
)


def _checked_cookie(value: str) -> str:
    if not is_cookie_value(value):
        raise ValueError("This is not the value of a cookie.")
    return value


CookieText = Annotated[Text, AfterValidator(_checked_cookie)]


class WholeLogin(Body):
    """A login, as a browser keeps it."""

    sess: CookieText
    bili_jct: CookieText
    refresh_token: CookieText


class PartOfLogin(WholeLogin):
    """What to change of it. The defaults are never read: what is left out stays."""

    sess: CookieText = ""
    bili_jct: CookieText = ""
    refresh_token: CookieText = ""


class AccountRoutes:
    """Each channel's login."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self.router = APIRouter(
            prefix="/api/bilibili-account", tags=["bilibili"], dependencies=[AdminOnly]
        )
        one = "/{channel_id:id}"
        self.router.get("")(self.list_bilibili_accounts)
        self.router.get(one)(self.retrieve_bilibili_account)
        put = self.router.put(one, openapi_extra=documented(WholeLogin))
        put(self.replace_bilibili_account)
        patch = self.router.patch(one, openapi_extra=documented(PartOfLogin))
        patch(self.change_bilibili_account)
        self.router.delete(one, status_code=HTTPStatus.NO_CONTENT)(self.remove_bilibili_account)

    async def list_bilibili_accounts(self) -> list[dict[str, str]]:
        """Return all channels' logins."""
        logins = await self._accounts.all()
        return [_shown(channel_id, login) for channel_id, login in logins.items()]

    async def retrieve_bilibili_account(self, channel_id: str) -> dict[str, str]:
        """Return one channel's login."""
        return _shown(channel_id, await self._of(channel_id))

    async def replace_bilibili_account(self, channel_id: str, request: Request) -> dict[str, str]:
        """Set a channel's `sess`, `bili_jct` and `refresh_token`."""
        old = await self._of(channel_id)
        said = checked(WholeLogin, (await read_fields(request)).values)
        return await self._save(channel_id, old, said)

    async def change_bilibili_account(self, channel_id: str, request: Request) -> dict[str, str]:
        """Set what is given of a channel's `sess`, `bili_jct` and `refresh_token`."""
        old = await self._of(channel_id)
        said = checked(PartOfLogin, (await read_fields(request)).values)
        return await self._save(channel_id, old, said)

    async def remove_bilibili_account(self, channel_id: str) -> None:
        """Forget a channel's login."""
        await self._of(channel_id)
        await self._accounts.save(channel_id, Login("", "", ""))

    async def _of(self, channel_id: str) -> Login:
        if not await self._accounts.exists(channel_id):
            raise NotFound("No BilibiliAccount matches the given query.")
        return await self._accounts.of(channel_id)

    async def _save(self, channel_id: str, old: Login, said: WholeLogin) -> dict[str, str]:
        new = replace(old, **said.model_dump(exclude_unset=True))
        await self._accounts.save(channel_id, new)
        return _shown(channel_id, new)


class LoginRoutes:
    """Logging in by phone, which stores nothing, and who a login belongs to."""

    def __init__(self, bilibili: Bilibili) -> None:
        self._bilibili = bilibili
        self.router = APIRouter(prefix="/api/bilibili", tags=["bilibili"], dependencies=[AdminOnly])
        self.router.get("/qr")(self.start_bilibili_login)
        self.router.get("/pull")(self.follow_bilibili_login)
        self.router.get("/info")(self.bilibili_info)

    async def start_bilibili_login(self) -> Response:
        """Return an address to show as a QR code to Bilibili's app, and the key to ask with."""
        return await _answer(self._start())

    async def follow_bilibili_login(self, key: str = "") -> Response:
        """Return how far the login with this key is; when it is done, with all of it."""
        _check("key", key)
        return await _answer(self._follow(key))

    async def bilibili_info(self, sess: str = "") -> Response:
        """Return who is logged in with this cookie, and today's signing keys."""
        _check("sess", sess)
        return await _answer(self._info(sess))

    async def _start(self) -> dict[str, object]:
        return (await self._bilibili.qr_code()).model_dump()

    async def _follow(self, key: str) -> dict[str, object]:
        state, login = await self._bilibili.qr_state(key)
        return {**state.model_dump(), **(asdict(login) if login else {})}

    async def _info(self, sess: str) -> dict[str, object]:
        nav = await self._bilibili.nav(sess)
        keys = {"img_key": key_in(nav.signing.img_url), "sub_key": key_in(nav.signing.sub_url)}
        return {"avatar": nav.face, "username": nav.name, "vip": nav.is_member, "wbi": keys}


async def _answer(question: Awaitable[dict[str, object]]) -> Response:
    """Return what Bilibili says, or why it does not."""
    try:
        return JSONResponse(await question)
    except BilibiliFailure as failure:
        number = 2 if isinstance(failure, Refused) else 1
        body = {"err_code": number, "message": str(failure)}
        return JSONResponse(body, HTTPStatus.BAD_GATEWAY)


def _check(name: str, value: str) -> None:
    """Raise ApiError unless this can be asked of Bilibili."""
    if not value or not is_cookie_value(value):
        problem = "is not of the right form." if value else "is required."
        body = {"err_code": -1, "message": f'"{name}" {problem}'}
        raise ApiError(HTTPStatus.BAD_REQUEST, body)


def _shown(channel_id: str, login: Login) -> dict[str, str]:
    return {"channel": channel_id, **asdict(login)}
