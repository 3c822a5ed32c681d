"""`bunga bilibili`: log a channel in with a phone."""

import time
from collections.abc import Callable
from typing import Annotated, Final
from urllib.parse import quote

import typer

from bunga_cli.plugin import BungaError, Console

ChannelArgument = Annotated[str, typer.Argument(metavar="CHANNEL", help="The channel's id.")]

PATIENCE_S: Final = 180.0  # so long Bilibili's code is good
ASK_EVERY_S: Final = 2.0


class LoginGivenUp(BungaError):
    """Report a login that nobody finished."""

    code = "login_given_up"


def make_commands(
    console: Console,
    sleep: Callable[[float], None] = time.sleep,
    now_s: Callable[[], float] = time.monotonic,
) -> typer.Typer:
    """Return the commands."""
    app = typer.Typer()

    @app.callback(no_args_is_help=True)
    def _group() -> None:  # with one command alone, typer would leave its name out
        """Set up the account that a channel has at Bilibili."""

    @app.command()
    def login(channel: ChannelArgument) -> None:
        """Log a channel in: show a QR code, and wait until Bilibili's app has scanned it."""
        path = f"/api/v1/plugins/bilibili/channels/{quote(channel, safe='')}/login"
        code = console.call("POST", path)
        console.qr_code(code["url"])
        console.note("Scan this with the app of Bilibili, and confirm there.")
        _wait(console, f"{path}/{quote(code['key'], safe='')}", sleep, now_s)
        console.note(f"The channel {channel} is logged in.")

    return app


def _wait(
    console: Console, path: str, sleep: Callable[[float], None], now_s: Callable[[], float]
) -> None:
    """Return when the login is done. Raises LoginGivenUp, BungaError."""
    until_s, told = now_s() + PATIENCE_S, False
    while now_s() < until_s:
        state = console.call("POST", path)["state"]
        if state == "done":
            return
        if state == "too late":
            break
        if state == "scanned" and not told:
            told = True
            console.note("It is scanned. Confirm the login in the app.")
        sleep(ASK_EVERY_S)
    raise LoginGivenUp("The QR code is too old now, and nobody was logged in. Try again.")
