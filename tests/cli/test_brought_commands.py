"""Commands that plugins bring."""

import pytest

from bunga_cli.data_folder import DataFolder
from tests.cli.conftest import Bunga, StandIn, Terminal
from tests.cli.plugin_examples import write_plugin

RETURNS_FIVE = """
from bunga_cli.plugin import hookimpl

@hookimpl
def bunga_commands():
    return 5
"""


GREETS = """
import typer
from bunga_cli.plugin import hookimpl

@hookimpl
def bunga_commands(console):
    app, more = typer.Typer(), typer.Typer()

    @app.command()
    def hello(name: str):
        console.table(("WHAT",), [(console.call("GET", f"/api/greet/{name}")["text"],)])

    @more.command()
    def bye(name: str):
        hello(name)

    @more.command()
    def own(data: str = typer.Option("")):
        console.note(data)

    app.add_typer(more, name="more")
    return app
"""


@pytest.mark.parametrize(
    "command",
    [
        "--data {} greet hello ann",
        "greet hello ann --data {}",
        "greet hello --data={} ann",
        "--data nowhere greet hello --data {} -- ann",
        "greet more bye ann --data {}",
    ],
)
def test_a_plugin_brings_commands(bunga: Bunga, server: StandIn, command: str) -> None:
    write_plugin(server.data, GREETS)
    server.answer("GET /api/greet/ann", {"text": "hello"})
    done = bunga(*command.format(server.data.path).split())
    assert (done.returncode, done.stdout.split()) == (0, ["WHAT", "hello"]), done.stderr


def test_a_plugins_own_option_for_data_is_its_own(bunga: Bunga, data: DataFolder) -> None:
    write_plugin(data, GREETS)
    done = bunga("greet", "more", "own", "--data", "mine", BUNGA_DATA=str(data.path))
    assert (done.returncode, done.stderr) == (0, "mine\n")


def test_help_tells_of_a_plugins_command_where_the_data_can_be_named(bunga: Bunga) -> None:
    shown = bunga("alist", "browse", "--help").stdout
    assert "--data" in shown
    assert "FOLDER" in shown


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("raise RuntimeError('no luck')", "RuntimeError: no luck"),
        (RETURNS_FIVE, "bunga_commands returned a value of type int, not Typer."),
    ],
)
def test_a_plugin_with_broken_commands_says_why(
    bunga: Bunga, data: DataFolder, source: str, message: str
) -> None:
    write_plugin(data, source)
    done = bunga("--data", str(data.path), "greet")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_command_that_nobody_brings_is_wrong_usage(bunga: Bunga, data: DataFolder) -> None:
    done = bunga("--data", str(data.path), "nothing")
    assert done.returncode == 2


def test_help_of_a_plugins_commands_looks_like_that_of_ours(
    terminal: Terminal, data: DataFolder
) -> None:
    write_plugin(data, GREETS)
    ours = terminal("plugins", "-h")[1].splitlines()
    group = terminal("--data", str(data.path), "greet", "-h")[1].splitlines()
    below = terminal("--data", str(data.path), "greet", "more", "--help")[1].splitlines()
    for shown in (group, below):
        assert shown[0].startswith("Usage: bunga greet ")
        assert "  -h, --help  Show this message and exit." in shown
        assert {"Options:", "Commands:"} <= {*ours} & {*shown}
