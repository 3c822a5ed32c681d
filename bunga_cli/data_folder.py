"""The folder that holds everything a site is: database, uploads, secret, control socket.

bunga.db          the database
media/            uploaded files
secret            signs the players' tokens (see `keyring.py`)
bunga.auto.toml   settings changed from inside (see `settings/files.py`)
bunga.lock        held by the one server that may use the folder
bunga.sock        the running server's control socket
run.json          the running server's process id, control socket and address
"""

import fcntl
import json
import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from bunga_cli.errors import DataFolderError
from bunga_cli.keyring import Keyring, new_secret

DEFAULT_FOLDER = Path("bunga-data")
LONGEST_SOCKET_PATH = 100
"""Bytes. The kernels' limits are 104 (macOS) and 108 (Linux), a closing zero included."""


@dataclass(frozen=True, slots=True)
class RunningServer:
    """What a running server tells the commands that look for it. `url` ends in a slash."""

    pid: int
    socket: Path
    url: str


@dataclass(frozen=True, slots=True)
class DataFolder:
    """A site's folder, which may not exist yet. Its methods raise DataFolderError."""

    path: Path

    @classmethod
    def find(cls, explicit: Path | None, environ: Mapping[str, str] = os.environ) -> "DataFolder":
        """Return the folder that `--data` names, else BUNGA_DATA, else `./bunga-data`."""
        path = explicit or Path(environ.get("BUNGA_DATA") or DEFAULT_FOLDER)
        return cls(tidied(path.expanduser()))

    @property
    def option(self) -> str:
        """Return ` --data FOLDER`, as advice has it behind `bunga`; nothing for the default."""
        is_default = self == DataFolder.find(None)
        return "" if is_default else f" --data {shlex.quote(str(self.path))}"

    @property
    def database(self) -> Path:
        """Where the database is."""
        return self.path / "bunga.db"

    @property
    def media(self) -> Path:
        """Where uploaded files are."""
        return self.path / "media"

    @property
    def auto_settings(self) -> Path:
        """Where settings that were changed from inside are."""
        return self.path / "bunga.auto.toml"

    @property
    def import_note(self) -> Path:
        """Where an import notes what it has still to do, while there is such (see `importing`)."""
        return self.path / "import.json"

    @property
    def has_unfinished_import(self) -> bool:
        """Whether an import is under way, or was killed."""
        try:
            return self.import_note.exists()
        except OSError:
            return False  # Whoever opens the folder will tell what is wrong with it.

    def create(self) -> None:
        """Make what is missing of the folder, for its owner's eyes only."""
        with _explained(self.path, "cannot be made or written to"):
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.media.mkdir(mode=0o700, exist_ok=True)
            if not self._secret_path.exists():
                write_private(self._secret_path, new_secret())

    def read_keyring(self) -> Keyring:
        """Return the site's secret, and those it had before."""
        with _explained(self._secret_path, "cannot be read"):
            content = self._secret_path.read_bytes()
        try:
            return Keyring.parse(content.decode())
        except ValueError as error:
            raise DataFolderError(
                f"The secret in {self._secret_path} is damaged; restore it from a backup, or"
                " delete it and let every player register again."
            ) from error

    def write_keyring(self, keyring: Keyring) -> None:
        """Replace the site's secrets; a server that runs goes on with those it has read."""
        with _explained(self._secret_path, "cannot be written"):
            write_private(self._secret_path, keyring.text())

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep every other server off the existing folder."""
        with _explained(self.path, "cannot be written to"):
            lock_fd = os.open(self.path / "bunga.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._take(lock_fd)
            yield
        finally:
            os.close(lock_fd)

    def refuse_if_served(self) -> None:
        """Raise DataFolderError if another server has the folder; make nothing."""
        if (self.path / "bunga.lock").exists():
            with self.lock():
                return

    def _take(self, lock_fd: int) -> None:
        try:
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(lock_fd, 20).decode("ascii", "replace").strip() or "unknown"
            raise DataFolderError(
                f"Another server (process {holder}) already serves {self.path};"
                " stop it, or choose another folder with --data."
            ) from None
        os.ftruncate(lock_fd, 0)
        os.write(lock_fd, str(os.getpid()).encode())

    @contextmanager
    def control_socket(self) -> Iterator[Path]:
        """Yield a free path for the control socket, and remove what is there at the end.

        Only for the holder of the lock: a socket that is there is taken for a dead server's.
        """
        path, private_folder = self.path / "bunga.sock", None
        if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
            private_folder = Path(tempfile.mkdtemp(prefix="bunga-"))
            path = private_folder / "bunga.sock"
        try:
            path.unlink(missing_ok=True)
            yield path
        finally:
            path.unlink(missing_ok=True)
            if private_folder:
                shutil.rmtree(private_folder, ignore_errors=True)

    def announce(self, socket: Path, url: str) -> None:
        """Let commands find this process, which serves `url` and listens on `socket`."""
        server = asdict(RunningServer(os.getpid(), socket, url))
        with _explained(self._run_path, "cannot be written"):
            write_private(self._run_path, json.dumps(server, default=str))

    @contextmanager
    def announced(self, socket: Path, url: str) -> Iterator[None]:
        """Let commands find this process for the length of a block."""
        self.announce(socket, url)
        try:
            yield
        finally:
            self._run_path.unlink(missing_ok=True)

    def read_running(self) -> RunningServer | None:
        """Return the server that announced itself; it may have died since."""
        try:
            server = json.loads(self._run_path.read_text("utf-8"))
            return RunningServer(int(server["pid"]), Path(server["socket"]), str(server["url"]))
        except FileNotFoundError:
            return None
        except NotADirectoryError as error:
            raise DataFolderError(
                f"{self.path} is no folder; name the server's data folder with --data."
            ) from error
        except OSError as error:
            reason = error.strerror or error
            raise DataFolderError(f"{self._run_path} cannot be read: {reason}.") from error
        except (ValueError, TypeError, KeyError) as error:
            raise DataFolderError(
                f"{self._run_path} cannot be read; it is written anew when the server starts."
            ) from error

    @property
    def _secret_path(self) -> Path:
        return self.path / "secret"

    @property
    def _run_path(self) -> Path:
        return self.path / "run.json"


def tidied(path: Path) -> Path:
    """Return the absolute path, without detours such as `q/../r`; links stay as they are named."""
    # What lies behind `..` depends on whether a link stands before it: only the system knows.
    return Path(os.path.realpath(path)) if ".." in path.parts else path.absolute()


def write_private(path: Path, text: str) -> None:
    """Replace `path` by a file with `text` that only its owner can read, wholly or not at all."""
    temporary_fd, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(temporary_fd, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise


@contextmanager
def _explained(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except (FileExistsError, NotADirectoryError) as error:
        raise DataFolderError(f"{path} {what}: a file is in the way.") from error
    except OSError as error:
        raise DataFolderError(f"{path} {what}: {error.strerror or error}.") from error
    except UnicodeError as error:
        raise DataFolderError(f"{path} {what}: it is no text.") from error
