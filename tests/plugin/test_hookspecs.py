"""Every hook is documented, tested, and used by a plugin that comes with the server."""

import ast
import inspect
import re
from pathlib import Path

import pytest

from bunga_cli.plugin import hookspecs
from bunga_cli.plugin.hooks import NAMES

ROOT = Path(__file__).parents[2]


def _trees(folder: str) -> list[ast.Module]:
    return [ast.parse(path.read_text("utf-8")) for path in (ROOT / folder).rglob("*.py")]


def _decorators(node: ast.AST) -> str:
    return " ".join(ast.unparse(each) for each in getattr(node, "decorator_list", ()))


def _is_tested_by(node: ast.AST) -> bool:
    """Tell whether pytest runs this."""
    is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    return is_function and (node.name.startswith("test_") or "fixture" in _decorators(node))


def _implemented_in(node: ast.AST) -> set[str]:
    """Return the hooks that are implemented or called somewhere in a piece of code.

    A method with the mark, `plugin.bunga_start = …`, `plugin.bunga_start()`, `named("bunga_start",
    …)` or `harness.hook("bunga_start")`; a comment or a string elsewhere is none of these.
    """
    found: set[str] = set()
    for each in ast.walk(node):
        if isinstance(each, ast.FunctionDef) and "hookimpl" in _decorators(each):
            found.add(each.name)
        elif isinstance(each, ast.Attribute):
            found.add(each.attr)
        elif isinstance(each, ast.Call) and _called(each) in ("named", "hook"):
            found |= {str(a.value) for a in each.args[:1] if isinstance(a, ast.Constant)}
    return found & {*NAMES}


def _called(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def _tested(trees: list[ast.Module]) -> set[str]:
    """Return the hooks that tests and fixtures have, by themselves or by a class that they name."""
    tests = [node for tree in trees for node in ast.walk(tree) if _is_tested_by(node)]
    named = {
        each.id if isinstance(each, ast.Name) else each.attr
        for test in tests
        for each in ast.walk(test)
        if isinstance(each, ast.Name | ast.Attribute)
    }
    classes = [
        node
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name in named
    ]
    return {name for node in [*tests, *classes] for name in _implemented_in(node)}


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


def test_every_hook_is_tested() -> None:
    assert _tested(_trees("tests")) == {*NAMES}


@pytest.mark.parametrize(
    ("source", "tested"),
    [
        ("# bunga_start", set()),
        ("def test_x():\n    'bunga_start'", set()),
        ("HOOKS = ['bunga_start']\ndef test_x():\n    HOOKS", set()),
        ("class Unused:\n    @hookimpl\n    def bunga_start(self): ...", set()),
        ("class Used:\n    def bunga_start(self): ...\ndef test_x():\n    Used()", set()),
        (
            "class Used:\n    @hookimpl\n    def bunga_start(self): ...\ndef test_x():\n    Used()",
            {"bunga_start"},
        ),
        ("def test_x():\n    zoo.named('bunga_start', hang)", {"bunga_start"}),
        ("@pytest.fixture\ndef x():\n    harness.hook('bunga_stop')", {"bunga_stop"}),
    ],
)
def test_a_hook_that_is_only_spoken_of_is_not_tested(source: str, tested: set[str]) -> None:
    assert _tested([ast.parse(source)]) == tested


def test_every_hook_is_used_by_a_bundled_plugin_or_the_example() -> None:
    used = {
        node.name
        for tree in _trees("plugins")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and "hookimpl" in _decorators(node)
    }
    assert used == {*NAMES}


def test_plugins_may_import_all_that_hooks_speak_of() -> None:
    from bunga_cli import plugin  # noqa: PLC0415

    for name in NAMES:
        source = inspect.getsource(getattr(hookspecs, name))
        for word in re.findall(r"\b[A-Z][a-zA-Z]+\b", source.partition('"""')[0]):
            assert word in {"Sequence", "None", "True", "APIRouter", "Typer", *plugin.__all__}
