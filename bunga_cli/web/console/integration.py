"""`/console/integrations/NAME`: one plugin: how it stands, what is set of it, its sign-ins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from bunga_cli.api.v1 import linkers, sign_ins
from bunga_cli.api.v1 import plugins as api
from bunga_cli.clock import utc_now
from bunga_cli.errors import BungaError, NotFound
from bunga_cli.settings.keys import plugin_key
from bunga_cli.web.changing import told
from bunga_cli.web.console import phone_sign_in
from bunga_cli.web.console.integrations import PLACE, place_of, shown_of
from bunga_cli.web.console.site_fields import site_changes, site_fields
from bunga_cli.web.guard import fields_of, is_partial
from bunga_cli.web.languages import marked
from bunga_cli.web.notices import go_to
from bunga_cli.web.rendering import context_of, page, translate
from bunga_cli.web.setting_forms import SettingField, as_typed, label_of, setting_problems

_SIGNED_IN = marked("The site is signed in at {title}.")
_DOES: Mapping[str, str] = {
    "bunga_services": marked("gives players what they need of a service"),
    "bunga_linkers": marked("has media libraries for the gallery"),
    "bunga_media_resolvers": marked("finds the addresses of videos"),
    "bunga_sign_ins": marked("signs in by phone"),
    "bunga_routes": marked("answers requests of players and browsers"),
    "bunga_commands": marked("adds commands to the command line"),
    "bunga_authorise": marked("decides what may be done in rooms"),
    "bunga_room_event": marked("hears what happens in rooms"),
    "bunga_health_checks": marked("checks what it depends on"),
}


@dataclass(frozen=True, slots=True)
class _Form:
    """What is set of a plugin for the whole site.

    `of_channels` are the names of what each channel sets for itself. `problem`: why what is set
    cannot be used. `problems` are those of what was typed.
    """

    fields: Sequence[SettingField] = ()
    of_channels: Sequence[str] = ()
    problem: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def can_change(self) -> bool:
        """Whether anything in it is not locked."""
        return any(not one.locked for one in self.fields)

    @property
    def may_have_login(self) -> bool:
        """Whether there may be a login to forget: what signing in brings is kept as a secret."""
        return any(one.is_set for one in self.fields if one.is_secret)

    @property
    def has_login(self) -> bool:
        """Whether there is one for sure, as no secret is missing."""
        return self.may_have_login and all(one.is_set for one in self.fields if one.is_secret)

    def news(self, reason: str) -> str:
        """Return what is wrong with what is set, unless the plugin's `reason` says it already."""
        is_told = reason and (reason in self.problem or self.problem in reason)
        return "" if is_told else self.problem


async def show(request: Request) -> Response:
    """Show a plugin."""
    return await _shown(request, await _form(request))


async def save(request: Request) -> Response:
    """Change what is set of a plugin for the whole site."""
    plugin, context = request.path_params["plugin"], context_of(request)
    form, typed = await _form(request), await fields_of(request)
    changes = site_changes(form.fields, typed, request)
    if not changes:
        return go_to(request, place_of(plugin), translate(request, "Nothing was changed."))
    try:
        now = await api.change_settings(plugin, changes, context)
    except NotFound:
        raise
    except BungaError as error:
        problems = setting_problems(error, form.fields)
        again = replace(form, fields=as_typed(form.fields, typed), problems=problems)
        return await _shown(request, again, HTTPStatus.UNPROCESSABLE_ENTITY)
    answer = now.model_dump(mode="json")
    await told(request, api.change_settings, {"plugin": plugin}, changes, answer)
    return go_to(request, place_of(plugin), translate(request, "Saved."))


async def check(request: Request) -> Response:
    """Run the health checks: for the page that is open, or for the list, in brief."""
    plugin, context = request.path_params["plugin"], context_of(request)
    checks = (await api.check(plugin, context)).checks
    if not is_partial(request):
        return await _shown(request, await _form(request), checks=checks)
    template = "parts/health_brief.html" if "brief" in request.query_params else "parts/health.html"
    return page(
        request,
        template,
        checks=checks,
        at=utc_now(),
        reason=context.plugins.status(plugin).reason,
        number=_number_of(request.query_params.get("standing", "")),
    )


# -- signing in by phone ------------------------------------------------------------------------


async def begin(request: Request) -> Response:
    """Show a code for a phone."""
    return await phone_sign_in.begin(request, _signing(request))


async def poll(request: Request) -> Response:
    """Tell how far a sign-in is."""
    return await phone_sign_in.poll(request, _signing(request), _SIGNED_IN)


async def ask_sign_out(request: Request) -> Response:
    """Ask whether a login shall be forgotten."""
    return await phone_sign_in.ask_sign_out(request, _signing(request))


async def sign_out(request: Request) -> Response:
    """Forget a login."""
    return await phone_sign_in.sign_out(request, _signing(request))


# -- inside -------------------------------------------------------------------------------------


def _number_of(text: str) -> int:
    """Return which badge of a page is meant; 0 is none."""
    return int(text[:4]) if text.isascii() and text.isdigit() else 0


async def _shown(
    request: Request,
    form: _Form,
    status: HTTPStatus = HTTPStatus.OK,
    checks: Sequence[api.Check] | None = None,
) -> Response:
    plugin, context = request.path_params["plugin"], context_of(request)
    shown = shown_of(request, context.plugins.status(plugin))
    found = (await linkers.list_linkers(context)).linkers
    return page(
        request,
        "console/integration.html",
        status,
        page_name="integration",
        shown=shown,
        does=[
            translate(request, text) for hook, text in _DOES.items() if hook in shown.plugin.hooks
        ],
        form=form,
        problem=form.news(shown.plugin.reason),
        sign_ins=(await sign_ins.list_sign_ins(plugin, context)).sign_ins,
        linkers=[one for one in found if one.plugin == plugin],
        checks=checks,
        at=utc_now(),
    )


async def _form(request: Request) -> _Form:
    """Return the form of a plugin, if its settings are known. Raises NotFound."""
    plugin, context = request.path_params["plugin"], context_of(request)
    try:
        of_channels = (await context.plugins.models(plugin)).channel
        switch, *rows = await context.live_settings.rows_of_plugin(plugin)
    except NotFound:
        raise
    except BungaError as error:
        return _Form(problem=str(error))
    fields = site_fields(rows, request)
    prefix = plugin_key(plugin, "")
    return _Form(
        [replace(one, name=one.key.removeprefix(prefix)) for one in fields],
        [translate(request, label_of(name)) for name in of_channels.model_fields]
        if of_channels
        else (),
        switch.problem,
    )


def _signing(request: Request) -> phone_sign_in.Place:
    plugin = place_of(request.path_params["plugin"])
    return phone_sign_in.Place(None, plugin, plugin, "integration")


_PLUGIN = f"{PLACE}/{{plugin:id}}"

ROUTES = (
    ("GET", _PLUGIN, show),
    ("POST", _PLUGIN, save),
    ("POST", f"{_PLUGIN}/check", check),
    ("POST", f"{_PLUGIN}/sign-in/{{sign_in:id}}", begin),
    ("POST", f"{_PLUGIN}/sign-in/{{sign_in:id}}/poll", poll),
    ("GET", f"{_PLUGIN}/sign-out/{{sign_in:id}}", ask_sign_out),
    ("POST", f"{_PLUGIN}/sign-out/{{sign_in:id}}", sign_out),
)
