"""`bunga tokens`: what opens doors, made and taken back by hand."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bunga_cli.cli import local_api, offline, output, prompts
from bunga_cli.cli.account_words import YesOption, duration, moment_or_none
from bunga_cli.cli.options import DataOption, JsonOption, find_data

if TYPE_CHECKING:
    from bunga_cli.api.v1.tokens import Inspection, Tokens
    from bunga_cli.cli.offline import Site

app = typer.Typer(help="Issue, list, inspect and revoke tokens.", no_args_is_help=True)

_LONGEST_ID = 16

Kind = Literal["access", "refresh", "api"]


class Scope(StrEnum):
    """What an api token is good for (`auth.api_tokens.Scope`; typer wants an enumeration)."""

    ROOMS_READ = "rooms:read"
    ROOMS_CONTROL = "rooms:control"
    CHANNELS_WRITE = "channels:write"
    ADMIN = "admin"


KindOption = Annotated[
    Kind | None, typer.Option(help="What for; else api if a scope is given, otherwise access.")
]
OwnerOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Whose it is; an api token may be nobody's.")
]
CreateOption = Annotated[
    bool, typer.Option("--create-account", help="Make the account if there is none.")
]
ChannelOption = Annotated[
    str | None,
    typer.Option(metavar="ID", help="The only channel it opens; the account becomes a member."),
]
ScopeOption = Annotated[
    list[Scope] | None,
    typer.Option(
        metavar="SCOPE",
        help="What an api token is good for: rooms:read, rooms:control, channels:write or"
        " admin; can be given more than once.",
    ),
]
ExpiresOption = Annotated[
    int | None,
    typer.Option(
        "--expires",
        parser=duration,
        metavar="DURATION",
        help="Such as 2d; else as others of its kind, an api token never.",
    ),
]
NameOption = Annotated[str, typer.Option(help="What you want to remember of it.")]


@app.command()
def issue(  # noqa: PLR0913  its options
    *,
    kind: KindOption = None,
    account: OwnerOption = None,
    create_account: CreateOption = False,
    channel: ChannelOption = None,
    scope: ScopeOption = None,
    expires_us: ExpiresOption = None,
    name: NameOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token and print it, this once.

    Access and refresh tokens are what players have: they open a channel's socket and are good for
    what their account may do. Api tokens are for programs and for commands from afar.
    """
    _check_order(kind, account, scope)
    body = {
        "kind": kind or ("api" if scope else "access"),
        "account": account,
        "channel_id": channel,
        "expires_us": expires_us,
        "name": name,
        "scopes": [one.value for one in scope or ()],
        "create_account": create_account,
    }
    token = local_api.call(find_data(data), "POST", "tokens", body=body)
    if as_json:
        output.document(token)
        return
    output.note(f"The token {token['id']} {_until(token)}. It is not shown again:")
    output.line(token["token"])


@app.command("list")
def list_(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the tokens that were made by hand.

    Those that players got are not written down.
    """

    async def without(site: "Site") -> "Tokens":
        from bunga_cli.api.v1.tokens import tokens_of

        return tokens_of(await site.token_office.list())

    tokens = offline.ask(find_data(data), "tokens", without=without)["tokens"]
    if as_json:
        output.document(tokens)
        return
    output.table(
        ("ID", "KIND", "FOR", "STATE", "NAME"),
        ((_short(t["id"]), t["kind"], _purpose(t), _state(t), t["name"]) for t in tokens),
        empty="There is no token: `bunga tokens issue` makes one.",
    )


@app.command()
def inspect(
    token: Annotated[
        str | None, typer.Argument(metavar="TOKEN", help="The token; else it is read from stdin.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what a token is, whether it is good, and if not, why.

    Exits with 1 if it is not.
    """
    text = token or prompts.unseen("Token").strip()

    async def without(site: "Site") -> "Inspection":
        from bunga_cli.api.v1.tokens import Inspection

        return Inspection.of(await site.token_office.inspect(text))

    body = {"token": text}
    found = offline.ask(find_data(data), "tokens", "inspect", body=body, without=without)
    if as_json:
        output.document(found)
    else:
        _show(found)
    if not found["valid"]:
        raise typer.Exit(1)


def _show(found: dict[str, Any]) -> None:
    valid = {"valid": "yes" if found["valid"] else f"no: {found['problem']}"}
    if found["kind"] is None:
        output.fields(valid)
        return
    output.fields(
        {
            **valid,
            "id": found["id"],
            "kind": found["kind"],
            "account": found["account"],
            "channel": found["channel_id"],
            "scopes": ", ".join(found["scopes"]),
            "issued": moment_or_none(found["issued_at"]),
            "expires": moment_or_none(found["expires_at"]),
        }
    )


@app.command()
def revoke(
    token_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="The id of one token, not the token.")
    ] = None,
    *,
    account: Annotated[
        str | None, typer.Option(metavar="NAME", help="All tokens of an account.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="All tokens there are.")] = False,
    yes: YesOption = False,
    data: DataOption = None,
) -> None:
    """Take tokens back: one, those of an account, or all.

    Connections that were opened with them are closed at once. What a refresh token
    bought is revoked with it. A player whose tokens are all revoked has to register again.
    """
    if [token_id is not None, account is not None, all_].count(True) != 1:
        raise typer.BadParameter("Give an ID, --account or --all.", param_hint="ID")
    folder = find_data(data)
    if all_ and not yes:
        prompts.confirm(
            "Revoke all tokens, API tokens as well? Everybody is disconnected.",
            unasked="Not revoked: nobody to ask; use --yes.",
        )
    said = {"id": token_id, "account": account, "all": all_ or None}
    body = {key: value for key, value in said.items() if value is not None}
    revoked = local_api.call(folder, "POST", "tokens", "revoke", body=body)
    what = f"The token {token_id} is" if token_id else "All tokens are"
    of_account = f"All tokens of {account} are" if account else what
    output.note(f"{of_account} revoked; connections closed: {revoked['closed']}.")


def _check_order(kind: Kind | None, account: str | None, scope: list[Scope] | None) -> None:
    if kind == "api" and not scope:
        scopes = ", ".join(one.value for one in Scope)
        raise typer.BadParameter(f"An api token needs one of {scopes}.", param_hint="--scope")
    if account is None and kind != "api" and not scope:
        raise typer.BadParameter(
            f"An {kind or 'access'} token is for an account: name it.".replace("An r", "A r"),
            param_hint="--account",
        )


def _until(token: dict[str, Any]) -> str:
    expires = moment_or_none(token["expires_at"])
    return f"is good until {expires}" if expires else "is good until it is revoked"


def _short(token_id: str) -> str:
    """Return an id as a terminal has room for it; pipes get all of it."""
    if len(token_id) <= _LONGEST_ID or not sys.stdout.isatty():
        return token_id
    return f"{token_id[: _LONGEST_ID - 1]}…"


def _state(token: dict[str, Any]) -> str:
    expires = moment_or_none(token["expires_at"])
    if token["state"] == "valid" and expires:
        return f"until {expires}"
    return str(token["state"])


def _purpose(token: dict[str, Any]) -> str:
    parts = [token["account"], ", ".join(token["scopes"])]
    where = f" in {token['channel_id']}" if token["channel_id"] else ""
    return ": ".join(part for part in parts if part) + where
