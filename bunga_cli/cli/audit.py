"""`bunga audit`: who changed what, when and from where."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bunga_cli.cli import offline, output
from bunga_cli.cli.options import DataOption, JsonOption, find_data

if TYPE_CHECKING:
    from bunga_cli.api.v1.audit import AuditEntries
    from bunga_cli.cli.offline import Site

app = typer.Typer(help="See who changed what, when and from where.", no_args_is_help=True)

_LIMIT = 50
_MAX_LIMIT = 1000


@app.command("list")
def list_(
    search: Annotated[
        str, typer.Option(metavar="TEXT", help="In who, what, to what, from where, or a detail.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=_MAX_LIMIT, help="How many at most.")] = _LIMIT,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what admins changed and which sign-ins failed, the last first.

    Changes through the console, the API and the commands are written down while a server runs.
    Passwords, tokens and other secrets are not.
    """

    async def without(site: "Site") -> "AuditEntries":
        from bunga_cli.api.v1.audit import entries_of

        return entries_of(await site.store.audit.list(search, limit=limit))

    query = {"search": search, "limit": limit}
    found = offline.ask(find_data(data), "audit", query=query, without=without)["entries"]
    if as_json:
        output.document(found)
        return
    headings = ("WHEN", "WHO", "FROM", "ACTION", "SUBJECT", "DETAILS")
    empty = "Nothing of this is in the audit log." if search else "The audit log is empty."
    output.table(headings, map(_row, found), empty=empty, below=True)


def _row(entry: dict[str, Any]) -> tuple[object, ...]:
    details = ", ".join(f"{name}: {text}" for name, text in entry["details"].items())
    return (
        output.moment(entry["at"]),
        entry["actor"],
        _from(entry),
        entry["action"],
        entry["subject"],
        details,
    )


def _from(entry: dict[str, Any]) -> str:
    address = str(entry["address"])
    return f"{address} (console)" if entry["via"] == "console" else address
