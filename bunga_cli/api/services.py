"""The credentials of other services that a client gets when it registers."""

from bunga_cli.store.rows import AccountRow, ChannelRow

Services = dict[str, dict[str, str] | None]


def services_for(_channel: ChannelRow, _account: AccountRow) -> Services:
    """Return each service's object for this account in this channel; None: there is none.

    Clients rely on every key being there.
    """
    return {"voice_call": None, "bilibili": None, "alist": None}
