"""`/console/logs/clients`: what players saw, sent by them. It is read as text, never as a page."""

import asyncio
from http import HTTPStatus
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from bunga_cli.api import client_logs as api
from bunga_cli.api.uploads import log_path
from bunga_cli.errors import NotFound
from bunga_cli.paths import LOG_ID
from bunga_cli.store.rows import ClientLogRow
from bunga_cli.units import KIB
from bunga_cli.web.changing import told
from bunga_cli.web.console.asking import ask
from bunga_cli.web.console.logs import HOME
from bunga_cli.web.notices import go_to
from bunga_cli.web.paging import SIZE, first_of
from bunga_cli.web.rendering import context_of, page, translate

_PLACE = f"{HOME}/clients"
_SHOWN_BYTES = 256 * KIB
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


async def index(request: Request) -> Response:
    """List the logs, the newest first."""
    first = first_of(request)
    rows = await context_of(request).store.uploads.logs(limit=SIZE + 1, offset=first)
    return page(
        request,
        "console/player_logs.html",
        page_name="logs",
        logs=rows[:SIZE],
        first=first,
        before=max(0, first - SIZE) if first else None,
        after=first + SIZE if len(rows) > SIZE else None,
    )


async def show(request: Request) -> Response:
    """Show the end of a log as text."""
    log = await _log(request)
    path = log_path(context_of(request).media, log.file)
    text = await asyncio.to_thread(_end_of, path)
    return page(
        request,
        "console/player_log.html",
        HTTPStatus.OK if text is not None else HTTPStatus.NOT_FOUND,
        page_name="logs",
        log=log,
        text=text,
        shown_bytes=_SHOWN_BYTES,
    )


async def download(request: Request) -> Response:
    """Hand out a log as a file."""
    log = await _log(request)
    if not log_path(context_of(request).media, log.file).is_file():
        raise NotFound(translate(request, "The file of this log is gone."))
    return await api.download_log(log.id, context_of(request))


async def ask_delete(request: Request) -> Response:
    """Ask whether a log shall be deleted."""
    log = await _log(request)
    return ask(
        request,
        "delete_log",
        f"{_PLACE}/{log.id}/delete",
        back=_PLACE,
        page_name="logs",
        log=log,
    )


async def delete(request: Request) -> Response:
    """Delete a log."""
    log = await _log(request)
    await api.delete_log(log.id, context_of(request))
    await told(request, api.delete_log, {"log_id": log.id})
    return go_to(request, _PLACE, translate(request, "The log was deleted."))


async def _log(request: Request) -> ClientLogRow:
    """Return the log of an address. Raises NotFound."""
    row = await context_of(request).store.uploads.log(request.path_params["log_id"])
    if row is None:
        raise NotFound(translate(request, "There is no such log any more."))
    return row


def _end_of(path: Path) -> str | None:
    """Return the last lines of a file, whatever is in it; None if it is gone."""
    try:
        with path.open("rb") as file:
            start = max(0, path.stat().st_size - _SHOWN_BYTES)
            file.seek(start)
            text = file.read(_SHOWN_BYTES).decode("utf-8", "replace")
    except FileNotFoundError:
        return None
    if start:  # The first line is a part of one.
        text = text.partition("\n")[2] or text
    return "".join(one if one.isprintable() or one in "\n\t" else _shown(one) for one in text)


def _shown(letter: str) -> str:
    return "" if letter == "\r" else _REPLACEMENT


ROUTES = (
    ("GET", _PLACE, index),
    ("GET", f"{_PLACE}/{LOG_ID}", show),
    ("GET", f"{_PLACE}/{LOG_ID}/download", download),
    ("GET", f"{_PLACE}/{LOG_ID}/delete", ask_delete),
    ("POST", f"{_PLACE}/{LOG_ID}/delete", delete),
)
