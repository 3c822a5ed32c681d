"""What `bunga bilibili login` asks. Admins only; the server makes answers of failures."""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter

from bunga_bilibili.accounts import Accounts
from bunga_bilibili.bilibili import Bilibili, BilibiliFailure
from bunga_bilibili.settings import is_cookie_value
from bunga_cli.plugin import AdminOnly, NotFound, one_line

_STATES: Final = {86101: "waiting", 86090: "scanned", 86038: "too late"}


class ChannelLoginRoutes:
    """Logging a channel in by phone. The login itself stays in the server."""

    def __init__(self, accounts: Accounts, bilibili: Bilibili) -> None:
        self._accounts, self._bilibili = accounts, bilibili
        self.router = APIRouter(
            prefix="/api/v1/plugins/bilibili/channels/{channel_id:id}/login",
            tags=["bilibili"],
            dependencies=[AdminOnly],
        )
        created = HTTPStatus.CREATED
        self.router.post("", status_code=created)(self.start_bilibili_login_of_channel)
        self.router.post("/{key:id}")(self.follow_bilibili_login_of_channel)

    async def start_bilibili_login_of_channel(self, channel_id: str) -> dict[str, str]:
        """Return an address to show as a QR code to Bilibili's app, and a key to ask with."""
        await self._require(channel_id)
        code = await self._bilibili.qr_code()
        return {"url": code.url, "key": code.qrcode_key}

    async def follow_bilibili_login_of_channel(self, channel_id: str, key: str) -> dict[str, str]:
        """Return how far the login is; when it is done, it is the channel's from then on."""
        await self._require(channel_id)
        if not is_cookie_value(key):
            raise NotFound("There is no login of this key.")
        state, login = await self._bilibili.qr_state(key)
        if login is not None:
            await self._accounts.save(channel_id, login)
            return {"state": "done"}
        if state.code not in _STATES:
            raise BilibiliFailure(f"Bilibili does not log in: {state.message} ({state.code}).")
        return {"state": _STATES[state.code]}

    async def _require(self, channel_id: str) -> None:
        if not await self._accounts.exists(channel_id):
            raise NotFound(f"There is no channel {one_line(channel_id)!r}.")
