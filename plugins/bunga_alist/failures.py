"""How asking AList can fail. The text is a sentence for a person."""

from bunga_cli.plugin import PluginFailure

_TOKEN_REFUSED = 401
_NOT_ITS_OWN_FAULT = range(400, 500)


class AListError(PluginFailure):
    """Report that AList did not do what was asked of it."""


class Unreachable(AListError):
    """Report that no answer came."""


class Busy(AListError):
    """Report that too much is under way already."""


class NoPicture(AListError):
    """Report that AList has no picture, which is nothing unusual."""


class Refused(AListError):
    """Report AList's own refusal; `status` is the `code` in its answer."""

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.status = status

    @property
    def is_of_token(self) -> bool:
        """Whether a new token would help."""
        return self.status == _TOKEN_REFUSED

    @property
    def is_lasting(self) -> bool:
        """Whether the same request would be refused again."""
        return self.status in _NOT_ITS_OWN_FAULT
