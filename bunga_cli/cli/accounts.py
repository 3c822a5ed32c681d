"""`bunga accounts`: everybody who ever registered."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bunga_cli.cli import local_api, offline, output, prompts
from bunga_cli.cli.account_words import (
    AccountName,
    ChannelOption,
    WhoName,
    YesOption,
    called,
    closed,
    moment_or_none,
)
from bunga_cli.cli.options import DataOption, JsonOption, find_data
from bunga_cli.data_folder import DataFolder

if TYPE_CHECKING:
    from bunga_cli.api.v1.accounts import Accounts, ResetPassword, WholeAccount
    from bunga_cli.cli.offline import Site

app = typer.Typer(
    help="See, ban, kick and delete accounts, reset their passwords.", no_args_is_help=True
)


@app.command("list")
def list_(
    *,
    search: Annotated[
        str, typer.Option(metavar="TEXT", help="A part of the name, or of what it was seen as.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 100,
    offset: Annotated[int, typer.Option(min=0, help="How many to leave out first.")] = 0,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List accounts, and what they were last called."""

    async def without(site: "Site") -> "Accounts":
        from bunga_cli.api.v1.accounts import accounts_of

        return accounts_of(*await site.people.search(search, limit, offset))

    query = {"search": search, "limit": limit, "offset": offset}
    found = offline.ask(find_data(data), "accounts", query=query, without=without)
    accounts = found["accounts"]
    if as_json:
        output.document(accounts)
        return
    output.table(
        ("NAME", "SEEN AS", "ADMIN", "BANNED", "CHANNELS", "CONNECTED", "CREATED"),
        (_row(account) for account in accounts),
        empty="There is no such account." if search else "Nobody has registered yet.",
    )
    if found["total"] > offset + len(accounts):
        output.note(f"There are {found['total']}: --limit and --offset show more of them.")


@app.command()
def show(name: WhoName, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show one account: its channels, its bans, its connections."""

    async def without(site: "Site") -> "WholeAccount":
        from bunga_cli.api.v1.accounts import WholeAccount

        return WholeAccount.of(await site.people.show(name, seen_as=True))

    query = {"seen_as": True}
    account = offline.ask(find_data(data), "accounts", name, query=query, without=without)
    if as_json:
        output.document(account)
        return
    output.fields(
        {
            "name": account["username"],
            "seen as": account["seen_as"],
            "seen at": moment_or_none(account["seen_at"]),
            "admin": account["is_admin"],
            "created": output.moment(account["created_at"]),
            "channels": ", ".join(m["channel_id"] for m in account["memberships"]),
            "excluded": "; ".join(_exclusion(e) for e in account["exclusions"]) or "no",
            "connected": "; ".join(_connection(c) for c in account["connections"]) or "no",
        }
    )


@app.command()
def ban(
    name: WhoName,
    *,
    channel: ChannelOption = None,
    reason: Annotated[str, typer.Option(help="Why; shown to admins alone.")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask about an admin.")] = False,
    data: DataOption = None,
) -> None:
    """Keep an account out until it is unbanned.

    Its connections are closed at once. Its memberships stay, and count again after
    `bunga accounts unban`. That an admin is meant has to be confirmed.
    """
    folder = find_data(data)
    account = _recognized(folder, name, channel)
    who = called(account)
    if account["is_admin"] and not yes:
        prompts.confirm(
            f"{who} is an admin. Ban it from {_place(channel)}?",
            unasked=f"Not banned: {who} is an admin, and nobody to ask; use --yes.",
        )
    body = {"channel_id": channel, "reason": reason}
    done = local_api.call(folder, "POST", "accounts", account["username"], "ban", body=body)
    output.note(f"{who} is banned from {_place(channel)}.{closed(done['closed'])}")


@app.command()
def unban(name: WhoName, channel: ChannelOption = None, data: DataOption = None) -> None:
    """End a ban, and a kick."""
    folder, body = find_data(data), {"channel_id": channel}
    account = _recognized(folder, name, channel)
    local_api.call(folder, "POST", "accounts", account["username"], "unban", body=body)
    output.note(f"{called(account)} may come into {_place(channel)} again.")


@app.command()
def kick(name: WhoName, channel: ChannelOption = None, data: DataOption = None) -> None:
    """Send an account away for ten minutes.

    Out of a channel, or of all that it is connected to.
    """
    folder, body = find_data(data), {"channel_id": channel}
    account = _recognized(folder, name, channel)
    done = local_api.call(folder, "POST", "accounts", account["username"], "kick", body=body)
    out_of = ", ".join(done["channels"])
    until = output.moment(done["until"])
    output.note(f"{called(account)} stays out of {out_of} until {until}.{closed(done['closed'])}")


@app.command("reset-password")
def reset_password(
    name: AccountName,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Read the password from stdin; else one is made.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give an account another password and print it.

    The account's tokens are revoked.
    """
    body = {"password": sys.stdin.readline().rstrip("\r\n") if stdin else None}

    async def without(site: "Site") -> "ResetPassword":
        from bunga_cli.api.v1.accounts import NewPassword, ResetPassword

        new = offline.checked(NewPassword, body)
        return ResetPassword(password=await site.people.reset_password(name, new.password))

    reset = offline.change(
        find_data(data), "accounts", name, "reset-password", body=body, without=without
    )
    if as_json:
        output.document(reset)
        return
    output.note(f"The password of {name} is changed; its tokens are revoked.")
    if not stdin:
        output.line(reset["password"])


@app.command()
def delete(name: AccountName, yes: YesOption = False, data: DataOption = None) -> None:
    """Delete an account.

    Its memberships and tokens go with it, and its connections are closed. What it uploaded
    stays. A player registers itself again wherever a channel is open.
    """
    folder = find_data(data)
    account = local_api.call(folder, "GET", "accounts", name)
    if not yes:
        prompts.confirm(
            f"Delete {_whole(account)}?", unasked="Not deleted: nobody to ask; use --yes."
        )
    done = local_api.call(folder, "DELETE", "accounts", name)
    output.note(f"The account {name} is deleted.{closed(done['closed'])}")


def _recognized(folder: DataFolder, name: str, channel: str | None) -> dict[str, Any]:
    """Return the account that is meant: by its name, or by what people know it as."""
    query = {"seen_as": True} if channel is None else {"seen_as": True, "channel_id": channel}
    return local_api.call(folder, "GET", "accounts", name, query=query)


def _row(account: dict[str, Any]) -> list[object]:
    keys = ("username", "seen_as", "is_admin", "banned", "channels", "sockets")
    return [*(account[key] for key in keys), output.moment(account["created_at"])]


def _place(channel: str | None) -> str:
    return f"the channel {channel}" if channel else "the whole site"


def _whole(account: dict[str, Any]) -> str:
    kind = "admin" if account["is_admin"] else "account"
    channels = ", ".join(m["channel_id"] for m in account["memberships"]) or "none"
    return f"the {kind} {called(account)} with its tokens and memberships ({channels})"


def _exclusion(exclusion: dict[str, Any]) -> str:
    where = _place(exclusion["channel_id"])
    until = moment_or_none(exclusion["until"])
    said = f"kicked out of {where} until {until}" if until else f"banned from {where}"
    return f"{said} ({exclusion['reason']})" if exclusion["reason"] else said


def _connection(connection: dict[str, Any]) -> str:
    player = f", player {connection['generation']}" if connection["generation"] else ""
    since = output.moment(connection["since"])
    return f"{connection['channel_id']} since {since} from {connection['address']}{player}"
