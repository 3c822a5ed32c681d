"""Signing a channel in with a phone, at a service that the operator names: the desk."""

from typing import Literal, TypeVar

from pydantic import BaseModel, ValidationError

from bunga_cli.plugin import Channel, PluginFailure, SignInCode, SignInState

from .shelf import Context

CODE_LIFETIME_S = 180


class DeskCode(BaseModel):
    """What the desk answers at `/code`."""

    key: str
    url: str


class DeskState(BaseModel):
    """What it answers at `/state?key=`; when it is done, with the channel's card."""

    state: Literal["waiting", "scanned", "done", "expired"]
    card: str = ""


M = TypeVar("M", DeskCode, DeskState)


class DeskSignIn:
    """Lets a phone scan a code, and keeps the card that the desk gives for that."""

    name = "desk"
    title = "The desk"
    per_channel = True

    def __init__(self, context: Context) -> None:
        self._context = context

    async def begin(self, _channel: Channel | None) -> SignInCode:
        """Return a code. Raises PluginFailure."""
        code = await self._ask("code", DeskCode)
        return SignInCode(code.key, code.url, CODE_LIFETIME_S)

    async def poll(self, channel: Channel | None, key: str) -> SignInState:
        """Return how far it is. Raises PluginFailure."""
        answer = await self._ask("state", DeskState, key=key)
        if answer.state == "done":
            await self._keep(channel, answer.card)
        return SignInState(answer.state)

    async def sign_out(self, channel: Channel | None) -> None:
        """Forget the card."""
        await self._keep(channel, "")

    async def _keep(self, channel: Channel | None, card: str) -> None:
        if channel is not None:  # which it never is, as `per_channel` is true
            await self._context.save_channel_settings(channel.id, card=card)

    async def _ask(self, what: str, model: type[M], **parameters: str) -> M:
        """Ask the desk. It is the operator's, so it may be on the network inside."""
        desk = self._context.site_settings().desk
        if not desk:
            raise PluginFailure("There is no desk: plugins.example.desk is not set.")
        url = f"{desk}/{what}"
        answer = await self._context.http.get(
            url, params=parameters, trusted=True, same_origin=True
        )
        try:
            return model.model_validate_json(answer.content)
        except ValidationError as error:
            raise PluginFailure("The desk does not answer as it should.") from error
