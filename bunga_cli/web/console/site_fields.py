"""Settings of the whole site as fields of a form: where each comes from, and where it can go back.

What was changed from inside lies over the operator's file, and can be taken back; what that file
says cannot, only laid over.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from starlette.requests import Request

from bunga_cli.configuration.rows import SettingRow
from bunga_cli.settings.files import Sources
from bunga_cli.settings.keys import as_text
from bunga_cli.settings.tables import value_at
from bunga_cli.web.languages import marked
from bunga_cli.web.rendering import context_of, translate
from bunga_cli.web.setting_forms import SettingField, changes_of, field_of_row

_SET_HERE = marked("set here")
_WAITS = marked("waits for a restart")
_FROM_FILE = marked("from {file}")
_BACK_TO_FILE = marked("Back to what {file} says: {value}")
_BACK_TO_FILES_SECRET = marked("Back to what {file} says")


def site_fields(rows: Iterable[SettingRow], request: Request) -> list[SettingField]:
    """Return settings as a form shows them, each called by its key."""
    return [_field(row, request) for row in rows]


def site_changes(
    fields: Iterable[SettingField], form: Mapping[str, str], request: Request
) -> dict[str, object]:
    """Return what differs in a form from what is set, by name; None takes back what was set here.

    To type what would be in force without that is to take it back.
    """
    fields, below = [*fields], _sources(request).without_auto()
    changes = changes_of(fields, form)
    for field in fields:
        lower = value_at(below, field.key)
        lower = field.default if lower is None else lower
        if not field.is_secret and changes.get(field.name) == lower and field.is_changed:
            changes |= {field.name: None} if field.name in changes else {}
    return changes


def _field(row: SettingRow, request: Request) -> SettingField:
    sources, field = _sources(request), field_of_row(row, request)
    return replace(
        field,
        origin=_origin(row, sources, request),
        is_kept_here=sources.auto_value(row.key) is not None,
        reset_text=_reset_text(row, sources, request),
    )


def _origin(row: SettingRow, sources: Sources, request: Request) -> str:
    """Return where a value comes from in a word; of what is locked, the lock says it."""
    if row.pending_restart:
        return translate(request, _WAITS)
    if not row.is_changed or row.fixed_by:
        return ""
    if row.origin == sources.auto.origin:
        return translate(request, _SET_HERE)
    return translate(request, _FROM_FILE, file=Path(row.origin).name)


def _reset_text(row: SettingRow, sources: Sources, request: Request) -> str:
    """Return to what a setting goes back that the operator's file sets as well."""
    lower = sources.operators_file
    value = None if lower is None else value_at(lower.table, row.key)
    if lower is None or value is None:
        return ""
    file = Path(lower.origin).name
    if row.is_secret:
        return translate(request, _BACK_TO_FILES_SECRET, file=file)
    return translate(request, _BACK_TO_FILE, file=file, value=as_text(value))


def _sources(request: Request) -> Sources:
    return context_of(request).live_settings.sources
