"""Every hook is documented, tested, and used by a plugin that comes with the server."""

import ast
import inspect
import re
from pathlib import Path

import pytest

from bunga_cli.plugin import hookspecs
from bunga_cli.plugin.hooks import NAMES

ROOT = Path(__file__).parents[2]


def _text(folder: str, but: Path | None = None) -> str:
    return "\n".join(p.read_text("utf-8") for p in (ROOT / folder).rglob("*.py") if p != but)


def test_hooks_are_prefixed_typed_and_synchronous() -> None:
    tree = ast.parse(Path(hookspecs.__file__).read_text("utf-8"))
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [f.name for f in functions] == list(NAMES)
    for function in functions:
        assert isinstance(function, ast.FunctionDef)
        assert function.returns is not None
        assert all(argument.annotation is not None for argument in function.args.args)


@pytest.mark.parametrize("name", NAMES)
def test_a_hook_says_what_to_do_and_when_it_is_called(name: str) -> None:
    docs = inspect.getdoc(getattr(hookspecs, name)) or ""
    summary, _, rest = docs.partition("\n\n")
    assert re.fullmatch(r"[A-Z].*\.", summary, re.DOTALL)
    assert rest.startswith("Called ")


@pytest.mark.parametrize("name", NAMES)
def test_a_hook_is_tested(name: str) -> None:
    assert name in _text("tests", but=Path(__file__))


@pytest.mark.parametrize("name", NAMES)
def test_a_hook_is_used_by_a_bundled_plugin_or_the_example(name: str) -> None:
    assert f"def {name}(" in _text("plugins")


def test_plugins_may_import_all_that_hooks_speak_of() -> None:
    from bunga_cli import plugin  # noqa: PLC0415

    for name in NAMES:
        source = inspect.getsource(getattr(hookspecs, name))
        for word in re.findall(r"\b[A-Z][a-zA-Z]+\b", source.partition('"""')[0]):
            assert word in {"Sequence", "None", "True", "APIRouter", "Typer", *plugin.__all__}
