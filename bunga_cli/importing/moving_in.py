"""Takes an installation over, or tells what that would do."""

import asyncio
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bunga_cli.clock import utc_now
from bunga_cli.data_folder import DataFolder
from bunga_cli.importing.existing import Existing, opened, read_existing
from bunga_cli.importing.failures import ImportFailure
from bunga_cli.importing.media import Copy, OldMedia, copy_all, copy_to
from bunga_cli.importing.original import Original
from bunga_cli.importing.plan import (
    Comparison,
    Plan,
    compare_accounts,
    compare_channels,
    compare_memberships,
    strangers,
)
from bunga_cli.importing.progress import Positions, read_progress
from bunga_cli.importing.reading import read_original
from bunga_cli.importing.report import Kind, Report
from bunga_cli.importing.site_settings import compare_accounts_elsewhere, new_settings
from bunga_cli.importing.unfinished import Rest, finish, note
from bunga_cli.importing.videos import Videos
from bunga_cli.importing.writing import write
from bunga_cli.keyring import Keyring, OldSecret
from bunga_cli.settings.files import LoadedSettings, load_settings
from bunga_cli.store.rows import AccountRow

Progress = Callable[[float], None]

_WELL_KNOWN = "django-insecure-"
_TOO_WELL_KNOWN = (
    "it is one that Django made for trying things out. If others can know it, such as from a"
    " published settings file, they can log in as anybody; then go without it."
)
_MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class Source:
    """Where an installation of the original is.

    `database`: its SQLite file. `media`: the folder of its uploads. `secret_key`: the SECRET_KEY in
    its settings. `redis`: the address of its Redis.
    """

    database: Path
    media: Path | None = None
    secret_key: str | None = None
    redis: str | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """All that the original has."""

    original: Original
    positions: Positions
    media: OldMedia


@dataclass(frozen=True, slots=True)
class _Work:
    """All that has to be done."""

    plan: Plan
    copies: Sequence[Copy]
    rest: Rest


async def move_in(
    source: Source,
    data: DataFolder,
    *,
    applied: bool,
    config: Path | None = None,
    on_progress: Progress = lambda _share: None,
) -> Report:
    """Take over an installation of the original server into a data folder that no server uses.

    Without `applied`, nothing is changed, and the report is the same. `config` is the operator's
    settings file; `on_progress` gets 0.0 to 1.0. Raises ImportFailure, DataFolderError,
    DatabaseError or SettingsError; nothing is changed then, but copies of uploads may lie in the
    data folder, where the next try finds them.
    """
    report = Report()
    found = _read(source, report, _part(on_progress, 0, 1 / 4))
    if applied:
        data.create()
    with _locked(data):
        mover = _Mover(source, data, load_settings(data, config=config), report)
        await mover.move(found, applied=applied, on_progress=_part(on_progress, 1 / 4, 1))
    on_progress(1)
    return report


def _read(source: Source, report: Report, on_progress: Progress) -> _Found:
    if source.secret_key is not None:
        _check_key(source.secret_key)
    media = OldMedia(source.media)
    original = read_original(source.database, report, _part(on_progress, 0, 3 / 4))
    if source.redis is None:
        return _Found(original, {}, media)
    channels = [channel.channel_id for channel in original.channels]
    positions = read_progress(source.redis, channels, report, _part(on_progress, 3 / 4, 1))
    return _Found(original, positions, media)


@contextmanager
def _locked(data: DataFolder) -> Iterator[None]:
    """Keep everybody else off a data folder, if there is one."""
    if not data.database.exists() and not data.media.exists():
        yield
        return
    with data.lock():
        finish(data)
        yield


class _Mover:
    """Moves one installation into one data folder."""

    def __init__(
        self, source: Source, data: DataFolder, loaded: LoadedSettings, report: Report
    ) -> None:
        self._source, self._data, self._loaded, self._report = source, data, loaded, report

    async def move(self, found: _Found, *, applied: bool, on_progress: Progress) -> None:
        """Compare, and write the difference if it is to be `applied`."""
        comparing, copying = _part(on_progress, 0, 1 / 3), _part(on_progress, 1 / 3, 2 / 3)
        if not applied and not self._data.database.exists():
            await self._compare(found, Existing(), comparing)
            return
        async with opened(self._data, for_writing=applied) as database:
            work = await self._compare(found, await read_existing(database), comparing)
            if not applied or self._report.is_empty:
                return
            await asyncio.to_thread(copy_all, work.copies, copying)
            note(self._data, work.rest)
            await write(database, work.plan, work.rest.mark, _part(on_progress, 2 / 3, 1))
        finish(self._data)  # The database is closed, and so on the disk.

    async def _compare(self, found: _Found, existing: Existing, on_progress: Progress) -> _Work:
        now = utc_now()
        on = Comparison(found.original, existing, now, self._report)
        compare_channels(on)
        compare_accounts(on)
        compare_memberships(on)
        await compare_accounts_elsewhere(on, self._data)
        videos = Videos(on, found.positions, found.media)
        await asyncio.to_thread(videos.compare, on_progress)
        settings = await new_settings(
            found.original.settings, self._loaded.sources, self._data, self._report
        )
        rest = Rest(secrets.randbelow(2**31 - 1) + 1, settings, self._new_secret(on, now))
        return _Work(on.plan, copy_to(self._data.media, videos.subtitles, videos.logs), rest)

    def _new_secret(self, on: Comparison, now: datetime) -> OldSecret | None:
        """Return the original's secret if it is to be believed from now on."""
        key = self._source.secret_key
        if key is None:
            return None
        lifetime = timedelta(microseconds=self._loaded.settings.tokens.refresh_lifetime_us)
        if key in self._believed(now):
            self._report.is_there(Kind.SECRET)
            return None
        if others := strangers(on.original, on.existing):
            self._report.conflict(Kind.SECRET, "SECRET_KEY", _too_dangerous(others))
            return None
        self._report.comes(Kind.SECRET)
        if key.startswith(_WELL_KNOWN):
            self._report.warn(Kind.SECRET, "SECRET_KEY", _TOO_WELL_KNOWN)
        return OldSecret(key, now + lifetime)

    def _believed(self, now: datetime) -> Iterator[str]:
        if self._data.media.exists():
            yield from self._data.read_keyring().believed(now)


def _check_key(key: str) -> None:
    try:
        Keyring("").believing(OldSecret(key, utc_now()), utc_now())
    except ValueError as error:
        raise ImportFailure(f"That cannot be the SECRET_KEY: {error}.") from error


def _too_dangerous(others: Sequence[AccountRow]) -> str:
    names = ", ".join(account.username for account in others[:_MOST_NAMES])
    more = f" and {len(others) - _MOST_NAMES} more" if len(others) > _MOST_NAMES else ""
    return (
        f"tokens of the original name accounts by number, and would open those of {names}{more},"
        " which were made here. It is not taken over; to have it, import into a new data folder"
        " before any account is made there."
    )


def _part(on_progress: Progress, start: float, end: float) -> Progress:
    """Return what is to be told about a part of the work."""
    return lambda share: on_progress(start + (end - start) * share)
