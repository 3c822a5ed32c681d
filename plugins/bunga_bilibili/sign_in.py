"""Logging a channel in by phone. The login itself stays in the server."""

from typing import Final

from bunga_bilibili.accounts import Accounts
from bunga_bilibili.bilibili import Bilibili, BilibiliFailure, Login
from bunga_bilibili.settings import is_cookie_value
from bunga_cli.plugin import Channel, NotFound, PluginFailure, SignInCode, SignInState

CODE_LIFETIME_S: Final = 180.0

_WAITING, _SCANNED, _TOO_LATE = 86101, 86090, 86038
_STATES: Final = {
    _WAITING: SignInState("waiting"),
    _SCANNED: SignInState("scanned", "Confirm the login in the app."),
    _TOO_LATE: SignInState("expired", "The QR code is too old now. Begin again."),
}


class PhoneSignIn:
    """Logs a channel in with Bilibili's app."""

    name = "account"
    title = "Bilibili"
    per_channel = True

    def __init__(self, accounts: Accounts, bilibili: Bilibili) -> None:
        self._accounts, self._bilibili = accounts, bilibili

    async def begin(self, channel: Channel | None) -> SignInCode:  # noqa: ARG002  not yet
        """Return a new code of Bilibili's. Raises BilibiliFailure."""
        code = await self._bilibili.qr_code()
        return SignInCode(code.qrcode_key, code.url, CODE_LIFETIME_S)

    async def poll(self, channel: Channel | None, key: str) -> SignInState:
        """Return how far the login is. Raises NotFound, BilibiliFailure.

        When it is done, it is the channel's from then on.
        """
        if not is_cookie_value(key):
            raise NotFound("There is no login of this key.")
        state, login = await self._bilibili.qr_state(key)
        if login is not None:
            await self._accounts.save(_existing(channel).id, login)
            return SignInState("done")
        if state.code not in _STATES:
            raise BilibiliFailure(f"Bilibili does not log in: {state.message} ({state.code}).")
        return _STATES[state.code]

    async def sign_out(self, channel: Channel | None) -> None:
        """Forget the channel's login; at Bilibili it stays good until it ends there."""
        await self._accounts.save(_existing(channel).id, Login("", "", ""))


def _existing(channel: Channel | None) -> Channel:
    if channel is None:
        raise PluginFailure("Each channel logs in for itself.")
    return channel
