"""What `bunga bilibili login` asks. Admins only; the server makes answers of failures."""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter

from bunga_bilibili.accounts import Accounts
from bunga_bilibili.sign_in import PhoneSignIn
from bunga_cli.plugin import AdminOnly, Channel, NotFound, one_line

_WORDS: Final = {"expired": "too late"}


class ChannelLoginRoutes:
    """Logging a channel in by phone."""

    def __init__(self, accounts: Accounts, sign_in: PhoneSignIn) -> None:
        self._accounts, self._sign_in = accounts, sign_in
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
        code = await self._sign_in.begin(await self._existing(channel_id))
        return {"url": code.url, "key": code.key}

    async def follow_bilibili_login_of_channel(self, channel_id: str, key: str) -> dict[str, str]:
        """Return how far the login is; when it is done, it is the channel's from then on."""
        state = await self._sign_in.poll(await self._existing(channel_id), key)
        return {"state": _WORDS.get(state.state, state.state)}

    async def _existing(self, channel_id: str) -> Channel:
        if not await self._accounts.exists(channel_id):
            raise NotFound(f"There is no channel {one_line(channel_id)!r}.")
        return Channel(channel_id, "")
