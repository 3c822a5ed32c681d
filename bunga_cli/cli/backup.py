"""`bunga backup` and `bunga restore`: a site in one file, and back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bunga_cli.cli import local_api, output
from bunga_cli.cli.options import DataOption, JsonOption, find_data
from bunga_cli.cli.progress import progress_bar
from bunga_cli.data_folder import DataFolder, tidied
from bunga_cli.errors import BungaError
from bunga_cli.units import readable_size

if TYPE_CHECKING:
    from bunga_cli.backup import Backup, Manifest

NewFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="Where to, such as bunga-backup.tar.gz.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace the file.")]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The operator's settings file, to be kept too; else the one the server uses.",
    ),
]


def backup(
    file: NewFile,
    *,
    force: ForceOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put the whole site into one file, while it serves.

    That is the database, uploads, plugins, settings and secret. Whoever has the file can do all
    that the site's owner can: keep it as you would keep a password.
    """
    from bunga_cli.backup import make_backup

    folder = find_data(data)
    operators_file = config or _operators_file(folder)
    with progress_bar("Backing up") as on_progress:
        made = make_backup(
            folder,
            tidied(file),
            operators_file=operators_file,
            replace=force,
            on_progress=on_progress,
        )
    if made.missing_uploads:
        _warn(made.missing_uploads, folder)
    if made.skipped_links:
        _warn_of_links(made.skipped_links, folder)
    for name in made.locked_databases:
        output.note(
            f"Warning: {folder.path / name} is locked by its plugin, and not in the backup. Make"
            " the backup while the plugin is disabled, or the server stopped."
        )
    if as_json:
        output.document({"file": str(made.path), "size_bytes": made.size_bytes, **_facts(made)})
    else:
        output.note(
            f"{made.path} holds the site: {len(made.manifest.files)} files,"
            f" {readable_size(made.size_bytes)}. `bunga restore` makes a data folder of it."
        )


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `bunga backup` made.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a new data folder of a backup.

    The folder that --data names must be missing or empty. Everything is checked before anything is
    written; a backup of an older version is brought up to date when the server starts.
    """
    from bunga_cli.backup import restore_backup

    folder = find_data(data)
    with progress_bar("Restoring") as on_progress:
        manifest = restore_backup(file, folder, on_progress)
    operators_file = _restored_operators_file(folder, manifest)
    if as_json:
        head = {"folder": str(folder.path), "operators_file": operators_file}
        output.document({**head, **_facts_of(manifest)})
        return
    when = output.moment(manifest.created_at.isoformat())
    output.note(f"{folder.path} is the site as it was on {when}.")
    if operators_file:
        output.note(
            f"The operator's settings file lies in {operators_file}; put it where you start the"
            " server, or name it with --config."
        )
    output.note(f"`bunga{folder.option} serve` starts it.")


def _warn(missing_uploads: int, folder: DataFolder) -> None:
    uploads = "1 upload is" if missing_uploads == 1 else f"{missing_uploads} uploads are"
    output.note(
        f"Warning: {uploads} known to the database, but not in {folder.media}: lost before, and not"
        " in the backup."
    )


def _warn_of_links(links: int, folder: DataFolder) -> None:
    are = "1 link leads" if links == 1 else f"{links} links lead"
    output.note(
        f"Warning: {are} out of {folder.media}; what is behind is not in the backup. Put the files"
        " themselves there."
    )


def _operators_file(folder: DataFolder) -> Path | None:
    """Return the file that the running server uses, else the one that a server would find here."""
    from bunga_cli.settings.files import operators_file

    try:
        files = local_api.call(folder, "GET", "settings")["files"]
        return Path(files["operator"]) if files["operator"] else None
    except BungaError:  # No server runs, or it is ill; a backup is wanted all the more.
        return operators_file(None)


def _restored_operators_file(folder: DataFolder, manifest: "Manifest") -> str | None:
    from bunga_cli.backup.manifest import OPERATORS_FILE

    return str(folder.path / OPERATORS_FILE) if OPERATORS_FILE in manifest.files else None


def _facts(made: "Backup") -> dict[str, object]:
    return {
        **_facts_of(made.manifest),
        "missing_uploads": made.missing_uploads,
        "skipped_links": made.skipped_links,
        "locked_databases": [*made.locked_databases],
    }


def _facts_of(manifest: "Manifest") -> dict[str, object]:
    return {
        "bunga_version": manifest.bunga_version,
        "schema_revision": manifest.schema_revision,
        "created_at": manifest.created_at.isoformat().replace("+00:00", "Z"),
        "files": len(manifest.files),
    }
