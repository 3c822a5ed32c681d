"""`/console/security/audit`: who changed what, when and from where."""

from collections.abc import Iterator, Sequence

from starlette.requests import Request
from starlette.responses import Response

from bunga_cli.store.rows import AuditRow
from bunga_cli.web.console.admins import HOME
from bunga_cli.web.guard import is_partial
from bunga_cli.web.rendering import context_of, page

KINDS = (
    "accounts.",
    "admins.",
    "channels.",
    "client_logs.",
    "members.",
    "plugins.",
    "rooms.",
    "secret.",
    "sessions.",
    "settings.",
    "sign_in.done",
    "sign_in.failed",
    "tokens.",
)
"""How the actions begin."""
CHANNEL, ACCOUNT = "channel", "account"
_SUBJECTS = {
    "channels": CHANNEL,
    "rooms": CHANNEL,
    "accounts": ACCOUNT,
    "members": ACCOUNT,
}
_DETAILS = {"channel_id": CHANNEL, "channel": CHANNEL, "account": ACCOUNT}
_SIZE = 50
_LONGEST_SEARCH = 200
_MOST_DIGITS = 18


async def index(request: Request) -> Response:
    """List what was done, the last first; `before` is the id where the page before has ended."""
    query = request.query_params
    search, kind = query.get("search", "").strip()[:_LONGEST_SEARCH], query.get("kind", "")
    kind, before = kind if kind in KINDS else "", _number(query.get("before", ""))
    found = await context_of(request).audit.list(search, kind, limit=_SIZE + 1, before=before)
    shown = found[:_SIZE]
    return page(
        request,
        "console/audit_rows.html" if is_partial(request) else "console/audit.html",
        page_name="security",
        entries=shown,
        names=await _names(request, shown),
        has_older=len(found) > _SIZE,
        before=before,
        search=search,
        kind=kind,
        kinds=KINDS,
    )


async def _names(request: Request, entries: Sequence[AuditRow]) -> dict[str, str]:
    """Return what the accounts and channels are called that these tell of, by `account ID`."""
    store = context_of(request).store
    told = [(kind, text) for entry in entries for kind, text in _told_of(entry)]
    channels = await store.channels.some([text for kind, text in told if kind == CHANNEL])
    people = await store.accounts.names_of({text for kind, text in told if kind == ACCOUNT})
    names = {f"{CHANNEL} {channel.id}": channel.name for channel in channels}
    return names | {f"{ACCOUNT} {username}": name for username, name in people.items()}


def _told_of(entry: AuditRow) -> Iterator[tuple[str, str]]:
    subject = _SUBJECTS.get(entry.action.partition(".")[0])
    if subject and entry.subject:
        yield subject, entry.subject
    for name, kind in _DETAILS.items():
        if entry.details.get(name):
            yield kind, entry.details[name]


def _number(text: str) -> int | None:
    """Return an id; nonsense is none."""
    return int(text[:_MOST_DIGITS]) if text.isascii() and text.isdigit() else None


ROUTES = (("GET", f"{HOME}/audit", index),)
