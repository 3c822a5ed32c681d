"""The reference in `docs/plugins.md`, made from the source of the plugin API.

`python -m tests.plugin.reference` writes it anew.
"""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from bunga_cli import errors, plugin
from bunga_cli.plugin import (
    bodies,
    commands,
    context,
    hookspecs,
    http,
    pictures,
    providers,
    refusals,
    routes,
    testing,
    texts,
)

PAGE = Path(__file__).parents[2] / "docs" / "plugins.md"
BEGIN, END = "<!-- reference:begin -->", "<!-- reference:end -->"

_CHAPTERS: dict[str, ModuleType] = {
    "Hooks": hookspecs,
    "What plugins provide and get": providers,
    "The context": context,
    "Commands": commands,
    "Routes": routes,
    "Request bodies": bodies,
    "Refusals": refusals,
    "HTTP": http,
    "Pictures": pictures,
    "Texts": texts,
    "Errors": errors,
    "Tests": testing,
}

_MORE = {
    "ActionName",
    "EventKind",
    "HealthState",
    "PluginHarness",
    "RequestOptions",
    "RequestParts",
    "SendOptions",
    "SignInProgress",
}
"""What belongs to the API and is not imported from `bunga_cli.plugin`."""

_MADE_BY_AUTHORS = {"ApiError", "PluginHarness", "SmallPictures"}
_NOT_FOR_AUTHORS = {"aclose"}
"""What the server alone calls."""

Definition = ast.FunctionDef | ast.AsyncFunctionDef


def reference() -> str:
    """Return a chapter for each module of the API."""
    chapters = (f"### {title}\n\n{_chapter(module)}" for title, module in _CHAPTERS.items())
    return "\n".join(chapters)


def page_with(text: str) -> str:
    """Return the page with `text` for its reference."""
    page = PAGE.read_text("utf-8")
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    return f"{before}{BEGIN}\n{text}{END}{after}"


def _chapter(module: ModuleType) -> str:
    body = ast.parse(inspect.getsource(module)).body
    return "".join(
        _entry(node, ast.get_source_segment(inspect.getsource(module), node) or "", following)
        for node, following in zip(body, [*body[1:], None], strict=True)
        if _is_public(node)
    )


def _is_public(node: ast.stmt) -> bool:
    name = _name(node)
    return name in {*plugin.__all__, *_MORE} or name.startswith("bunga_")


def _name(node: ast.stmt) -> str:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name
    return ""


def _entry(node: ast.stmt, source: str, following: ast.stmt | None) -> str:
    if isinstance(node, ast.ClassDef):
        members = "".join(f"- {line}\n" for line in _members(node))
        text = f"{_constructor(node)}{ast.get_docstring(node)}\n\n{members}"
        return f"#### `{node.name}`\n\n{text}" + "\n" * bool(members)
    if isinstance(node, Definition):
        return f"#### `{node.name}`\n\n`{_signature(node)}`\n\n{ast.get_docstring(node)}\n\n"
    documentation = _text(following)
    return f"#### `{_name(node)}`\n\n`{source}`\n\n" + (documentation and f"{documentation}\n\n")


def _constructor(node: ast.ClassDef) -> str:
    """Return how authors make such an object, if they do."""
    if node.name not in _MADE_BY_AUTHORS:
        return ""
    [made] = [n for n in node.body if isinstance(n, Definition) and n.name == "__init__"]
    signature = _signature(made).removeprefix(made.name).removesuffix(" -> None")
    return f"`{node.name}{signature}`\n\n"


def _members(node: ast.ClassDef) -> Iterator[str]:
    for member, following in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(member, ast.AnnAssign) and not ast.unparse(member.target).startswith("_"):
            yield _line(ast.unparse(member), _text(following))
        elif isinstance(member, Definition) and _is_for_authors(member.name):
            yield _line(_signature(member), ast.get_docstring(member) or "")


def _is_for_authors(name: str) -> bool:
    return not name.startswith("_") and name not in _NOT_FOR_AUTHORS


def _line(code: str, documentation: str) -> str:
    text = " ".join(documentation.split())
    return f"`{code}`" + (text and f" — {text}")


def _text(node: ast.stmt | None) -> str:
    """Return the docstring that follows a variable."""
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return inspect.cleandoc(text)
    return ""


def _signature(node: Definition) -> str:
    if any(ast.unparse(decorator) == "property" for decorator in node.decorator_list):
        return f"{node.name}: {ast.unparse(node.returns) if node.returns else ''}"
    arguments = ast.unparse(node.args).removeprefix("self").removeprefix(", ")
    prefix = "async " if isinstance(node, ast.AsyncFunctionDef) else ""
    returns = ast.unparse(node.returns) if node.returns else "None"
    return f"{prefix}{node.name}({arguments}) -> {returns}"


if __name__ == "__main__":
    PAGE.write_text(page_with(reference()), "utf-8")
