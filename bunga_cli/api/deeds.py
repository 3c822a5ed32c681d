"""What each change is called in the audit log, and what of it is told there.

A deed is known by the function that does it, such as `v1.channels.create_channel`, whoever calls
it: a route or a page. Only what is named here gets into the log; all else may be a secret.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from bunga_cli.settings.keys import as_text

_PACKAGE = "bunga_cli.api."
_DEFAULT = "default"
"""What is set to null, in the words of the command line."""

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a function: the names in the path, the body, and what it answered, as JSON."""

    path: Json = field(default_factory=dict)
    body: Json = field(default_factory=dict)
    answer: Json = field(default_factory=dict)

    def find(self, name: str) -> object:
        """Return a value wherever it is; None if it is nowhere."""
        parts = (self.path, self.body, self.answer)
        return next((part[name] for part in parts if part.get(name) is not None), None)


Told = Iterator[tuple[str, object]]


@dataclass(frozen=True, slots=True)
class Deed:
    """A kind of change. `subject` names what it is done to: the first of these that is given.

    `details` are told if they are given, `more` whatever is not just a field. Only calls that
    `counts` is true of are changes; without it all are.
    """

    action: str
    subject: tuple[str, ...] | Callable[[Call], str] = ()
    details: tuple[str, ...] = ()
    more: Callable[[Call], Told] | None = None
    counts: Callable[[Call], bool] | None = None

    def is_done_by(self, call: Call) -> bool:
        """Return whether a call has changed anything."""
        return self.counts is None or self.counts(call)

    def subject_of(self, call: Call) -> str:
        """Return what a call was about."""
        if callable(self.subject):
            return self.subject(call)
        found = (call.find(name) for name in self.subject)
        return as_text(next((one for one in found if one is not None), None))

    def details_of(self, call: Call) -> dict[str, str]:
        """Return what is told of a call."""
        told = [(name, call.find(name)) for name in self.details]
        told = [(name, value) for name, value in told if value is not None]
        told += self.more(call) if self.more else ()
        return {name: as_text(value) for name, value in told}


def deed_of(function: Callable[..., object]) -> Deed:
    """Return what a function of the API does; of one that is not known here only its name."""
    name = name_of(function)
    return DEEDS.get(name) or Deed(name)


def action_of(function: Callable[..., object]) -> str:
    """Return what it is called in the audit log that a function of the API does."""
    return deed_of(function).action


def name_of(function: Callable[..., object]) -> str:
    """Return by what name a function of the API is known here."""
    return f"{function.__module__.removeprefix(_PACKAGE)}.{function.__name__}"


def _channel_changes(call: Call) -> Told:
    for name in _CHANNEL:
        if name in call.body:
            value = call.body[name]
            yield name, _DEFAULT if value is None else value


def _keys(call: Call) -> str:
    return ", ".join(call.body)


def _changed_settings(call: Call) -> Told:
    """Tell of settings what the answer shows of them: of a secret, only that there is one."""
    shown = {row["key"]: row["text"] for row in call.answer.get("settings", ())}
    for key, value in call.body.items():
        yield key, _DEFAULT if value is None else shown.get(key)


def _changed_fields(call: Call) -> Told:
    shown = {row["name"]: row["value"] for row in call.answer.get("settings", ())}
    for name, value in call.body.items():
        yield name, _DEFAULT if value is None else shown.get(name)


def _changed_fields_of_channel(call: Call) -> Told:
    yield "channel_id", call.find("channel_id")
    yield from _changed_fields(call)


def _sought(call: Call) -> Told:
    """Tell what was asked for; the answer has a position, too."""
    for name in ("position_us", "offset_us"):
        if call.body.get(name) is not None:
            yield name, call.body[name]


def _address(call: Call) -> Told:
    """Tell where a video is, without what may open it: a name, a password, a signature."""
    parts = urlsplit(str(call.body.get("url", "")))
    yield "url", f"{parts.scheme}://{parts.hostname}{parts.path}"


def _revoked(call: Call) -> Told:
    yield (
        "of",
        "one" if call.body.get("id") else "an account" if call.body.get("account") else "all",
    )


def _is_signed_in(call: Call) -> bool:
    return bool(call.answer.get("state") == "done")


def _name_key(_call: Call) -> str:
    return "site.name"


def _site_name(call: Call) -> Told:
    yield "site.name", call.answer.get("name")


_CHANNEL = (
    "name",
    "allow_new_client",
    "on_join",
    "max_wait_us",
    "reconnect_grace_us",
    "shows_room",
    "legacy_compensation",
)
_ACCOUNT = ("name", "username")
_ROOM = ("channel_id",)

DEEDS: Final[Mapping[str, Deed]] = {
    "v1.channels.create_channel": Deed("channels.create", ("id",), _CHANNEL),
    "v1.channels.change_channel": Deed("channels.set", _ROOM, more=_channel_changes),
    "v1.channels.delete_channel": Deed("channels.delete", _ROOM),
    "v1.members.add_member": Deed("members.add", _ACCOUNT, _ROOM),
    "v1.members.remove_member": Deed("members.remove", _ACCOUNT, _ROOM),
    "v1.rooms.play": Deed("rooms.play", _ROOM),
    "v1.rooms.pause": Deed("rooms.pause", _ROOM),
    "v1.rooms.seek": Deed("rooms.seek", _ROOM, more=_sought),
    "v1.rooms.project": Deed("rooms.project", _ROOM, ("title",), _address),
    "v1.rooms.say": Deed("rooms.say", _ROOM, ("text",)),
    "v1.rooms.reset": Deed("rooms.reset", _ROOM),
    "v1.accounts.delete_account": Deed("accounts.delete", _ACCOUNT),
    "v1.accounts.ban": Deed("accounts.ban", _ACCOUNT, ("channel_id", "reason")),
    "v1.accounts.unban": Deed("accounts.unban", _ACCOUNT, _ROOM),
    "v1.accounts.kick": Deed("accounts.kick", _ACCOUNT, _ROOM),
    "v1.accounts.reset_password": Deed("accounts.reset_password", _ACCOUNT),
    "v1.admins.create_admin": Deed("admins.create", _ACCOUNT),
    "v1.admins.change_password": Deed("admins.passwd", _ACCOUNT),
    "v1.admins.delete_admin": Deed("admins.delete", _ACCOUNT),
    "v1.sessions.end_session": Deed("sessions.end", _ACCOUNT, ("address",)),
    "v1.tokens.issue_token": Deed(
        "tokens.issue", ("id",), ("kind", "account", "channel_id", "scopes", "name")
    ),
    "v1.tokens.revoke_tokens": Deed("tokens.revoke", ("id", "account"), more=_revoked),
    "v1.secret.rotate": Deed("secret.rotate", details=("overlap_until",)),
    "v1.plugins.enable": Deed("plugins.enable", ("plugin",)),
    "v1.plugins.disable": Deed("plugins.disable", ("plugin",)),
    "v1.plugins.change_settings": Deed("plugins.set", ("plugin",), more=_changed_fields),
    "v1.plugins.change_channel_settings": Deed(
        "plugins.set", ("plugin",), more=_changed_fields_of_channel
    ),
    "v1.sign_ins.poll_sign_in": Deed(
        "plugins.sign_in", ("plugin",), ("sign_in", "channel"), counts=_is_signed_in
    ),
    "v1.sign_ins.sign_out": Deed("plugins.sign_out", ("plugin",), ("sign_in", "channel")),
    "v1.settings.change_settings": Deed("settings.set", _keys, more=_changed_settings),
    "channels.create_channel": Deed("channels.create", _ROOM, ("name", "allow_new_client")),
    "channels.replace_channel": Deed("channels.set", _ROOM, ("name", "allow_new_client")),
    "channels.change_channel": Deed("channels.set", _ROOM, ("name", "allow_new_client")),
    "channels.delete_channel": Deed("channels.delete", _ROOM),
    "site.replace_site": Deed("settings.set", _name_key, more=_site_name),
    "site.change_site": Deed("settings.set", _name_key, more=_site_name),
    "monitor.reset": Deed("rooms.reset", _ROOM),
    "client_logs.delete_log": Deed("client_logs.delete", ("log_id",)),
}
"""Every change that admins can make, by the function that makes it."""

NO_DEEDS: Final = frozenset(
    {
        "v1.tokens.inspect_token",
        "v1.plugins.check",
        "v1.sign_ins.begin_sign_in",
        "client_logs.upload_log",
    }
)
"""What is sent with a POST and is no change by an admin."""
