"""`bunga admins`: who may use the admin's part of the site."""

import sys
from typing import Annotated

import typer

from bunga_cli.cli import facts, local_api, output, prompts
from bunga_cli.cli.options import DataOption, JsonOption, find_data
from bunga_cli.errors import Invalid

app = typer.Typer(help="Make and list admins.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the admin logs in with.")],
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Read the password from stdin instead of asking.")
    ] = False,
    data: DataOption = None,
) -> None:
    """Make an admin; the password is asked for.

    It is no argument, so that no history of commands keeps it.
    """
    folder = find_data(data)
    if stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        local_api.call(folder, "GET", "admins")  # Nobody types a password twice for no server.
        password = prompts.new_password(unasked="Not made: nobody to ask; use --stdin.")
    if not password:
        raise Invalid("The password must not be empty.")
    body = {"username": name, "password": password}
    local_api.call(folder, "POST", "admins", body=body)
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
