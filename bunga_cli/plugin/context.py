"""What a plugin is given when it starts."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Generic

from fastapi import Request
from pydantic import BaseModel
from typing_extensions import TypeVar

from bunga_cli.plugin.http import HttpClient
from bunga_cli.plugin.providers import Channel, Linker
from bunga_cli.plugin.signing import Signer
from bunga_cli.plugin.site import OnePluginsSite

SiteModel = TypeVar("SiteModel", bound=BaseModel, default=Any)
ChannelModel = TypeVar("ChannelModel", bound=BaseModel, default=Any)


class PluginContext(Generic[SiteModel, ChannelModel]):
    """A plugin's way to the server.

    `PluginContext[MySite, MyChannel]` knows the models that `bunga_settings` returned. `name` is
    the plugin's, `log` a logger of that name, `http` the way to other servers, `data` a folder that
    belongs to the plugin, made when it is first asked for. Coroutines are for the server's own
    thread, in which providers and routes run.
    """

    def __init__(
        self, name: str, site: OnePluginsSite, http: HttpClient, data: Path, signer: Signer
    ) -> None:
        self.name = name
        self.http = http
        self.log = logging.getLogger(f"bunga.plugins.{name}")
        self._site, self._data, self._signer = site, data, signer

    @property
    def data(self) -> Path:
        """The plugin's own folder."""
        self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._data

    # -- settings -----------------------------------------------------------------------------

    def site_settings(self) -> SiteModel:
        """Return the settings for the whole site, as they are now."""
        return self._site.site_settings()  # type: ignore[return-value]  # by this plugin's model

    async def channel_settings(self, channel_id: str) -> ChannelModel:
        """Return the settings for one channel, as they are now."""
        return await self._site.channel_settings(channel_id)  # type: ignore[return-value]  # likewise

    async def save_site_settings(self, **changes: object) -> None:
        """Change settings for the whole site, for good. Raises SettingsError."""
        await self._site.save_site_settings(changes)

    async def save_channel_settings(self, channel_id: str, **changes: object) -> None:
        """Change settings for one channel, for good. Raises SettingsError, NotFound."""
        await self._site.save_channel_settings(channel_id, changes)

    async def replace_channel_settings(
        self, channel_id: str, old: ChannelModel, /, **changes: object
    ) -> bool:
        """Do the same if the settings are `old` still, and return whether they were.

        For what was made of settings while somebody else may have set them.
        """
        return await self._site.save_channel_settings(channel_id, changes, old)

    # -- the server ---------------------------------------------------------------------------

    async def channels(self) -> list[Channel]:
        """Return all channels."""
        return await self._site.channels()

    def linkers(self) -> Sequence[Linker]:
        """Return the linkers of all plugins that are active now."""
        return self._site.linkers()

    def invalidate(self, service_key: str, channel_id: str | None = None) -> None:
        """Forget what was issued of a service, in one channel or in all; from any thread."""
        self._site.invalidate(service_key, channel_id)

    # -- addresses ----------------------------------------------------------------------------

    def absolute_url(self, request: Request, path: str) -> str:
        """Return the address of a path on this server, which is encoded and begins with a slash.

        It begins with `server.public_url`; where that is not set, as the address that was asked.
        """
        base = self._site.public_url() or str(request.base_url)
        return base.rstrip("/") + path

    def sign(self, payload: Mapping[str, object], lifetime_s: float) -> str:
        """Return a token that holds `payload` (JSON) and can go into an address."""
        return self._signer.sign(payload, lifetime_s)

    def verify(self, token: str) -> dict[str, Any]:
        """Return what this plugin signed. Raises Forbidden if it did not, or if it is too old."""
        return self._signer.verify(token)
