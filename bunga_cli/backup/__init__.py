"""A site in one file, and a site from one file.

A backup is a `tar.gz` of plain files, in this order:

media/…             uploads
bunga.db            the database, as it was at one moment
plugins/…           plugins that were put into the data folder
plugin-data/…       what plugins keep
secret              what signs the players' tokens
bunga.auto.toml     settings changed from inside
operator/bunga.toml the operator's own settings file, if there is one
manifest.json       size and SHA-256 of each of them (see `manifest.py`)

It is made beside its place and moved there when it is whole; a folder is restored likewise. So
whatever happens, there is the old one or the new one.
"""

from bunga_cli.backup.failures import BackupError
from bunga_cli.backup.making import Backup, make_backup
from bunga_cli.backup.manifest import Manifest
from bunga_cli.backup.restoring import restore_backup

__all__ = ["Backup", "BackupError", "Manifest", "make_backup", "restore_backup"]
