"""`bunga alist`: look around in AList as a channel's players do."""

from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer

from bunga_cli.plugin import Console

ChannelArgument = Annotated[str, typer.Argument(metavar="CHANNEL", help="The channel's id.")]
PathArgument = Annotated[str, typer.Argument(metavar="PATH", help="As AList's page shows it.")]
WordsArgument = Annotated[
    list[str], typer.Argument(metavar="WORDS", help="What to look for in the names.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def make_commands(console: Console) -> typer.Typer:
    """Return the commands."""
    app = typer.Typer(help="Look around in AList as a channel does.", no_args_is_help=True)

    @app.command()
    def browse(
        channel: ChannelArgument, path: PathArgument = "/", as_json: JsonOption = False
    ) -> None:
        """List a folder."""
        answer = _ask(console, channel, "browse", path=path)
        if as_json:
            console.document(answer["entries"])
        else:
            console.table(("NAME", "BYTES", "MODIFIED"), map(_entry_row, answer["entries"]))
        if not answer["is_whole"]:
            console.note(f"Only the first {len(answer['entries'])} entries are shown.")

    @app.command()
    def search(channel: ChannelArgument, words: WordsArgument, as_json: JsonOption = False) -> None:
        """Find files and folders; AList must have made an index."""
        hits = _ask(console, channel, "search", words=" ".join(words))["hits"]
        if as_json:
            console.document(hits)
            return
        console.table(("PATH", "BYTES"), map(_hit_row, hits))

    @app.command()
    def resolve(channel: ChannelArgument, path: PathArgument, as_json: JsonOption = False) -> None:
        """Show the address at which a player can open a file."""
        media = _ask(console, channel, "resolve", path=path)
        if as_json:
            console.document(media)
            return
        console.table(("URL", "TYPE"), [(media["url"], media["mime"])])

    return app


def _ask(console: Console, channel: str, what: str, **query: str) -> dict[str, Any]:
    path = f"/api/v1/plugins/alist/channels/{quote(channel, safe='')}/{what}"
    return console.call("GET", f"{path}?{urlencode(query)}")


def _entry_row(entry: dict[str, Any]) -> tuple[object, ...]:
    return _name(entry), _size(entry), entry["modified"]


def _hit_row(hit: dict[str, Any]) -> tuple[object, ...]:
    return f"{hit['parent'].rstrip('/')}/{_name(hit)}", _size(hit)


def _name(entry: dict[str, Any]) -> str:
    return f"{entry['name']}/" if entry["is_dir"] else str(entry["name"])


def _size(entry: dict[str, Any]) -> int | None:
    return None if entry["is_dir"] else int(entry["size"])
