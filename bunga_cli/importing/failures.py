"""What goes wrong with imports."""

from bunga_cli.errors import BungaError


class ImportFailure(BungaError):
    """Report a source that cannot be taken over."""

    code = "import_failed"
