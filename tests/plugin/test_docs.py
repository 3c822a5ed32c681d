"""`docs/plugins.md`: what it tells people to do is done, and what it shows is what they see."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from bunga_cli import plugin
from bunga_cli.client import Client
from bunga_cli.plugin.hooks import NAMES
from tests.end_to_end.kit import FILM
from tests.plugin.environment import Environment, make_environment
from tests.plugin.reference import PAGE, page_with, reference
from tests.servers import Site

_BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Reader:
    """Somebody who does what the page says, in a folder of their own."""

    environment: Environment
    folder: Path
    site: Site

    def do(self, kind: str, block: str) -> None:
        """Follow one block."""
        if kind == "python":
            self._save(block)
        else:
            for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, expected = step.partition("\n")
                self._run(command, expected)

    def _save(self, code: str) -> None:
        """Write a file whose first line is its path."""
        file = self.folder / code.splitlines()[0].removeprefix("# ")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(code, "utf-8")

    def _run(self, command: str, expected: str) -> None:
        """Run a command; `…` stands for anything, and so does showing nothing."""
        if command == "bunga serve":
            self.site.stop()
            self.site.start()
            return
        answer = self.environment.run(command, cwd=self.folder)
        assert answer.returncode == 0, answer.stdout
        assert fnmatchcase(answer.stdout, _pattern(expected)), f"$ {command}\n{answer.stdout}"


def _pattern(expected: str) -> str:
    return re.sub(r"[\[*?]", r"[\g<0>]", expected or "…").replace("…", "*")


@contextmanager
def _reader(folder: Path) -> Iterator[Reader]:
    environment = make_environment(folder / "venv")
    site = Site(folder / "bunga-data", python=environment.python)
    try:
        yield Reader(environment, folder, site)
    finally:
        site.stop()
    assert "Traceback" not in site.log, site.log


async def test_the_tutorial_works_to_its_end(tmp_path: Path) -> None:
    with _reader(tmp_path) as reader:
        for kind, block in _BLOCK.findall(PAGE.read_text("utf-8")):
            reader.do(kind, block)

        register_url = reader.site.register_url("lobby")
        async with (
            Client.register(register_url, username="ann") as ann,
            Client.register(register_url, username="bob") as bob,
        ):
            await ann.join(share=FILM)
            await bob.join()
            await bob.expect("start-projection")
            await bob.seek(1_000_000)
            refusal = await bob.expect("error")
            await ann.seek(2_000_000)
            sought = await bob.expect("seek")

    assert refusal["detail"] == "Patience: nobody skips here."
    assert (sought["sender"]["id"], sought["position"]) == ("ann", 2_000_000)


def test_the_reference_is_that_of_the_code() -> None:
    """`python -m tests.plugin.reference` writes it."""
    assert PAGE.read_text("utf-8") == page_with(reference())


@pytest.mark.parametrize("name", [*NAMES, *plugin.__all__, "PluginHarness"])
def test_the_reference_has_all_that_plugins_may_use(name: str) -> None:
    assert f"#### `{name}`\n" in reference()


def test_the_reference_tells_how_a_plugin_is_tested_and_not_what_the_server_alone_calls() -> None:
    assert "`PluginHarness(plugin: object, *, site: " in reference()
    for name in ("linkers: ", "account: Account | None", "is_admin: bool", "app: ASGIApp"):
        assert f"\n- `{name}" in reference()
    assert "aclose" not in reference()
