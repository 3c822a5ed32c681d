"""`/console/channels/ID/integrations`: what plugins keep for one channel, and its sign-ins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from bunga_cli.api.v1 import plugins as api
from bunga_cli.api.v1 import sign_ins
from bunga_cli.errors import BungaError, NotFound
from bunga_cli.web.changing import told
from bunga_cli.web.console import phone_sign_in
from bunga_cli.web.console.channel import channel_page, place_of, shown
from bunga_cli.web.guard import fields_of
from bunga_cli.web.languages import marked
from bunga_cli.web.notices import go_to
from bunga_cli.web.rendering import context_of, translate
from bunga_cli.web.setting_forms import (
    SettingField,
    as_typed,
    changes_of,
    fields_of_plugin,
    setting_problems,
)

_SIGNED_IN = marked("The channel is signed in at {title}.")


@dataclass(frozen=True, slots=True)
class _Card:
    """A plugin as a channel has it. `problem`: why what is kept cannot be used."""

    plugin: str
    fields: Sequence[SettingField]
    sign_ins: Sequence[sign_ins.SignIn]
    problem: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_signed_in(self) -> bool:
        """Whether there may be a login to forget."""
        return any(one.is_secret and one.is_set for one in self.fields)


async def index(request: Request) -> Response:
    """Show what is set of each plugin in a channel."""
    channel = await shown(request)
    return channel_page(request, channel, "integrations", cards=await _cards(request, channel.id))


async def save(request: Request) -> Response:
    """Change what is set of a plugin in a channel."""
    channel, plugin = await shown(request), request.path_params["plugin"]
    context, form = context_of(request), await fields_of(request)
    card = await _card(request, channel.id, plugin)
    changes = changes_of(card.fields, form)
    if not changes:
        return go_to(request, _place(channel.id), translate(request, "Nothing was changed."))
    try:
        now = await api.change_channel_settings(channel.id, plugin, changes, context)
    except NotFound:
        raise
    except BungaError as error:
        problems = setting_problems(error, card.fields)
        again = _Card(plugin, as_typed(card.fields, form), card.sign_ins, "", problems)
        cards = await _cards(request, channel.id, again)
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return channel_page(request, channel, "integrations", status, cards=cards)
    path = {"channel_id": channel.id, "plugin": plugin}
    await told(request, api.change_channel_settings, path, changes, now.model_dump(mode="json"))
    return go_to(request, _place(channel.id), translate(request, "Saved."))


# -- signing in by phone ------------------------------------------------------------------------


async def begin(request: Request) -> Response:
    """Show a code for a phone."""
    return await phone_sign_in.begin(request, await _signing(request))


async def poll(request: Request) -> Response:
    """Tell how far a sign-in is."""
    return await phone_sign_in.poll(request, await _signing(request), _SIGNED_IN)


async def ask_sign_out(request: Request) -> Response:
    """Ask whether a login shall be forgotten."""
    return await phone_sign_in.ask_sign_out(request, await _signing(request))


async def sign_out(request: Request) -> Response:
    """Forget a login."""
    return await phone_sign_in.sign_out(request, await _signing(request))


# -- inside -------------------------------------------------------------------------------------


async def _cards(request: Request, channel_id: str, typed: _Card | None = None) -> list[_Card]:
    """Return a card for each plugin that has anything for a channel; `typed` is one of them."""
    cards = []
    for status in context_of(request).plugins.statuses():
        if typed is not None and status.name == typed.plugin:
            cards.append(typed)
        elif status.state == "active":
            cards.append(await _card(request, channel_id, status.name))
    return [card for card in cards if card.fields or card.sign_ins or card.problem]


async def _card(request: Request, channel_id: str, plugin: str) -> _Card:
    context = context_of(request)
    ways = [
        one for one in (await sign_ins.list_sign_ins(plugin, context)).sign_ins if one.per_channel
    ]
    try:
        models = await context.plugins.models(plugin)
        settings = await api.show_channel_settings(channel_id, plugin, context)
    except NotFound:
        raise
    except BungaError as error:
        return _Card(plugin, (), ways, str(error))
    fields = fields_of_plugin(plugin, settings.settings, models.channel, request)
    return _Card(plugin, fields, ways, settings.problem)


async def _signing(request: Request) -> phone_sign_in.Place:
    """Return where somebody signs in. Raises NotFound."""
    channel, plugin = await shown(request), request.path_params["plugin"]
    root = place_of(channel.id, "integrations", plugin)
    return phone_sign_in.Place(channel.id, root, _place(channel.id), "channel")


def _place(channel_id: str) -> str:
    return place_of(channel_id, "integrations")


_PLUGIN = "/console/channels/{channel_id:id}/integrations/{plugin:id}"

ROUTES = (
    ("GET", "/console/channels/{channel_id:id}/integrations", index),
    ("POST", _PLUGIN, save),
    ("POST", f"{_PLUGIN}/sign-in/{{sign_in:id}}", begin),
    ("POST", f"{_PLUGIN}/sign-in/{{sign_in:id}}/poll", poll),
    ("GET", f"{_PLUGIN}/sign-out/{{sign_in:id}}", ask_sign_out),
    ("POST", f"{_PLUGIN}/sign-out/{{sign_in:id}}", sign_out),
)
