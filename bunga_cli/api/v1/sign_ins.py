"""`/api/v1/plugins/NAME/sign-ins`: signing in at the services of plugins, with a phone.

A key stands in bodies only: who has it may see how a login goes, and addresses are logged.
"""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from bunga_cli.api.context import AppContext, Context
from bunga_cli.api.noting import NotedRoute
from bunga_cli.api.v1.channels import existing_channel
from bunga_cli.api.v1.schema import StrictBody
from bunga_cli.paths import PLUGIN, SIGN_IN
from bunga_cli.plugin.providers import Channel
from bunga_cli.plugin.values import MAX_SIGN_IN_KEY

router = APIRouter(
    prefix=f"/plugins/{PLUGIN}/sign-ins", tags=["v1 plugins"], route_class=NotedRoute
)


class SignIn(BaseModel):
    """A way to sign in. `per_channel`: each channel does so for itself."""

    plugin: str
    name: str
    title: str
    per_channel: bool


class SignIns(BaseModel):
    """The ways of a plugin to sign in, none while it is not active."""

    sign_ins: list[SignIn]


class Whose(StrictBody):
    """Who signs in: a channel, where each does so for itself."""

    channel: str | None = None


class Begun(Whose):
    """Which sign-in is meant."""

    key: Annotated[str, Field(min_length=1, max_length=MAX_SIGN_IN_KEY)]


class Code(BaseModel):
    """What to show as a QR code, for so many seconds, and the key to ask with."""

    key: str
    url: str
    expires_s: float


class Progress(BaseModel):
    """How far it is: `waiting`, `scanned`, `done` or `expired`."""

    state: str
    text: str


@router.get("")
async def list_sign_ins(plugin: str, context: Context) -> SignIns:
    """Return the ways of a plugin to sign in."""
    context.plugins.status(plugin)
    found = [each for each in context.plugins.sign_ins() if each.plugin == plugin]
    return SignIns(
        sign_ins=[
            SignIn(plugin=plugin, name=each.name, title=each.title, per_channel=each.per_channel)
            for each in found
        ]
    )


@router.post(f"/{SIGN_IN}", status_code=HTTPStatus.CREATED)
async def begin_sign_in(plugin: str, sign_in: str, whose: Whose, context: Context) -> Code:
    """Begin to sign in, and return what to show."""
    way, channel = context.plugins.sign_in(plugin, sign_in), await _channel(whose, context)
    code = await way.begin(channel)
    return Code(key=code.key, url=code.url, expires_s=code.expires_s)


@router.post(f"/{SIGN_IN}/poll")
async def poll_sign_in(plugin: str, sign_in: str, begun: Begun, context: Context) -> Progress:
    """Return how far it is; when it is done, the login is kept. Ask every other second."""
    way, channel = context.plugins.sign_in(plugin, sign_in), await _channel(begun, context)
    state = await way.poll(channel, begun.key)
    return Progress(state=state.state, text=state.text)


@router.post(f"/{SIGN_IN}/sign-out", status_code=HTTPStatus.NO_CONTENT)
async def sign_out(plugin: str, sign_in: str, whose: Whose, context: Context) -> None:
    """Forget the login."""
    way, channel = context.plugins.sign_in(plugin, sign_in), await _channel(whose, context)
    await way.sign_out(channel)


async def _channel(whose: Whose, context: AppContext) -> Channel | None:
    if whose.channel is None:
        return None
    row = await existing_channel(whose.channel, context)
    return Channel(row.id, row.name)
