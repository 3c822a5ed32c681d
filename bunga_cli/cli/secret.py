"""`bunga secret`: what signs the players' tokens."""

from typing import TYPE_CHECKING, Annotated

import typer

from bunga_cli.cli import offline, output, prompts
from bunga_cli.cli.account_words import YesOption, duration
from bunga_cli.cli.options import DataOption, JsonOption, find_data

if TYPE_CHECKING:
    from bunga_cli.api.v1.secret import Rotated
    from bunga_cli.cli.offline import Site

app = typer.Typer(help="Renew the secret that signs the players' tokens.", no_args_is_help=True)


@app.command()
def rotate(
    overlap_us: Annotated[
        int | None,
        typer.Option(
            "--overlap", parser=duration, metavar="DURATION", help="Such as 2d; 0s for none."
        ),
    ] = None,
    yes: YesOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign with a new secret from now on.

    Tokens that were signed before are good for another 90 days, or as long as --overlap says, so
    that no player notices. After --overlap 0s they are good for nothing: that is for a secret
    that became known.
    """
    folder = find_data(data)
    if overlap_us == 0 and not yes:
        prompts.confirm(
            "Make all tokens invalid? Everybody is disconnected and has to register again.",
            unasked="Not changed: nobody to ask; use --yes.",
        )

    async def without(site: "Site") -> "Rotated":
        from bunga_cli.api.v1.secret import Rotated

        until, closed = await site.token_office.rotate_secret(overlap_us)
        return Rotated(overlap_until=until, closed=closed)

    body = {"overlap_us": overlap_us}
    rotated = offline.change(folder, "secret", "rotate", body=body, without=without)
    if as_json:
        output.document(rotated)
    elif rotated["overlap_until"]:
        until = output.moment(rotated["overlap_until"])
        output.note(f"The secret is new; tokens signed before are good until {until}.")
    else:
        output.note(f"The secret is new; {rotated['closed']} connections were closed.")
