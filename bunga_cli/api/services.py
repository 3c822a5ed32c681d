"""The credentials of other services that a client gets when it registers."""

from collections.abc import Mapping

from bunga_cli.api.context import AppContext
from bunga_cli.plugin.providers import Account, Channel
from bunga_cli.store.rows import AccountRow, ChannelRow

Services = dict[str, Mapping[str, object] | None]

EXPECTED = ("voice_call", "bilibili", "alist")
"""Clients rely on these keys being there, whichever plugins there are."""


async def services_for(context: AppContext, channel: ChannelRow, account: AccountRow) -> Services:
    """Return each service's object for this account in this channel; None: there is none."""
    values = await context.plugins.services.values(
        Channel(channel.id, channel.name), Account(account.username)
    )
    return {**dict.fromkeys(EXPECTED), **values}
