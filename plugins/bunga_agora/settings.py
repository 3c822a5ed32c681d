"""What an operator sets: the project at Agora."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, ValidationInfo

from bunga_agora.access_token import is_key


def _check_new(key: str, info: ValidationInfo) -> None:
    """Refuse what cannot work when it is set; what stands in a file is told by the health check."""
    is_new = bool(info.context and info.context.get("is_new"))
    if is_new and key and not is_key(key):
        raise ValueError("must be 32 hexadecimal digits, as Agora's console shows it, or be empty")


def _checked(key: str, info: ValidationInfo) -> str:
    _check_new(key, info)
    return key


def _checked_secret(key: SecretStr, info: ValidationInfo) -> SecretStr:
    _check_new(key.get_secret_value(), info)
    return key


class AgoraSettings(BaseModel):
    """The project at Agora whose minutes the calls use. Its console shows both values."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    app_id: Annotated[str, AfterValidator(_checked)] = ""
    """The project's app id, 32 hexadecimal digits; empty: there are no voice calls."""
    app_certificate: Annotated[SecretStr, AfterValidator(_checked_secret)] = SecretStr("")
    """The project's primary certificate, 32 hexadecimal digits."""
