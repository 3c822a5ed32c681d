"""The failures Bunga expects, as one tree.

`str(error)` is one sentence for a person: what happened, where, and what to do about it.
`error.code` is for programs: the API sends it, tests compare it.
"""

from typing import ClassVar


class BungaError(Exception):
    """Report an expected failure."""

    code: ClassVar[str] = "error"


class SettingsError(BungaError):
    """Report settings that cannot be used, all of them at once."""

    code = "settings_invalid"

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class DataFolderError(BungaError):
    """Report a data folder that cannot be used."""

    code = "data_folder_unusable"


class DatabaseError(BungaError):
    """Report a database that cannot be used."""

    code = "database_unusable"


class StorageError(DatabaseError):
    """Report that the database cannot be written just now: the disk is full, or fails."""


class PortError(BungaError):
    """Report an address that cannot be listened on."""

    code = "port_unusable"


class ServerUnreachable(BungaError):
    """Report that no server answers on a data folder."""

    code = "server_unreachable"


class NotFound(BungaError):
    """Report that a named thing does not exist."""

    code = "not_found"


class Conflict(BungaError):
    """Report that a thing exists already, or is in the way."""

    code = "conflict"


class Invalid(BungaError):
    """Report a value that is not allowed."""

    code = "invalid"


class Unauthorized(BungaError):
    """Report that it is not known who is asking."""

    code = "unauthorized"


class Forbidden(BungaError):
    """Report that the one who asks may not do this."""

    code = "forbidden"
