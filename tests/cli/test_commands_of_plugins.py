"""Commands of plugins that are disabled, or that hang."""

import pytest

from bunga_cli.data_folder import DataFolder
from tests.cli.conftest import Bunga

GREETS = """
import time, typer
from bunga_cli.plugin import hookimpl

@hookimpl
def bunga_commands(console):
    app = typer.Typer()

    @app.callback()
    def greet():
        "Greet."

    @app.command()
    def hello():
        console.note("hello")

    return app
"""


def write_plugin(data: DataFolder, source: str) -> None:
    folder = data.path / "plugins"
    folder.mkdir()
    (folder / "greet.py").write_text(source)


DISABLED = "Error: The plugin greet is disabled; switch it on: bunga plugins enable greet\n"


def test_the_commands_of_a_disabled_plugin_do_not_run(bunga: Bunga, data: DataFolder) -> None:
    write_plugin(data, GREETS)
    data.auto_settings.write_text("[plugins.greet]\nenabled = false\n")
    done = bunga("greet", "hello", "--data", str(data.path))
    assert (done.returncode, done.stderr) == (1, DISABLED)
    data.auto_settings.write_text("")
    done = bunga("greet", "hello", "--data", str(data.path))
    assert (done.returncode, done.stderr) == (0, "hello\n")


def test_the_environment_disables_commands_too(bunga: Bunga, data: DataFolder) -> None:
    write_plugin(data, GREETS)
    environ = {"BUNGA_PLUGINS__GREET__ENABLED": "no"}
    done = bunga("--data", str(data.path), "greet", "hello", **environ)
    assert (done.returncode, done.stderr) == (1, DISABLED)


def test_what_is_disabled_here_may_be_used_by_a_server_elsewhere(
    bunga: Bunga, data: DataFolder
) -> None:
    write_plugin(data, GREETS)
    data.auto_settings.write_text("[plugins.greet]\nenabled = false\n")
    environ = {"BUNGA_DATA": str(data.path), "BUNGA_TOKEN": "t"}
    done = bunga("--server", "http://127.0.0.1:9", "greet", "hello", **environ)
    assert (done.returncode, done.stderr) == (0, "hello\n")


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.sleep(1000)",
        GREETS.replace("    app =", "    time.sleep(1000)\n    app ="),
    ],
)
def test_a_plugin_that_hangs_is_not_waited_for(bunga: Bunga, data: DataFolder, source: str) -> None:
    write_plugin(data, source)
    done = bunga("--data", str(data.path), "greet", "hello")
    reason = "The commands of the plugin greet cannot be used. It did not return within 5 s."
    assert (done.returncode, done.stderr) == (1, f"Error: {reason}\n")


GIVES_UP = GREETS.replace('console.note("hello")', 'console.note("half"); raise typer.Abort')


def test_of_a_command_that_is_broken_off_nobody_says_that_nothing_was_changed(
    bunga: Bunga, data: DataFolder
) -> None:
    write_plugin(data, GIVES_UP)
    done = bunga("--data", str(data.path), "greet", "hello")
    told = "half\nIt was broken off. What was done before that stays done.\n"
    assert (done.returncode, done.stderr) == (1, told)
