"""What can be set: where Bilibili is, and with which account a channel watches."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr

_MODEL: Final = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
_COOKIE_VALUE: Final = re.compile(r"[!#-:<-\[\]-~]{0,4096}")  # RFC 6265, and commas


def _checked_url(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError('must begin with "http://" or "https://"')
    return url.rstrip("/")


def is_cookie_value(value: str) -> bool:
    """Return whether this can stand in a `Cookie` header."""
    return _COOKIE_VALUE.fullmatch(value) is not None


def _checked_secret(secret: SecretStr) -> SecretStr:
    if not is_cookie_value(secret.get_secret_value()):
        raise ValueError("must be the value of a cookie")
    return secret


BaseUrl = Annotated[str, AfterValidator(_checked_url)]

CookieSecret = Annotated[SecretStr, AfterValidator(_checked_secret)]


class SiteSettings(BaseModel):
    """Where Bilibili's servers are."""

    model_config = _MODEL

    api_url: BaseUrl = "https://api.bilibili.com"
    """Where accounts are looked up."""
    passport_url: BaseUrl = "https://passport.bilibili.com"
    """Where accounts log in and renew their cookies."""
    www_url: BaseUrl = "https://www.bilibili.com"
    """Where the page is that allows a cookie to be renewed."""


class ChannelSettings(BaseModel):
    """The account with which a channel watches Bilibili: what its website keeps in a browser."""

    model_config = _MODEL

    sess: CookieSecret = SecretStr("")
    """The cookie SESSDATA. Everybody in the channel gets it; empty: the channel has no account."""
    bili_jct: CookieSecret = SecretStr("")
    """The cookie bili_jct, needed to renew the cookies."""
    refresh_token: CookieSecret = SecretStr("")
    """The value ac_time_value of the local storage, needed to renew the cookies."""
