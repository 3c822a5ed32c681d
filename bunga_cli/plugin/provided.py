"""The objects of plugins as the server meets them: what they return is checked on the way.

What names a provider is read once, when the plugin starts, and stays. The methods are the plugin's
code like any other: whoever awaits them keeps it from doing harm.
"""

import inspect
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from bunga_cli.plugin import values
from bunga_cli.plugin.providers import (
    Account,
    Channel,
    Health,
    HealthCheck,
    Linker,
    MediaDetail,
    MediaResolver,
    MediaSummary,
    MediaUrl,
    Record,
    Service,
    ServiceProvider,
    SignIn,
    SignInCode,
    SignInState,
    Source,
)
from bunga_cli.plugin.texts import one_line
from bunga_cli.plugin.values import WrongValue

RESERVED_KEYS = frozenset({"channel", "token"})
"""What the answer to a register holds beside the services of plugins."""

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


class CheckedService:
    """A service whose values are JSON that any player can read."""

    def __init__(self, provider: ServiceProvider) -> None:
        self.key: str = _attribute(provider, "key", str)
        if not _KEY.fullmatch(self.key):
            raise WrongValue(
                f"The service key {one_line(self.key, 80)!r} must begin with a letter and"
                " hold letters, digits, _ and - only."
            )
        if self.key in RESERVED_KEYS:
            raise WrongValue(f"The service key {self.key!r} is the server's; choose another one.")
        self._provider = _with_methods(provider, "issue")

    async def issue(self, channel: Channel, account: Account) -> Service | None:
        """Return what the provider issues. Raises WrongValue."""
        return values.service(await self._provider.issue(channel, account), self.key)


class CheckedLinker:
    """A linker whose finds have all that players need."""

    def __init__(self, linker: Linker) -> None:
        who = f"A {_name(linker)}"
        self.info = values.linker_info(_attribute(linker, "info", object), who)
        self._linker = _with_methods(linker, "search", "detail", "sources")
        self._who = f"The linker {self.info.id}"

    async def search(self, keyword: str) -> list[MediaSummary]:
        """Return what the linker finds. Raises WrongValue."""
        return values.all_of(values.summary, await self._linker.search(keyword), self._who)

    async def detail(self, key: str) -> MediaDetail:
        """Return what the linker knows of a media. Raises WrongValue."""
        return values.detail(await self._linker.detail(key), self._who)

    async def sources(self, key: str, episode_id: str) -> list[Source]:
        """Return where the linker has an episode. Raises WrongValue."""
        return values.all_of(values.source, await self._linker.sources(key, episode_id), self._who)


class CheckedResolver:
    """A resolver whose addresses can be sent to players."""

    def __init__(self, resolver: MediaResolver) -> None:
        self._resolver = _with_methods(resolver, "resolve")

    async def resolve(self, channel: Channel, record: Record) -> list[MediaUrl] | None:
        """Return what the resolver says. Raises WrongValue."""
        return values.media_urls(await self._resolver.resolve(channel, record), "A resolver")


class CheckedHealthCheck:
    """A check whose findings can be shown."""

    def __init__(self, check: HealthCheck) -> None:
        self.name: str = one_line(_attribute(check, "name", str), 100)
        self._check = _with_methods(check, "check")

    async def check(self) -> Health:
        """Return what the check says. Raises WrongValue."""
        return values.health(await self._check.check(), f"The check {self.name!r}")


class CheckedSignIn:
    """A way to sign in whose codes can be shown."""

    def __init__(self, sign_in: SignIn) -> None:
        self.name: str = _attribute(sign_in, "name", str)
        if not _KEY.fullmatch(self.name):
            raise WrongValue(
                f"The name of a sign-in, {one_line(self.name, 80)!r}, must begin with a letter and"
                " hold letters, digits, _ and - only."
            )
        self.title: str = one_line(_attribute(sign_in, "title", str), 100) or self.name
        self.per_channel: bool = _attribute(sign_in, "per_channel", bool)
        self._sign_in = _with_methods(sign_in, "begin", "poll", "sign_out")
        self._who = f"The sign-in {self.name}"

    async def begin(self, channel: Channel | None) -> SignInCode:
        """Begin, and return what to show. Raises WrongValue."""
        return values.sign_in_code(await self._sign_in.begin(channel), self._who)

    async def poll(self, channel: Channel | None, key: str) -> SignInState:
        """Return how far it is. Raises WrongValue."""
        return values.sign_in_state(await self._sign_in.poll(channel, key), self._who)

    async def sign_out(self, channel: Channel | None) -> None:
        """Forget the login."""
        await self._sign_in.sign_out(channel)


_KINDS: Mapping[str, type] = {
    "bunga_services": CheckedService,
    "bunga_linkers": CheckedLinker,
    "bunga_media_resolvers": CheckedResolver,
    "bunga_sign_ins": CheckedSignIn,
    "bunga_health_checks": CheckedHealthCheck,
}


def providers(hook: str, value: object) -> tuple[Any, ...]:
    """Return what a hook returned, a sequence of its providers. Raises PluginFailure."""
    try:
        return _without_twins([_KINDS[hook](provider) for provider in values.items(value, hook)])
    except WrongValue as error:
        sentence = str(error)
        raise WrongValue(sentence if hook in sentence else f"{hook}: {sentence}") from error


def _without_twins(found: Sequence[Any]) -> tuple[Any, ...]:
    """Return providers, if no two sign-ins have one name. Raises WrongValue."""
    names = Counter(each.name for each in found if isinstance(each, CheckedSignIn))
    for name, times in names.items():
        if times > 1:
            raise WrongValue(f"There are {times} sign-ins with the name {name!r}.")
    return tuple(found)


def _attribute(provider: object, name: str, expected: type) -> Any:  # noqa: ANN401  as `expected`
    """Return an attribute, which may be a property and so do anything."""
    what = f"A {_name(provider)}"
    try:
        found = getattr(provider, name)
    except Exception as error:
        raise WrongValue(f"{what} has no {name!r}.") from error
    if not isinstance(found, expected):
        raise WrongValue(f"{what} has a {name!r} that is no {expected.__name__}.")
    return found


def _with_methods(provider: Any, *names: str) -> Any:  # noqa: ANN401  any provider
    for name in names:
        method = _attribute(provider, name, object)
        if not inspect.iscoroutinefunction(method):
            what = f"A {_name(provider)} has a {name!r} that is no asynchronous method."
            raise WrongValue(what)
    return provider


def _name(provider: object) -> str:
    return type(provider).__name__
