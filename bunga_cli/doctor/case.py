"""What the checks look at: a data folder, the settings in force, and the machine around them."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bunga_cli.clock import utc_now
from bunga_cli.data_folder import DataFolder
from bunga_cli.doctor.ntp import ClockState, read_clock
from bunga_cli.doctor.server import Server, look_for_server
from bunga_cli.errors import BungaError
from bunga_cli.settings.files import load_settings

_SETTINGS = ("server.host", "server.port", "server.public_url", "limits.max_connections")
_TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class Machine:
    """How the machine is asked; tests ask another one."""

    clock: Callable[[], ClockState | None] = read_clock
    now: Callable[[], datetime] = utc_now
    tls: Callable[[], ssl.SSLContext] = ssl.create_default_context


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server listens, or would. `pending` are keys that wait for a restart."""

    host: str
    port: int
    public_url: str
    max_connections: int
    pending: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Case:
    """One examination. `place` is None where the settings cannot be used."""

    data: DataFolder
    server: Server
    place: Place | None
    config: Path | None = None
    is_offline: bool = False
    machine: Machine = field(default_factory=Machine)

    @classmethod
    def open(
        cls,
        data: DataFolder,
        *,
        config: Path | None = None,
        is_offline: bool = False,
        machine: Machine | None = None,
    ) -> "Case":
        """Find out what there is to be examined; `is_offline` leaves out what needs a network."""
        server = look_for_server(data)
        told = _told_settings(server)
        config = config or _operators_file(told)
        place = _place_told(told) or _place_in_files(data, config)
        return cls(data, server, place, config, is_offline, machine or Machine())

    @property
    def is_running(self) -> bool:
        """Whether a server answers."""
        return self.server.life == "running"

    def listens_at(self) -> tuple[str, int] | None:
        """Return the address of the running server, as far as this machine reaches it there."""
        if self.place is None or self.server.announced is None:
            return None
        if not self.place.public_url:
            url = urlsplit(self.server.announced.url)
            return (url.hostname, url.port) if url.hostname and url.port else None
        if not self.place.port or {"server.host", "server.port"} & self.place.pending:
            return None
        return _reachable(self.place.host), self.place.port


def _reachable(host: str) -> str:
    """Return an address that a listener on `host` answers."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def _told_settings(server: Server) -> Mapping[str, Any]:
    """Return what a running server says of its settings, nothing without one."""
    if server.life != "running":
        return {}
    try:
        return server.get("/api/v1/settings", _TIMEOUT_S)
    except BungaError:
        return {}


def _operators_file(told: Mapping[str, Any]) -> Path | None:
    path = told.get("files", {}).get("operator")
    return Path(path) if path else None


def _place_told(told: Mapping[str, Any]) -> Place | None:
    try:
        found = {row["key"]: row for row in told["settings"]}
        host, port, public_url, count = (found[key]["value"] for key in _SETTINGS)
    except (KeyError, TypeError):
        return None
    pending = frozenset(key for key in _SETTINGS if _is_pending(found[key]))
    return Place(str(host), int(port), str(public_url), int(count), pending)


def _is_pending(row: Mapping[str, Any]) -> bool:
    return bool(row.get("pending_restart"))


def _place_in_files(data: DataFolder, config: Path | None) -> Place | None:
    try:
        settings = load_settings(data, config=config).settings
    except BungaError:
        return None  # A check of its own says what is wrong.
    server = settings.server
    return Place(server.host, server.port, server.public_url, settings.limits.max_connections)
