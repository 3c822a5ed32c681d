"""`bunga plugins new`: a project that works, installed beside a real server."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bunga_cli.client import Client
from bunga_cli.errors import Conflict, Invalid
from bunga_cli.plugin import hookspecs
from bunga_cli.plugin.new_project import write_project
from tests.end_to_end.kit import FILM
from tests.plugin.environment import Environment, make_environment
from tests.servers import Site

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "plugins" / "example"

FROM_SHELF = {**FILM, "source": "shelf", "title": "A film", "path": "A film"}
TABLES = """
[plugins.shelf]
only_shelf = true

[plugins.shelf.films]
"A film" = "https://films.test/a.mp4"
"""


def _contents(folder: Path) -> dict[str, bytes]:
    """Return all files but what tools leave behind."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {
        str(path): (folder / path).read_bytes()
        for path in paths
        if not any(part.startswith((".", "__pycache__")) for part in path.parts)
    }


def test_the_example_is_what_new_writes(tmp_path: Path) -> None:
    write_project("example", tmp_path / "example")

    assert _contents(tmp_path / "example") == _contents(EXAMPLE)


def test_the_example_has_every_hook_and_no_private_door() -> None:
    trees = [ast.parse(path.read_text("utf-8")) for path in EXAMPLE.rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    functions = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    imports = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}

    assert {name for name in vars(hookspecs) if name.startswith("bunga_")} - functions == set()
    ours = {name for name in imports if name.startswith("bunga_cli")}
    assert ours == {"bunga_cli.plugin", "bunga_cli.plugin.testing"}


@pytest.mark.parametrize("name", ["", "Shelf", "1st", "my-shelf", "../shelf", "shelf_", "régal"])
def test_a_name_that_python_or_an_index_would_refuse_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid, match="No plugin can be called"):
        write_project(name, tmp_path / "shelf")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["cli", "agora"])
def test_a_name_whose_package_exists_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Conflict, match=f"bunga_{name}"):
        write_project(name, tmp_path / "shelf")


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="is there already"):
        write_project("shelf", tmp_path)

    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A made project, installed."""
    folder = tmp_path_factory.mktemp("beside")
    environment = make_environment(folder / "venv")
    made = environment.run("bunga plugins new shelf --dir my/shelf", cwd=folder)
    assert (made.returncode, "pip install" in made.stdout) == (0, True), made.stdout
    installed = environment.run("pip install './my/shelf[test]'", cwd=folder)
    assert installed.returncode == 0, installed.stdout
    return environment


@pytest.fixture
def shelf(environment: Environment, tmp_path: Path) -> Iterator[Site]:
    """A server in the environment of the made project."""
    config = tmp_path / "bunga.toml"
    config.write_text(TABLES)
    site = Site(tmp_path / "data", python=environment.python)
    site.start("--config", str(config))
    try:
        yield site
    finally:
        site.stop()
    assert "Traceback" not in site.log, site.log


@pytest.mark.parametrize("name", ["agora", "shelf", "rooms"])
def test_a_name_that_a_plugin_or_a_command_has_is_refused(
    environment: Environment, tmp_path: Path, name: str
) -> None:
    refused = environment.run(f"bunga plugins new {name}", cwd=tmp_path)

    reason = f"Error: There is a plugin or a command {name} already; choose another name.\n"
    assert (refused.returncode, refused.stdout) == (1, reason)
    assert list(tmp_path.iterdir()) == []


def test_a_made_projects_own_tests_pass(environment: Environment) -> None:
    tests = environment.run("pytest my/shelf", cwd=environment.folder.parent)

    assert tests.returncode == 0, tests.stdout
    assert " passed" in tests.stdout


def _until_counted(environment: Environment, shelf: Site) -> list[list[str]]:
    """Return what the plugin's own command says; events reach the plugin in a thread."""
    for _ in range(20):
        printed = environment.run(f"bunga --data {shelf.data} shelf shown", cwd=shelf.data)
        assert printed.returncode == 0, printed.stdout
        if len(lines := printed.stdout.splitlines()) > 1:
            break
    return [line.split() for line in lines]


async def test_what_is_installed_acts_in_a_room(environment: Environment, shelf: Site) -> None:
    shelf.bunga("channels", "set", "lobby", "plugins.shelf.note", "Tonight at eight")

    async with Client.register(shelf.register_url("lobby"), username="ann") as ann:
        assert ann.account.registration["shelf"] == {"note": "Tonight at eight"}
        await ann.join(name="Ann", share=FILM)
        refusal = await ann.expect("error")
        await ann.project(FROM_SHELF)
        shown = await ann.expect("start-projection")

    assert refusal["detail"] == "Only films from the shelf are shown here."
    assert shown["video_record"]["title"] == "A film"
    shown_films = _until_counted(environment, shelf)
    assert shown_films == [["TITLE", "TIMES"], ["A", "film", "1"]]
    [health] = json.loads(shelf.bunga("plugins", "check", "shelf", "--json").stdout)
    assert (health["state"], health["text"]) == ("ok", "Films on the shelf: 1.")
