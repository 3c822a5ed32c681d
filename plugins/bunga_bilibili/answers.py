"""What Bilibili answers, as far as it is used."""

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")


class Answer(BaseModel):
    """The base of all answers: unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Envelope(Answer):
    """What surrounds every answer; `code` is 0 or says why there is no data."""

    code: int
    message: str = ""


class Full(Answer, Generic[T]):
    """An envelope that holds something."""

    data: T


class SigningKeys(Answer):
    """The day's two keys, dressed up as addresses of pictures."""

    img_url: str
    sub_url: str


class Nav(Answer):
    """Who is logged in (`x/web-interface/nav`)."""

    name: str = Field(alias="uname")
    face: str = ""
    vip_status: int = Field(0, alias="vipStatus")
    vip_due_ms: int = Field(0, alias="vipDueDate")
    signing: SigningKeys = Field(alias="wbi_img")

    @property
    def is_member(self) -> bool:
        """Whether the account has a paid membership now."""
        return self.vip_status == 1


class QrCode(Answer):
    """A login that waits for a phone."""

    url: str
    qrcode_key: str


class QrState(Answer):
    """How far that login is: 86101 not scanned, 86090 not confirmed, 86038 too late, 0 done."""

    code: int
    message: str = ""
    url: str = ""
    refresh_token: str = ""
    timestamp: int = 0


class CookieInfo(Answer):
    """Whether a cookie should be renewed, and Bilibili's clock, in milliseconds."""

    refresh: bool
    timestamp: int


class Renewed(Answer):
    """The token for the next renewal; the new cookies are in the headers."""

    refresh_token: str
