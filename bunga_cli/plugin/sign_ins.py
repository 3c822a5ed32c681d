"""The ways of one plugin to sign in at services, as the console and commands meet them."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from bunga_cli.errors import BungaError, Invalid, NotFound
from bunga_cli.plugin.isolation import Overdue
from bunga_cli.plugin.parts import Part
from bunga_cli.plugin.providers import Channel, PluginFailure, SignIn, SignInCode, SignInState
from bunga_cli.plugin.values import WrongValue

LIMIT_S = 10.0

_T = TypeVar("_T")


class OnePluginsSignIn:
    """A way to sign in that answers for itself.

    Every method raises Invalid, NotFound or PluginFailure, with a sentence for who asks.
    """

    def __init__(
        self, plugin: str, sign_in: SignIn, part: Part, note: Callable[[str | None], None]
    ) -> None:
        self.plugin, self.name = plugin, sign_in.name
        self.title, self.per_channel = sign_in.title, sign_in.per_channel
        self._sign_in, self._part, self._note = sign_in, part, note

    async def begin(self, channel: Channel | None) -> SignInCode:
        """Begin, and return what to show."""
        self._check(channel)
        return await self._answer(self._sign_in.begin(channel))

    async def poll(self, channel: Channel | None, key: str) -> SignInState:
        """Return how far it is; when it is done, the login is kept."""
        self._check(channel)
        return await self._answer(self._sign_in.poll(channel, key))

    async def sign_out(self, channel: Channel | None) -> None:
        """Forget the login."""
        self._check(channel)
        await self._answer(self._sign_in.sign_out(channel))

    def _check(self, channel: Channel | None) -> None:
        if self.per_channel and channel is None:
            raise Invalid(f"Each channel signs in for itself at {self.title}: name the channel.")
        if channel is not None and not self.per_channel:
            raise Invalid(f"All channels sign in together at {self.title}: name no channel.")

    async def _answer(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Await the plugin. What it says itself is for who asks; all else is a failure of it."""
        try:
            answer = await self._part.run(work, LIMIT_S)
        except Exception as error:
            sentence = self._part.describe(error)
            is_told = isinstance(error, BungaError) and not isinstance(error, WrongValue | Overdue)
            if not is_told:
                self._note(sentence)
            told = NotFound if is_told and isinstance(error, NotFound) else PluginFailure
            raise told(sentence) from error
        self._note(None)
        return answer
