"""What an operator sets: the project at Agora."""

from pydantic import BaseModel, ConfigDict, SecretStr


class AgoraSettings(BaseModel):
    """The project at Agora whose minutes the calls use. Its console shows both values."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    app_id: str = ""
    """The project's app id, 32 hexadecimal digits; empty: there are no voice calls."""
    app_certificate: SecretStr = SecretStr("")
    """The project's primary certificate, 32 hexadecimal digits."""
