"""What can go wrong with a linker."""

from bunga_cli.plugin import BungaError


class LinkerFailure(BungaError):
    """Report that a linker did not answer, or not as it should."""

    code = "linker_failed"


class LinkerTimeout(LinkerFailure):
    """Report that a linker took too long."""

    code = "linker_timeout"
