"""Wrong usage, told in our words: what does not fit, and what would."""

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from bunga_cli.cli import output
from bunga_cli.wording import one_of, words

_NO_CHOICE = re.compile(
    r"(?:Value error, )?'(?P<value>.*)' is not one of (?P<choices>'.*')\.", re.DOTALL
)
_CHOICES = re.compile(r"\. Choose from:\s*", re.DOTALL)
_QUOTES = "', '"


# What typer raises has types that it keeps to itself.
def tell(error: Any) -> None:  # noqa: ANN401
    """Tell a `UsageError` of typer's: the command's usage, and what is wrong."""
    context = error.ctx
    if context is not None:
        for line in context.get_usage().splitlines():
            output.note(line)
        output.note(f"Try '{context.command_path} {context.help_option_names[0]}' for help.")
        output.note("")
    output.error(_sentence(error))


def _sentence(error: Any) -> str:  # noqa: ANN401
    name = str(getattr(error, "option_name", ""))
    if type(error).__name__ == "NoSuchOption" and error.ctx is not None:
        if place := _place(name, error.ctx):
            return place
        close = _close(name, error.possibilities or ())
        return f"No such option: {name}" + (f"; did you mean {close[0]}?" if close else "")
    found: list[dict[str, Any]] = getattr(error.__cause__, "errors", list)()
    if found:
        error.message = _problem(found[0])
    message = _CHOICES.sub(": one of ", error.format_message())
    return " ".join(message.split())


def _close(option: str, possibilities: Iterable[str]) -> list[str]:
    """Return the options that somebody may have meant; the dashes that all have do not count."""
    by_name = {known.lstrip("-"): known for known in possibilities if known != "--token"}
    return [by_name[name] for name in get_close_matches(option.lstrip("-"), by_name)]


def _problem(detail: dict[str, Any]) -> str:
    """Return what is wrong with an option's value, or an argument's."""
    if told := _NO_CHOICE.fullmatch(detail["msg"]):
        return one_of(told["value"], told["choices"][1:-1].split(_QUOTES))
    wrong = words(detail)
    if not wrong.startswith(("must ", "is ", "has ")):
        return f"{wrong}."
    return f"it {wrong}, and {detail['input']!s} is not."


def _place(option: str, context: Any) -> str | None:  # noqa: ANN401
    """Return where an option stands that is known, but not there; None if it is not known."""
    root = context.find_root()
    if context is root:
        if option in _options_below(root.command):
            return f"{option} stands behind the command: bunga COMMAND … {option}"
    elif any(option in one.opts for one in root.command.params):
        command = context.command_path.removeprefix(f"{root.command_path} ")
        return f"{option} stands before the command: bunga {option} … {command}"
    return None


def _options_below(group: Any) -> Iterator[str]:  # noqa: ANN401
    for command in getattr(group, "commands", {}).values():
        for parameter in command.params:
            yield from parameter.opts
        yield from _options_below(command)
