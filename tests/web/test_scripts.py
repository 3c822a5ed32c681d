"""The scripts of the pages that touch no page: their own tests, run by Node.js."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = Path("tests/js")
SCRIPTS = Path("bunga_cli/web/static/watch")
CASES = [Path("tests/data/clock"), Path("tests/data/controller")]
FILES = sorted(path.name for path in (ROOT / TESTS).glob("*.test.js"))


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scripts and tests as older versions of Node.js want them: told to be modules."""
    folder = tmp_path_factory.mktemp("scripts")
    for each in (TESTS, SCRIPTS, *CASES):
        shutil.copytree(ROOT / each, folder / each)
    (folder / "package.json").write_text('{"type": "module"}')
    return folder


def test_there_are_tests_of_scripts() -> None:
    assert FILES


@pytest.mark.parametrize("file", FILES)
def test_the_scripts_do_what_their_tests_say(workshop: Path, file: str) -> None:
    node = shutil.which("node")
    if node is None:
        assert not os.environ.get("CI"), "Node.js is needed"
        pytest.skip("Node.js is not installed")
    command = [node, "--test", "--test-reporter=tap", str(workshop / TESTS / file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# fail 0" in done.stdout
    assert "# pass 0" not in done.stdout
