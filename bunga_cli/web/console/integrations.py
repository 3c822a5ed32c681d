"""`/console/integrations`: all plugins, how they stand, and the media libraries that they have.

What health checks say comes later than the page: they may take their time, or hang.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from types import MappingProxyType
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from bunga_cli.api.v1 import linkers
from bunga_cli.api.v1 import plugins as api
from bunga_cli.plugin.status import PluginStatus
from bunga_cli.settings.files import COMMAND_LINE
from bunga_cli.settings.keys import ENABLED, plugin_key
from bunga_cli.web.changing import told
from bunga_cli.web.console.phone_sign_in import led
from bunga_cli.web.guard import is_partial
from bunga_cli.web.languages import marked
from bunga_cli.web.notices import go_to
from bunga_cli.web.rendering import context_of, page, translate

PLACE = "/console/integrations"

_CHECKS = "bunga_health_checks"
_STATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "active": ("ok", marked("Works")),
        "starting": ("waiting", marked("Starting")),
        "disabled": ("off", marked("Switched off")),
        "failed": ("failure", marked("Fails")),
    }
)
_TROUBLED = ("warning", marked("Warning"))


@dataclass(frozen=True, slots=True)
class Shown:
    """A plugin as pages show it.

    `state` and `state_text` are its badge's. `place` is the address of its page: a namesake, which
    is never used, has none. `locked` names what switches it, if that is not done here.
    """

    plugin: api.Plugin
    place: str
    state: str
    state_text: str
    locked: str

    @property
    def short_source(self) -> str:
        """Where it was found; of a file in the data folder the path within that."""
        path = PurePath(self.plugin.source)
        return "/".join(path.parts[-2:]) if path.is_absolute() else self.plugin.source

    @property
    def is_active(self) -> bool:
        """Whether it runs."""
        return self.plugin.state == "active"

    @property
    def is_checked(self) -> bool:
        """Whether it runs, and tells how what it depends on stands."""
        return self.is_active and _CHECKS in self.plugin.hooks


def place_of(plugin: str) -> str:
    """Return the address of a plugin's page."""
    return f"{PLACE}/{quote(plugin, safe='')}"


async def index(request: Request) -> Response:
    """Show all plugins, and the linkers of the gallery."""
    seen: set[str] = set()
    shown = []
    for status in context_of(request).plugins.statuses():
        shown.append(shown_of(request, status, is_namesake=status.name in seen))
        seen.add(status.name)
    found = await linkers.list_linkers(context_of(request))
    return page(
        request,
        "console/integrations.html",
        page_name="integrations",
        plugins=shown,
        linkers=found.linkers,
        gallery=place_of(linkers.GALLERY) if linkers.GALLERY in seen else "",
    )


async def enable(request: Request) -> Response:
    """Start a plugin, and go to its page, which tells how that went."""
    plugin = request.path_params["plugin"]
    now = await api.enable(plugin, context_of(request))
    await told(request, api.enable, {"plugin": plugin})
    is_up = now.state == "active"
    text = translate(request, _ON, name=now.name) if is_up else ""
    return _back(request, plugin, text)


async def disable(request: Request) -> Response:
    """Stop a plugin."""
    plugin = request.path_params["plugin"]
    now = await api.disable(plugin, context_of(request))
    await told(request, api.disable, {"plugin": plugin})
    return _back(request, plugin, translate(request, _OFF, name=now.name))


_ON = marked("{name} is switched on now.")
_OFF = marked("{name} is switched off now, and stays so when the server starts.")


def shown_of(request: Request, status: PluginStatus, *, is_namesake: bool = False) -> Shown:
    """Return a plugin as pages show it."""
    is_troubled = status.state == "active" and status.reason
    state, text = _TROUBLED if is_troubled else _STATES[status.state]
    return Shown(
        api.Plugin.of(status),
        "" if is_namesake else place_of(status.name),
        state,
        translate(request, text),
        _fixed_by(request, status.name),
    )


def _fixed_by(request: Request, plugin: str) -> str:
    fixed_by = context_of(request).live_settings.sources.fixed_by(plugin_key(plugin, ENABLED))
    if fixed_by == COMMAND_LINE:
        return translate(request, "the command line")
    return fixed_by or ""


def _back(request: Request, plugin: str, notice: str) -> Response:
    """Return to the page of a plugin; a script's request has the whole page go there."""
    answer = go_to(request, place_of(plugin), notice)
    return led(answer) if is_partial(request) else answer


ROUTES = (
    ("GET", PLACE, index),
    ("POST", f"{PLACE}/{{plugin:id}}/enable", enable),
    ("POST", f"{PLACE}/{{plugin:id}}/disable", disable),
)
