"""`bunga example`: what the plugin adds to the command line."""

import typer

from bunga_cli.plugin import Console

from .routes import PATH


def make_commands(console: Console) -> typer.Typer:
    """Return the commands. They ask the running server."""
    app = typer.Typer(help="See what was shown.", no_args_is_help=True)

    @app.callback()
    def _several() -> None:
        """Keep the command's name: of a single one, typer would make the whole."""

    @app.command()
    def shown() -> None:
        """List the films that were shown, and how often."""
        films = console.call("GET", PATH)["shown"]
        console.table(("TITLE", "TIMES"), [(film["title"], film["times"]) for film in films])

    return app
