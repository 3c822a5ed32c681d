"""`/console/settings`: everything that can be set but what belongs to plugins, by section."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from types import MappingProxyType
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from bunga_cli.api.v1 import settings as api
from bunga_cli.configuration.rows import SettingRow
from bunga_cli.errors import BungaError, NotFound
from bunga_cli.settings.keys import sections
from bunga_cli.web.changing import told
from bunga_cli.web.console.site_fields import site_changes, site_fields
from bunga_cli.web.guard import fields_of, is_partial
from bunga_cli.web.languages import marked
from bunga_cli.web.notices import go_to
from bunga_cli.web.rendering import context_of, page, translate
from bunga_cli.web.setting_forms import SettingField, as_typed, label_of, setting_problems

PLACE = "/console/settings"

_TITLES: Mapping[str, str] = MappingProxyType(
    {
        "server": marked("Address"),
        "site": marked("Site"),
        "sync": marked("Patience"),
        "limits": marked("Limits"),
        "tokens": marked("Logins of players"),
        "console": marked("Console"),
        "downloads": marked("Downloads"),
        "http": marked("Private networks"),
        "log": marked("Log"),
    }
)
_KEPT = marked("Saved.")
_NO_CHANGE = marked("Nothing was changed.")


@dataclass(frozen=True, slots=True)
class View:
    """What somebody wants to see of the settings."""

    search: str = ""
    only_changed: bool = False

    @classmethod
    def of(cls, values: Mapping[str, str]) -> "View":
        """Return what a form or an address asks for."""
        return cls(values.get("search", "").strip(), "changed" in values)

    @property
    def query(self) -> str:
        """What asks for it in an address."""
        wanted = {"search": self.search} if self.search else {}
        wanted |= {"changed": "true"} if self.only_changed else {}
        return f"?{urlencode(wanted)}" if wanted else ""

    def has(self, shown: SettingField, title: str) -> bool:
        """Return whether a setting is to be seen."""
        wanted = self.search.casefold()
        told = (shown.key, shown.label, shown.help, shown.text, title)
        is_found = any(wanted in text.casefold() for text in told)
        return is_found and (shown.is_changed or not self.only_changed)


@dataclass(frozen=True, slots=True)
class Section:
    """The settings of one section: `problems` are of what was typed, `notice` is what was done."""

    name: str
    title: str
    help: str
    fields: Sequence[SettingField]
    problems: Mapping[str, str] = field(default_factory=dict)
    notice: str = ""

    @property
    def can_change(self) -> bool:
        """Whether anything in it is not locked."""
        return any(not one.locked for one in self.fields)


async def index(request: Request) -> Response:
    """Show the settings that a search finds."""
    view = View.of(request.query_params)
    template = "console/settings_found.html" if is_partial(request) else "console/settings.html"
    return _page(request, template, view, _sections(request, view))


async def save(request: Request) -> Response:
    """Change the settings of a section, all that were changed or none."""
    typed = await fields_of(request)
    view = View.of(typed)
    section = _section(request, request.path_params["section"], view)
    changes = site_changes(section.fields, typed, request)
    try:
        await _change(request, changes)
    except BungaError as error:
        problems = setting_problems(error, section.fields)
        again = replace(section, fields=as_typed(section.fields, typed), problems=problems)
        return _answer(request, view, again, HTTPStatus.UNPROCESSABLE_ENTITY)
    notice = translate(request, _KEPT if changes else _NO_CHANGE)
    if not is_partial(request):
        return go_to(request, f"{PLACE}{view.query}#main", notice)  # where the notice stands
    return _answer(request, view, replace(_section(request, section.name, view), notice=notice))


async def _change(request: Request, changes: Mapping[str, object]) -> None:
    if changes:
        now = await api.change_settings(dict(changes), context_of(request))
        answer = now.model_dump(mode="json")
        await told(request, api.change_settings, body=changes, answer=answer)


def _answer(
    request: Request, view: View, section: Section, status: HTTPStatus = HTTPStatus.OK
) -> Response:
    """Return a section anew: alone, where a script has asked."""
    if is_partial(request):
        return _page(request, "console/settings_section.html", view, [section], status)
    shown = [section if one.name == section.name else one for one in _sections(request, view)]
    return _page(request, "console/settings.html", view, shown, status)


def _page(
    request: Request,
    template: str,
    view: View,
    shown: Sequence[Section],
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    live = context_of(request).live_settings
    pending = [row for row in live.core_rows() if row.pending_restart]
    return page(
        request,
        template,
        status,
        page_name="settings",
        view=view,
        sections=shown,
        titles={name: _title(request, name) for name in sections()},
        pending=[_name(request, row) for row in pending],
        files=live.sources.files(),
    )


def _sections(request: Request, view: View) -> list[Section]:
    """Return the sections in which there is anything to be seen."""
    found = [_section(request, name, view) for name in sections()]
    return [section for section in found if section.fields]


def _section(request: Request, name: str, view: View) -> Section:
    """Return a section with what is to be seen of it. Raises NotFound."""
    model = sections().get(name)
    if model is None:
        raise NotFound(translate(request, "There is no section {name}.", name=name))
    rows = context_of(request).live_settings.core_rows()
    title = _title(request, name)
    fields = site_fields((row for row in rows if row.key.startswith(f"{name}.")), request)
    shown = [one for one in fields if view.has(one, title)]
    explanation = model.__doc__ or name
    return Section(name, title, translate(request, explanation), shown)


def _title(request: Request, name: str) -> str:
    return translate(request, _TITLES.get(name, label_of(name)))


def _name(request: Request, row: SettingRow) -> str:
    """Return what a setting is called where its section is not seen."""
    section = _title(request, row.key.partition(".")[0])
    return f"{section}: {translate(request, label_of(row.key))}"


ROUTES = (
    ("GET", PLACE, index),
    ("POST", f"{PLACE}/{{section:id}}", save),
)
