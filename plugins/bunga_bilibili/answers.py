"""What Bilibili answers, as far as it is used. What is shown to people is cut as it enters."""

from datetime import UTC, date, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from bunga_bilibili.wbi import key_in
from bunga_cli.plugin import one_line

T = TypeVar("T")

_YEAR_2286_MS = 10**13


def _names_a_key(address: str) -> str:
    key_in(address)
    return address


Shown = Annotated[str, AfterValidator(one_line)]
Moment = Annotated[int, Field(ge=0, lt=_YEAR_2286_MS)]
"""A time on Bilibili's clock, in milliseconds."""
KeyAddress = Annotated[str, StringConstraints(max_length=500), AfterValidator(_names_a_key)]
Address = Annotated[str, StringConstraints(max_length=1000, pattern=r"^https?://[!-~]+$")]
LoginKey = Annotated[str, StringConstraints(max_length=200, pattern=r"^[!-~]+$")]


class Answer(BaseModel):
    """The base of all answers: unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Envelope(Answer):
    """What surrounds every answer; `code` is 0 or says why there is no data."""

    code: int
    message: Shown = ""


class Full(Answer, Generic[T]):
    """An envelope that holds something."""

    data: T


class SigningKeys(Answer):
    """The day's two keys, dressed up as addresses of pictures."""

    img_url: KeyAddress
    sub_url: KeyAddress


class Nav(Answer):
    """Who is logged in (`x/web-interface/nav`)."""

    name: Shown = Field(alias="uname")
    face: Shown = ""
    vip_status: int = Field(0, alias="vipStatus")
    vip_due_ms: int = Field(0, alias="vipDueDate")
    signing: SigningKeys = Field(alias="wbi_img")

    @property
    def is_member(self) -> bool:
        """Whether the account has a paid membership now."""
        return self.vip_status == 1

    @property
    def member_until(self) -> date | None:
        """The day on which the membership ends; None if there is none, or no such day."""
        if not self.is_member or not 0 < self.vip_due_ms < _YEAR_2286_MS:
            return None
        return datetime.fromtimestamp(self.vip_due_ms / 1000, UTC).date()


class QrCode(Answer):
    """A login that waits for a phone."""

    url: Address
    qrcode_key: LoginKey


class QrState(Answer):
    """How far that login is: 86101 not scanned, 86090 not confirmed, 86038 too late, 0 done."""

    code: int
    message: Shown = ""
    url: str = ""
    refresh_token: str = ""
    timestamp: int = 0


class CookieInfo(Answer):
    """Whether a cookie should be renewed, and Bilibili's clock, in milliseconds."""

    refresh: bool
    timestamp: Moment


class Renewed(Answer):
    """The token for the next renewal; the new cookies are in the headers."""

    refresh_token: str
