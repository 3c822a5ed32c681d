"""`bunga admins`: who may use the admin's part of the site."""

from typing import TYPE_CHECKING, Annotated

import typer

from bunga_cli.cli import facts, local_api, offline, output, prompts
from bunga_cli.cli.options import DataOption, JsonOption, find_data
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import Conflict, Invalid, NotFound

if TYPE_CHECKING:
    from bunga_cli.api.v1.accounts import WholeAccount
    from bunga_cli.api.v1.admins import Admin
    from bunga_cli.cli.offline import Site

app = typer.Typer(help="Make, list, change and delete admins.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the admin logs in with.")]
PasswordStdin = Annotated[
    bool, typer.Option("--stdin", help="Read the password from stdin instead of asking.")
]


@app.command()
def create(name: Name, stdin: PasswordStdin = False, data: DataOption = None) -> None:
    """Make an admin; the password is asked for.

    It is no argument, so that no history of commands keeps it.
    """
    folder = find_data(data)
    if not stdin:  # Nobody types a password twice for nothing.
        _require_name(name)
        _require_free(folder, name.strip())
    body = {"username": name, "password": _password(stdin=stdin, unasked="Not made")}

    async def without(site: "Site") -> "Admin":
        from bunga_cli.api.v1.admins import Admin, NewAdmin

        new = offline.checked(NewAdmin, body)
        return Admin.of(await site.people.create_admin(new.username, new.password))

    offline.change(folder, "admins", body=body, without=without)
    output.note(f"The admin {name} is made.")


@app.command("list")
def list_(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List all admins."""
    admins = facts.read(find_data(data), "admins")["admins"]
    if as_json:
        output.document(admins)
        return
    output.table(
        ("NAME", "CREATED"),
        ((a["username"], output.moment(a["created_at"])) for a in admins),
        empty="There is no admin: `bunga admins create` makes one.",
    )


@app.command()
def passwd(name: Name, stdin: PasswordStdin = False, data: DataOption = None) -> None:
    """Give an admin another password, which is asked for.

    The admin's tokens are revoked.
    """
    folder = find_data(data)
    if not stdin:
        _require(name, [a["username"] for a in facts.read(folder, "admins")["admins"]])
    body = {"password": _password(stdin=stdin, unasked="Not changed")}

    async def without(site: "Site") -> "Admin":
        from bunga_cli.api.v1.admins import Admin, NewPassword

        row = await site.people.find_admin(name)
        await site.people.reset_password(name, offline.checked(NewPassword, body).password)
        return Admin.of(row)

    offline.change(folder, "admins", name, "passwd", body=body, without=without)
    output.note(f"The password of {name} is changed; its tokens are revoked.")


@app.command()
def delete(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data: DataOption = None,
) -> None:
    """Delete an admin's account.

    Its memberships and tokens go with it, and its connections are closed.
    """
    folder = find_data(data)
    names = [a["username"] for a in local_api.call(folder, "GET", "admins")["admins"]]
    _require(name, names)
    if not yes:
        last = " It is the last one." if len(names) == 1 else ""
        prompts.confirm(
            f"Delete the admin {name}, its memberships and its tokens?{last}",
            unasked="Not deleted: nobody to ask; use --yes.",
        )
    local_api.call(folder, "DELETE", "admins", name)
    output.note(f"The admin {name} is deleted.")
    if len(names) == 1:
        output.note("There is no admin any more: `bunga admins create` makes one.")


def _password(*, stdin: bool, unasked: str) -> str:
    if stdin:
        password = prompts.unseen("Password")
    else:
        password = prompts.new_password(unasked=f"{unasked}: nobody to ask; use --stdin.")
    if not password:
        raise Invalid("The password must not be empty.")
    return password


def _require_name(name: str) -> None:
    """Raise what the server would, of what can be nobody's name."""
    from bunga_cli.api.v1.admins import NewAdmin
    from bunga_cli.auth.people import check_admins_name

    if not name.strip():
        raise Invalid("The name must not be empty.")
    offline.checked(NewAdmin, {"username": name, "password": "one that is long enough"})
    check_admins_name(name.strip())


def _require_free(folder: DataFolder, name: str) -> None:
    """Raise what the server would, of somebody else's name."""

    async def without(site: "Site") -> "WholeAccount":
        from bunga_cli.api.v1.accounts import WholeAccount

        return WholeAccount.of(await site.people.show(name))

    try:
        offline.ask(folder, "accounts", name, without=without)
    except NotFound:
        return
    raise Conflict(f"There is an account {name!r} already: choose another name.")


def _require(name: str, names: list[str]) -> None:
    if name not in names:
        raise NotFound(f"There is no admin {name!r}: `bunga admins list` shows all.")
