"""What goes wrong with backups."""

from bunga_cli.errors import BungaError


class BackupError(BungaError):
    """Report a backup that cannot be made or used."""

    code = "backup_unusable"
