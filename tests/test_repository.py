"""The repository itself: what is said in two places is the same in both."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from bunga_cli import __version__
from bunga_cli.cli.root import app
from bunga_cli.plugin.example import example_tables
from bunga_cli.settings.keys import example_toml

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for part in ("bunga_cli", "plugins") for path in (ROOT / part).rglob("*.py"))
LONGEST_FILE = 500
LONGEST_FUNCTION = 40


def _read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def _commands() -> Iterator[str]:
    root = typer.main.get_group(app)
    for name, command in root.commands.items():
        subcommands = getattr(command, "commands", None)
        yield from (f"{name} {sub}" for sub in subcommands) if subcommands else [name]


def test_the_example_settings_are_those_of_the_code() -> None:
    assert _read("bunga.example.toml") == example_toml() + example_tables()


def test_the_changelog_knows_the_version_or_what_comes_next() -> None:
    headings = re.findall(r"^## \[(.+)\]", _read("CHANGELOG.md"), re.MULTILINE)

    assert {"Unreleased", __version__} & set(headings)


def test_constraints_are_exact_versions_and_name_no_index() -> None:
    lines = [line for line in _read("constraints.txt").splitlines() if not line.startswith("#")]

    assert lines
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []


def test_every_dependency_is_constrained() -> None:
    project = tomllib.loads(_read("pyproject.toml"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    names = {_name(requirement) for group in groups for requirement in group} - {"bunga-server"}

    constrained = {_name(line) for line in _read("constraints.txt").splitlines()}
    assert names - constrained == set()


def _name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def test_the_readme_begins_with_how_to_start_and_how_to_test() -> None:
    first_screen = _read("README.md").splitlines()[:30]
    commands = [line for line in first_screen if line.startswith("python3 -m venv .venv && ")]

    assert [command.split("/")[-1] for command in commands] == ["bunga serve", "pytest"]


@pytest.mark.parametrize("command", list(_commands()))
def test_every_command_says_what_it_does_and_takes_the_data_folder(command: str) -> None:
    group = typer.main.get_group(app)
    found = group
    for name in command.split():
        found = found.commands[name]  # type: ignore[assignment]

    assert found.help
    assert "--data" in {option for parameter in found.params for option in parameter.opts}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_are_short(path: Path) -> None:
    source = path.read_text("utf-8")
    functions = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]

    assert len(source.splitlines()) <= LONGEST_FILE
    assert [f.name for f in functions if (f.end_lineno or 0) - f.lineno > LONGEST_FUNCTION] == []


def test_the_ci_script_is_valid_bash() -> None:
    subprocess.run(["bash", "-n", str(ROOT / ".ci" / "run")], check=True)
