"""What an operator sets: one AList server for the site, one user of it for each channel."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr


def _check_host(host: str) -> str:
    if host and not is_host(host):
        raise ValueError('must be an address such as "https://alist.example.org", or be empty')
    return host.rstrip("/")


def is_host(host: str) -> bool:
    """Return whether this is the address of a web server, perhaps with a path."""
    try:
        parts = urlsplit(host)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and not (parts.username or parts.query or parts.fragment)
        )
    except ValueError:
        return False


def with_scheme(host: str) -> str:
    """Return an address that somebody may have written without its beginning."""
    return host.rstrip("/") if "://" in host else f"https://{host.rstrip('/')}"


class AListSite(BaseModel):
    """Settings of the whole site."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: Annotated[str, AfterValidator(_check_host)] = Field(
        default="",
        description='The AList or OpenList server, such as "https://alist.example.org"'
        "; empty: none.",
    )


class AListChannel(BaseModel):
    """Settings of one channel."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    username: str = Field(default="", description="The channel's user in AList; empty: none.")
    password: SecretStr = Field(default=SecretStr(""), description="That user's password.")
