"""Bilibili's web interface, as far as accounts go.

Reference: https://github.com/SocialSisterYi/bilibili-API-collect/tree/master/docs/login
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final, TypeVar

from pydantic import ValidationError

from bunga_bilibili.answers import (
    Answer,
    CookieInfo,
    Envelope,
    Full,
    Nav,
    QrCode,
    QrState,
    Renewed,
)
from bunga_bilibili.correspond import BILIBILI_KEY, correspond_path, refresh_csrf_in
from bunga_bilibili.settings import SiteSettings, is_cookie_value
from bunga_cli.plugin import HttpClient, HttpFailure, PluginFailure, Response

A = TypeVar("A", bound=Answer)

TIMEOUT_S: Final = 8.0
SILENT_FOR: Final = timedelta(minutes=5)
"""How long nothing is asked after too many requests: whoever goes on is refused for longer."""

_MAX_ANSWER_BYTES: Final = 1 << 20
_HEADERS: Final = {  # without a browser's name, requests are refused
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Referer": "https://www.bilibili.com/",
}
_TOO_MANY_REQUESTS: Final = -412
_REASONS: Final = {
    -101: "Bilibili does not accept this login any more. Log in again.",
    -111: "Bilibili does not accept bili_jct. Log in again.",
    _TOO_MANY_REQUESTS: "Bilibili has had too many requests from here. It answers again later.",
    86095: "Bilibili does not accept refresh_token for this login. Log in again.",
}
_SET_COOKIE: Final = re.compile(r"(?:^|[,;]\s*)(SESSDATA|bili_jct)=([^;,\s]+)")


class BilibiliFailure(PluginFailure):
    """Report that Bilibili gave no answer that can be used."""


class Refused(BilibiliFailure):
    """Report that Bilibili answered no; `reason` is its own number."""

    def __init__(self, reason: int, message: str) -> None:
        super().__init__(_REASONS.get(reason, f"Bilibili refuses: {message} ({reason})."))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Login:
    """The three values that make a browser logged in."""

    sess: str = field(repr=False)
    bili_jct: str = field(repr=False)
    refresh_token: str = field(repr=False)

    @property
    def is_renewable(self) -> bool:
        """Whether all three are there; the cookie alone is enough to watch."""
        return bool(self.sess and self.bili_jct and self.refresh_token)

    @property
    def cookies(self) -> dict[str, str]:
        """Return what a browser would send."""
        return {"SESSDATA": self.sess, "bili_jct": self.bili_jct}


class Bilibili:
    """The requests. All raise BilibiliFailure."""

    def __init__(
        self,
        http: HttpClient,
        settings: Callable[[], SiteSettings],
        now: Callable[[], datetime],
        public_key: str = BILIBILI_KEY,
    ) -> None:
        self._http = http
        self._settings = settings
        self._now = now
        self._silent_until: datetime | None = None
        self._public_key = public_key

    # -- who an account is ------------------------------------------------------------------------

    async def nav(self, sess: str) -> Nav:
        """Return who is logged in with this cookie, and the day's signing keys."""
        url = f"{self._settings().api_url}/x/web-interface/nav"
        response = await self._request("GET", url, {"SESSDATA": sess})
        return _data(response, Nav)

    def is_at(self, address: str) -> bool:
        """Return whether an address that Bilibili named is on the server that the operator set."""
        return address.startswith(f"{self._settings().api_url}/")

    # -- logging in by phone ----------------------------------------------------------------------

    async def qr_code(self) -> QrCode:
        """Return a new login, to be shown as a QR code and good for three minutes."""
        response = await self._request("GET", self._passport("qrcode/generate"))
        return _data(response, QrCode)

    async def qr_state(self, key: str) -> tuple[QrState, Login | None]:
        """Return how far that login is; when it is done, with what it brought."""
        url = self._passport("qrcode/poll")
        response = await self._request("GET", url, params={"qrcode_key": key})
        state = _data(response, QrState)
        if state.code != 0:
            return state, None
        return state, _login(response, state.refresh_token)

    # -- staying logged in ------------------------------------------------------------------------

    async def renewal_due(self, login: Login) -> int | None:
        """Return the time on Bilibili's clock in ms if the cookies should be renewed now."""
        response = await self._request("GET", self._passport("cookie/info"), login.cookies)
        info = _data(response, CookieInfo)
        return info.timestamp if info.refresh else None

    async def renew(self, login: Login, timestamp_ms: int) -> Login:
        """Return the next login; the old one stays good until `confirm`."""
        form = {
            "csrf": login.bili_jct,
            "refresh_csrf": await self._refresh_csrf(login, timestamp_ms),
            "source": "main_web",
            "refresh_token": login.refresh_token,
        }
        url = self._passport("cookie/refresh")
        response = await self._request("POST", url, login.cookies, form=form)
        return _login(response, _data(response, Renewed).refresh_token)

    async def confirm(self, old: Login, new: Login) -> None:
        """End the old login."""
        form = {"csrf": new.bili_jct, "refresh_token": old.refresh_token}
        url = self._passport("confirm/refresh")
        _check(await self._request("POST", url, new.cookies, form=form))

    async def _refresh_csrf(self, login: Login, timestamp_ms: int) -> str:
        path = correspond_path(timestamp_ms, self._public_key)
        url = f"{self._settings().www_url}/correspond/1/{path}"
        response = await self._request("GET", url, login.cookies)
        token = refresh_csrf_in(response.content.decode(errors="replace"))
        if response.status != HTTPStatus.OK or token is None:
            raise BilibiliFailure("Bilibili does not show the page that renews cookies.")
        return token

    # -- one request ------------------------------------------------------------------------------

    def _passport(self, path: str) -> str:
        return f"{self._settings().passport_url}/x/passport-login/web/{path}"

    async def _request(
        self,
        method: str,
        url: str,
        cookies: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Response:
        if self._silent_until is not None and self._now() < self._silent_until:
            raise Refused(_TOO_MANY_REQUESTS, "")
        cookie = "; ".join(f"{name}={value}" for name, value in (cookies or {}).items() if value)
        try:
            response = await self._http.request(
                method,
                url,
                trusted=True,  # the operator's own setting
                same_origin=True,  # a login is in it
                timeout_s=TIMEOUT_S,
                max_bytes=_MAX_ANSWER_BYTES,
                headers=_HEADERS | ({"Cookie": cookie} if cookie else {}),
                params=params or {},
                data=form or {},
            )
        except HttpFailure as failure:
            raise BilibiliFailure(f"Bilibili cannot be reached: {failure}") from failure
        if response.status == HTTPStatus.PRECONDITION_FAILED:  # with a page or JSON, as it pleases
            self._silent_until = self._now() + SILENT_FOR
            raise Refused(_TOO_MANY_REQUESTS, "")
        return response


def _check(response: Response) -> None:
    """Raise BilibiliFailure unless the answer is a yes."""
    try:
        envelope = Envelope.model_validate_json(response.content)
    except ValidationError as invalid:
        raise _not_understood(response) from invalid
    if envelope.code != 0:
        raise Refused(envelope.code, envelope.message)
    if response.status != HTTPStatus.OK:
        raise _not_understood(response)


def _data(response: Response, model: type[A]) -> A:
    _check(response)
    try:
        return Full[model].model_validate_json(response.content).data  # type: ignore[valid-type]
    except ValidationError as invalid:
        raise _not_understood(response) from invalid


def _not_understood(response: Response) -> BilibiliFailure:
    return BilibiliFailure(f"Bilibili's answer is not understood (HTTP status {response.status}).")


def _login(response: Response, refresh_token: str) -> Login:
    """Return what the answer would make a browser keep."""
    cookies = dict(_SET_COOKIE.findall(response.headers.get("set-cookie", "")))
    login = Login(cookies.get("SESSDATA", ""), cookies.get("bili_jct", ""), refresh_token)
    if not login.is_renewable or not all(map(is_cookie_value, astuple(login))):
        raise BilibiliFailure("Bilibili's answer lacks the cookies of the login.")
    return login
